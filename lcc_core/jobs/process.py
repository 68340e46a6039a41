"""Processes told apart by number and start time, since numbers are used again."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

WATCH_S = 1.0
# Threads that spin while they wait take the time of whatever runs beside them.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
# Children of this process, so that ended ones can be reaped.
_children: dict[int, subprocess.Popen[bytes]] = {}


def adopt(child: subprocess.Popen[bytes]) -> None:
    """Have ``alive`` reap this child once it has ended."""
    _children[child.pid] = child


def alive(pid: int, started: str) -> bool:
    """Whether that very process runs; another one that got its number since does not count."""
    if child := _children.get(pid):
        if child.poll() is None:
            return True
        _children.pop(pid, None)
        return False
    return bool(started) and start_time(pid) == started


def start_time(pid: int) -> str | None:
    """When the process started, as its system tells it; ``None`` if it has ended."""
    if Path("/proc/self/stat").exists():
        with contextlib.suppress(OSError):
            # After the command's closing bracket: state, …, start time (the 22nd field).
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
        return None
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    with contextlib.suppress(OSError):
        words = subprocess.run(command, capture_output=True, text=True).stdout.split()
        return " ".join(words[1:]) if words and not words[0].startswith("Z") else None
    return None


@functools.cache
def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    return ""


def yield_to_others(nice: int) -> None:
    """Low priority for this process's session, where the system weighs sessions against each other.

    There a nice value alone ranks a process only within its own session.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(nice))


def signal_group(pid: int, started: str, number: int) -> None:
    """To the process and all it started; it must be the leader of its session."""
    if alive(pid, started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def watch_parent(parent: int, gone: Callable[[], None]) -> None:
    """Call ``gone`` once, in a thread, after the process ``parent`` that started this one ended.

    A process whose parent ends, however it ends, gets another one at once: that is seen without
    asking for the parent's number, which may have been given away by then.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        gone()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
