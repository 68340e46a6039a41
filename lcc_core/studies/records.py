"""What steps have left: a record each, found by content and checked before it is believed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lcc_core.files import Home, file_sum, write_json
from lcc_core.results.table import read_row
from lcc_core.studies.graph import MEASURE
from lcc_core.unreadable import ODD, Unreadable, listed, read_json

CLOCK_S = 0.05  # by so much a file's time may lie before the clock's


@dataclass(frozen=True)
class Record:
    """``value``: what the steps after it need to know. ``sums``: file in the home → sha256.

    ``found``: its files were there before, so they may be the user's own, and ``seconds`` tells
    nothing of the work.
    """

    kind: str
    value: str
    sums: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    about: dict[str, Any] = field(default_factory=dict)
    found: bool = False

    def to_json(self) -> dict[str, Any]:
        """As files keep it."""
        return dict(vars(self))


def save(home: Home, step: str, record: Record) -> None:
    """Store the record of a step."""
    write_json(_path(home, step), record.to_json())


def look(home: Home, step: str) -> Record | None:
    """The record as far as its files are there; they are not opened."""
    try:
        found = read(_path(home, step))
        there = all((home.root / name).is_file() for name in found.sums)
        return found if there else None
    except ODD:
        return None


def read(path: Path) -> Record:
    """Raises one of ``ODD`` where the file holds none."""
    found = Record(**read_json(path))
    facts = vars(found)  # a file may hold anything
    texts = (facts["kind"], facts["value"], *facts["sums"], *facts["sums"].values())
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("a text is missing")
    if not isinstance(facts["seconds"], (int, float)) or not isinstance(facts["about"], dict):
        raise ValueError("its seconds are no number")
    return found


def unreadable(home: Home, step: str) -> Unreadable | None:
    """Why the record of a step cannot be read; ``None`` where it can, or there is none."""
    path = _path(home, step)
    try:
        read(path)
    except FileNotFoundError:
        return None
    except ODD as error:
        return Unreadable.of(path, error)
    return None


def check(home: Home, step: str) -> Record | None:
    """The record if its files are what they were; else all of it is dropped, to be made again."""
    found = look(home, step)
    if found and found.kind == MEASURE:
        # Rows carry their own sum: another command may have measured the same again.
        whole = all(read_row(home.root / name) for name in found.sums)
    else:
        whole = found is not None and all(
            file_sum(home.root / name) == known for name, known in found.sums.items()
        )
    if whole:
        return found
    drop(home, step)
    return None


def drop(home: Home, step: str) -> None:
    """Forget a step and what it left."""
    path = _path(home, step)
    with contextlib.suppress(*ODD):
        for name in read(path).sums:
            (home.root / name).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def make_record(
    home: Home, kind: str, value: str, files: Iterable[Path], began: float, **about: Any
) -> Record:
    """Of a step that began then (seconds since 1970) and has just left these files, or met them."""
    files = sorted(files)
    seconds = max(0.0, time.time() - began)
    found = all(path.stat().st_mtime < began - CLOCK_S for path in files)
    sums = {
        str(path.relative_to(home.root)): "" if kind == MEASURE else file_sum(path)
        for path in files
    }
    return Record(kind, value, sums, round(seconds, 3), about, found)


def all_records(home: Home) -> list[Record]:
    """Read the records of all steps whose files are there."""
    found = (look(home, path.stem) for path in listed(home.folder("steps"), "*.json"))
    return [one for one in found if one]


def _path(home: Home, step: str) -> Path:
    return home.folder("steps") / f"{step}.json"
