"""What processes that died have left in a home: found, counted, and swept by whoever comes next.

Nothing that a living process is at is touched, nor what its owner goes on with: the state of a
training after an epoch, a download up to where it broke off.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from lcc_core import temporary
from lcc_core.data.stored import FACTS
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.jobs import inside
from lcc_core.studies import leases
from lcc_core.temporary import PART, RETIRED, Leftover, tree_bytes
from lcc_core.unreadable import listed

FLAT = (
    "tiles", "results", "searches", "predictions", "coresets", "steps", "claims", "maps",
    "downloads",
)  # fmt: skip
DEEP = ("tiles", "checkpoints", "studies", "jobs")
ERRORS = "errors"  # of a study
OLD_S = 86_400.0  # imports from before there were locks are dead after a day


def leftovers(home: Home) -> list[Leftover]:
    """What the next sweep will delete."""
    found = temporary.leftovers(_folders(home))
    found += [Leftover(path, tree_bytes(path)) for path in _old_imports(home)]
    return found + [Leftover(path, tree_bytes(path)) for path in leases.left_behind(home)]


def sweep(home: Home) -> None:
    """Delete what dead processes left; what another user left may have to stay."""
    temporary.sweep(_folders(home))
    for path in _old_imports(home):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError, LccError):  # another user's
        leases.sweep(home)
        inside.sweep(home)


def _folders(home: Home) -> Iterator[Path]:
    yield home.root
    for kind in FLAT:
        yield home.root / kind
    for kind in DEEP:
        for path in listed(home.root / kind):
            yield path
            if kind == "studies":
                yield path / ERRORS


def _old_imports(home: Home) -> list[Path]:
    """Hidden folders of imports by a version that had no locks."""
    found = []
    with contextlib.suppress(OSError):
        for path in home.tiles.iterdir():
            hidden = path.name.startswith(".") and not path.name.endswith((PART, RETIRED))
            if hidden and path.is_dir() and not (path / FACTS).exists() and _untouched(path):
                found.append(path)
    return found


def _untouched(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > OLD_S
