"""What the job's own process does before and beside its work: wait its turn, watch its owner."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
import time
from pathlib import Path

from lcc_core.errors import Cancelled
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.jobs.process import watch_parent, yield_to_others
from lcc_core.jobs.queue import ahead, locked
from lcc_core.jobs.record import BEGAN, FACTS, NO_ROOM, ORPHANED, QUEUE_STAGE, STOP, read
from lcc_core.unreadable import listed

# Set for a job: its folder, and the process that started it.
FOLDER_VARIABLE, OWNER_VARIABLE = "LCC_JOB", "LCC_JOB_OWNER"
NICE = int(os.environ.get("LCC_NICE", "10"))  # how far jobs stand back for other programs
POLL_S = 0.3
_job: list[Path] = []  # the folder of the job that this process is
STOP_WITHIN_S, INTERRUPT_WITHIN_S = 20.0, 10.0


def enter(home: Home, hooks: Hooks) -> None:
    """In a job: return once its turn has come. Elsewhere: return at once.

    From then on the process is told to stop when its owner is gone. Raises ``Cancelled`` when
    that, or a cancel, happens while it waits.
    """
    folder = os.environ.pop(FOLDER_VARIABLE, "")
    owner = int(os.environ.pop(OWNER_VARIABLE, "0"))
    if not folder:
        return
    place = Path(folder)
    _job.append(place)
    yield_to_others(NICE)
    watch_parent(owner, lambda: _stop(place))
    reported = 0
    while True:
        with locked(home, blocking=False) as had:
            # Who starts a job holds the lock until its facts are written.
            if had and not _may_go_on(place, owner):
                raise Cancelled()
            waits_for = _ahead(home, place) if had else None
            if waits_for == 0:
                (place / BEGAN).touch()
                return
        if waits_for and waits_for != reported:
            reported = waits_for
            text = "one job goes first" if waits_for == 1 else f"{waits_for} jobs go first"
            hooks.progress(Progress(QUEUE_STAGE, 0, waits_for, text, lasting=True))
        time.sleep(POLL_S)


def folder() -> Path | None:
    """The folder of the job that this process is; elsewhere ``None``."""
    return _job[0] if _job else None


def no_room() -> None:
    """In a job: leave word that the disk is too full for a result; an empty file has room."""
    if place := folder():
        with contextlib.suppress(OSError):
            (place / NO_ROOM).touch()


def sweep(home: Home) -> int:
    """Delete the folders of jobs whose owner died before they had facts; returns how many."""
    if not home.jobs.is_dir():
        return 0
    gone = 0
    with locked(home, blocking=False) as had:
        # Who starts a job holds the lock until its facts are written.
        for folder in listed(home.jobs) if had else ():
            if folder.is_dir() and not (folder / FACTS).exists():
                shutil.rmtree(folder, ignore_errors=True)
                gone += not folder.exists()
    return gone


def _ahead(home: Home, folder: Path) -> int:
    return len(ahead(home, folder)) if read(folder).heavy else 0


def _may_go_on(folder: Path, owner: int) -> bool:
    if os.getppid() != owner:
        (folder / ORPHANED).touch()
        if not (folder / FACTS).exists():  # its owner died while it started it
            shutil.rmtree(folder, ignore_errors=True)
        return False
    return not (folder / STOP).exists()


def _stop(folder: Path) -> None:
    """As a cancel does: first between two steps, then anywhere, then for good."""
    if not folder.is_dir():
        return
    (folder / ORPHANED).touch()
    main = threading.main_thread().ident or 0
    for patience in (STOP_WITHIN_S, INTERRUPT_WITHIN_S):
        signal.pthread_kill(main, signal.SIGTERM)
        time.sleep(patience)
    os.killpg(os.getpgid(0), signal.SIGKILL)
