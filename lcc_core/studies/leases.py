"""Who does which step: so that runners on one home share work and never do it twice.

A lease is a file that names the process. It counts while that process lives and says so from time
to time; a lease that its owner left behind is taken over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from lcc_core.files import Home, NotWritten, make_folder, write_json
from lcc_core.jobs.process import alive, start_time
from lcc_core.unreadable import ODD, listed, read_json

BEAT_S, STALE_S = 2.0, 30.0


class Leases:
    """The leases of one runner, kept alive by a thread until it is closed."""

    def __init__(self, home: Home) -> None:
        self.folder = home.folder("claims")
        try:
            make_folder(self.folder)
        except OSError as error:
            raise NotWritten(str(self.folder), error) from error
        self.mine: set[str] = set()
        pid = os.getpid()
        self.owner = {
            "pid": pid,
            "started": start_time(pid) or "",
            "host": socket.gethostname(),
            # Two runners in one process are two owners.
            "runner": f"{pid}-{id(self)}-{time.time_ns()}",
        }
        self._closed = threading.Event()
        self._beat = threading.Thread(target=self._beats, name="claims", daemon=True)
        self._beat.start()

    def take(self, step: str) -> bool:
        """Whether the step is this runner's now."""
        path = self.folder / f"{step}.json"
        with self._locked():
            if owner := read_owner(path):
                return owner["runner"] == self.owner["runner"]
            write_json(path, self.owner)
        self.mine.add(step)
        return True

    def release(self, step: str) -> None:
        """Give a step back."""
        if step in self.mine:
            self.mine.discard(step)
            (self.folder / f"{step}.json").unlink(missing_ok=True)

    def close(self) -> None:
        """Give all steps back."""
        self._closed.set()
        for step in list(self.mine):
            with contextlib.suppress(OSError):
                self.release(step)

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        return _locked(self.folder)

    def _beats(self) -> None:
        while not self._closed.wait(BEAT_S):
            for step in list(self.mine):
                with contextlib.suppress(OSError):
                    os.utime(self.folder / f"{step}.json")


@contextlib.contextmanager
def _locked(folder: Path) -> Generator[None]:
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file gives the lock back


def left_behind(home: Home) -> list[Path]:
    """Leases nobody stands behind any more, and progress of steps that nobody does."""
    folder = home.folder("claims")
    found = [path for path in listed(folder, "*.json") if not read_owner(path)]
    dead = {path.stem for path in found}
    held = {path.stem for path in listed(folder, "*.json")} - dead
    return found + [path for path in listed(folder, "*.progress") if path.stem not in held]


def sweep(home: Home) -> int:
    """Delete what runners that died have left; returns how many files."""
    folder = home.folder("claims")
    if not left_behind(home):
        return 0
    gone = 0
    with _locked(folder):  # nobody takes one meanwhile
        for path in left_behind(home):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def read_owner(path: Path) -> dict[str, Any] | None:
    """Whose lease the file is, or ``None`` where nobody stands behind it any more."""
    try:
        age = time.time() - path.stat().st_mtime
        owner = read_json(path)
        here = owner["host"] == socket.gethostname()
        if here:
            return owner if alive(int(owner["pid"]), owner["started"]) else None
        return owner if age < STALE_S else None
    except ODD:
        return None


def leased(home: Home, steps: set[str]) -> set[str]:
    """Those of the steps that somebody is doing."""
    folder = home.folder("claims")
    named = {path.stem for path in folder.glob("*.json")} & steps
    return {step for step in named if read_owner(folder / f"{step}.json")}
