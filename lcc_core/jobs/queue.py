"""Who goes first, and one at a time to decide it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Generator
from pathlib import Path

from lcc_core.files import Home, NotWritten, make_folder
from lcc_core.jobs.record import FACTS, Job, look_at
from lcc_core.unreadable import ODD, Found, Unreadable, listed

LOCK = "queue.lock"


@contextlib.contextmanager
def locked(home: Home, blocking: bool = True) -> Generator[bool]:
    """Nobody else starts a job or takes a turn meanwhile. Yields whether the lock was had.

    Raises ``LccError`` where the home cannot be written to.
    """
    try:
        make_folder(home.jobs)
        opened = (home.jobs / LOCK).open("a")
    except OSError as error:
        raise NotWritten("The queue of jobs", error) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True  # closing the file gives the lock back


def all_jobs(home: Home) -> Found[Job]:
    """All jobs, newest first, and the folders that are no readable job."""
    folders = listed(home.jobs)
    found, bad = [], list(folders.unreadable)
    for path in folders:
        try:
            if path.is_dir():
                found.append(look_at(path))
        except FileNotFoundError:  # being started, or cleared
            continue
        except ODD as error:
            bad.append(Unreadable.of(path / FACTS, error))
    return Found(sorted(found, key=lambda one: one.id, reverse=True), bad)


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
