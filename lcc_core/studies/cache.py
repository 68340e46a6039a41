"""What was computed and could be computed again: how much room it takes, and how much it may."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcc_core.checkpoints.store import FACTS, list_checkpoints
from lcc_core.coresets.coreset import list_coresets
from lcc_core.data.stored import stored
from lcc_core.errors import require
from lcc_core.files import Home, write_json
from lcc_core.jobs import jobs
from lcc_core.results.table import own_rows
from lcc_core.studies import records
from lcc_core.studies.folder import studies
from lcc_core.studies.leases import read_owner
from lcc_core.studies.leftovers import leftovers
from lcc_core.temporary import tree_bytes
from lcc_core.unreadable import ODD, Unreadable, listed, read_json

LIMIT = "cache.json"
# Tiles are the user's own and count for nothing here.
KINDS = ("checkpoints", "results", "searches", "predictions", "coresets", "steps", "studies")
IN_USE_S = 120.0  # whoever used it so lately may still be at it


@dataclass(frozen=True)
class Entry:
    """A file or a folder that may go, with everything in it. ``used``: seconds since 1970."""

    path: Path
    kind: str
    bytes: int
    used: float


@dataclass(frozen=True)
class Info:
    """Bytes by kind; ``free_able``: of those that may go. ``limit`` 0: none is set.

    ``left``: what processes that died have left, and the next command sweeps.
    """

    bytes: dict[str, int]
    free_able: int
    entries: int
    limit: int
    left: int = 0
    left_bytes: int = 0
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.bytes.values())


@dataclass(frozen=True)
class Freed:
    entries: int
    bytes: int


def limit(home: Home) -> int:
    """In bytes; 0 where none is set."""
    with contextlib.suppress(*ODD):
        return int(read_json(home.root / LIMIT)["limit"])
    return 0


def set_limit(home: Home, size: int) -> None:
    require(size >= 0, "limit", size, "0 (none) or more bytes")
    write_json(home.root / LIMIT, {"limit": size})


def info(home: Home) -> Info:
    sizes = _sizes(home)
    free, left = entries(home), leftovers(home)
    return Info(
        sizes,
        sum(one.bytes for one in free),
        len(free),
        limit(home),
        len(left),
        sum(one.bytes for one in left),
        unreadable(home),
    )


def _sizes(home: Home) -> dict[str, int]:
    return {kind: tree_bytes(home.root / kind) for kind in KINDS}


def unreadable(home: Home) -> tuple[Unreadable, ...]:
    """What is stored and cannot be read, of every kind."""
    kinds = (
        stored(home), list_checkpoints(home), list_coresets(home), studies(home), own_rows(home),
        jobs(home),
    )  # fmt: skip
    steps = (path.stem for path in listed(home.folder("steps"), "*.json"))
    bad = [one for step in steps if (one := records.unreadable(home, step))]
    return (*(one for kind in kinds for one in kind.unreadable), *bad)


def entries(home: Home) -> list[Entry]:
    """What may go, least recently used first: nothing that a stored result needs."""
    needed = needed_checkpoints(home)
    mine = _made_by_studies(home)
    found = []
    for kind in ("searches", "predictions"):
        found += [_entry(path, kind) for path in listed(home.root / kind)]
    for path in listed(home.checkpoints):
        # One that was trained on its own account is the user's, measured or not.
        half = not _there(path / FACTS)
        if path.is_dir() and path.name not in needed and (half or path.name in mine):
            found.append(_entry(path, "checkpoints"))
    return sorted(found, key=lambda one: one.used)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # it is not ours to look at, so it is not ours to free
        return True


def needed_checkpoints(home: Home) -> set[str]:
    """Ids of those that were measured, and of all that they came from."""
    needed = {row.measurement.checkpoint for row in own_rows(home)}
    known = {one.id: one for one in list_checkpoints(home)}
    wanted = list(needed)
    while wanted:
        one = known.get(wanted.pop())
        if one is None:
            continue
        before = set(_named(one.recipe)) | set(_named(one.split)) | set(_named(one.made))
        wanted += sorted(before - needed)
        needed |= before
    return needed


def _named(content: Any) -> Iterator[str]:
    """Texts that may be ids, wherever they stand: start, teacher, source of the coreset."""
    if isinstance(content, dict):
        for value in content.values():
            yield from _named(value)
    elif isinstance(content, str):
        yield content


def trim(home: Home, most: int | None = None) -> Freed:
    """Let go what was not used for longest until ``most`` bytes (default: the limit) are kept.

    While anything is being computed no checkpoint goes, and nothing that was used lately.
    """
    most = limit(home) if most is None else most
    if not most:
        return Freed(0, 0)
    return _free(home, sum(_sizes(home).values()) - most)


def clear(home: Home) -> Freed:
    """Let go all that may go."""
    return _free(home, None)


def _free(home: Home, excess: int | None) -> Freed:
    count = freed = 0
    if excess is not None and excess <= 0:
        return Freed(0, 0)
    busy = _busy(home)
    for one in entries(home):
        if excess is not None and freed >= excess:
            break
        lately = time.time() - one.used < IN_USE_S
        if busy and (lately or one.kind == "checkpoints"):
            continue
        if one.path.is_dir():
            # Without its facts it is no checkpoint any more, however far this comes.
            (one.path / FACTS).unlink(missing_ok=True)
            shutil.rmtree(one.path, ignore_errors=True)
        else:
            one.path.unlink(missing_ok=True)
        count, freed = count + 1, freed + one.bytes
    return Freed(count, freed)


def _busy(home: Home) -> bool:
    """Whether some other work goes on: a step that is leased, or a job."""
    leases = listed(home.folder("claims"), "*.json")
    return any(read_owner(path) for path in leases) or any(
        job.live and job.heavy and job.pid != os.getpid() for job in jobs(home)
    )


def _made_by_studies(home: Home) -> set[str]:
    found = set()
    for path in listed(home.folder("steps"), "*.json"):
        with contextlib.suppress(*ODD):
            record = records.read(path)
            if record.kind in ("train", "narrow") and not record.found:
                found.add(record.value)
    return found


def _entry(path: Path, kind: str) -> Entry:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    used = 0.0
    for one in files:
        with contextlib.suppress(OSError):
            facts = one.stat()
            used = max(used, facts.st_mtime, facts.st_atime)
    return Entry(path, kind, tree_bytes(path), used)
