"""Who goes first, and one at a time to decide it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.jobs.record import FACTS, Job, read

LOCK = "queue.lock"


@contextlib.contextmanager
def locked(home: Home, blocking: bool = True) -> Iterator[bool]:
    """Nobody else starts a job or takes a turn meanwhile. Yields whether the lock was had."""
    with (home.jobs / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True  # closing the file gives the lock back


def all_jobs(home: Home) -> list[Job]:
    """All jobs, newest first; folders that are no readable job are left out."""
    found = []
    for path in home.jobs.glob(f"*/{FACTS}"):
        with contextlib.suppress(LccError):
            found.append(read(path.parent))
    return sorted(found, key=lambda one: one.id, reverse=True)


def ahead(home: Home, folder: Path) -> list[Job]:
    """The jobs that the one in this folder has to wait for: first come, first served."""
    return [
        one
        for one in all_jobs(home)
        if one.live
        and one.heavy
        and one.id != folder.name
        # One that began goes on, even if the clock was set back since.
        and (one.began is not None or one.id < folder.name)
    ]
