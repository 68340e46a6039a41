"""Long work in its own process: started, watched, cancelled, and found again after a restart.

A job is one ``lcc`` command in a session of its own. It writes its progress and its result to
its folder itself, so it needs nobody to watch it: an app that is closed or killed leaves it
running, and the next one finds it by its folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError
from lcc_core.files import Home, write_json
from lcc_core.progress import Progress

FACTS, PROGRESS, RESULT, STOP = "job.json", "progress.jsonl", "result.json", "stop"
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
NICE, TAIL = 10, 1 << 16
STOP_WITHIN_S = 20.0
# Children of this process, so that ended ones can be reaped.
_children: dict[int, subprocess.Popen] = {}
_starting = threading.Lock()


@dataclass(frozen=True)
class Job:
    """One piece of long work as it stands now.

    ``state`` is running, done, failed or cancelled; ``result`` is the command's JSON object once
    it is done; ``error`` says what went wrong and what to do, once it failed.
    """

    id: str
    title: str
    argv: tuple[str, ...]
    created: str
    pid: int
    process_started: str
    folder: Path
    state: str
    progress: Progress | None = None
    result: dict[str, Any] | None = None
    error: str = ""

    @property
    def running(self) -> bool:
        return self.state == RUNNING

    def history(self) -> list[Progress]:
        """Every report so far, oldest first: for curves."""
        with contextlib.suppress(OSError):
            return _reports((self.folder / PROGRESS).read_text(errors="replace"))
        return []


def start(home: Home, argv: list[str], title: str = "", threads: int = 1) -> Job:
    """Run ``lcc ARGV`` in the background, at low priority, with ``threads`` threads.

    A job with the same words that is running already is returned instead. Raises ``LccError``
    when no process can be started.
    """
    with _starting:  # two clicks make one job
        for known in jobs(home):
            if known.running and list(known.argv) == list(argv):
                return known
        return _start(home, list(argv), title, threads)


def _start(home: Home, argv: list[str], title: str, threads: int) -> Job:
    identity = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
    folder = home.jobs / identity
    folder.mkdir()
    command = [sys.executable, "-m", "lcc_core.cli", *argv, "--json", "--home", str(home.root)]
    if nice := shutil.which("nice"):
        command = [nice, "-n", str(NICE), *command]
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    one = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    try:
        with (folder / RESULT).open("wb") as out, (folder / PROGRESS).open("wb") as reports:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=reports,
                env=os.environ | one | {"PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,
            )
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise LccError(
            f"The work could not be started: {error.strerror or error}.",
            "Close other programs and try again.",
        ) from error
    _children[process.pid] = process
    facts = {
        "title": title or " ".join(argv),
        "argv": argv,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "pid": process.pid,
        "process_started": _process_started(process.pid) or "",
    }
    write_json(folder / FACTS, facts)
    return job(home, identity)


def jobs(home: Home) -> list[Job]:
    """All jobs, newest first; folders that are no readable job are left out."""
    found = []
    for path in home.jobs.glob(f"*/{FACTS}"):
        with contextlib.suppress(LccError):
            found.append(_read(path.parent))
    return sorted(found, key=lambda one: one.id, reverse=True)


def job(home: Home, identity: str) -> Job:
    """One job. Raises ``LccError`` where there is none of that id."""
    folder = home.jobs / Path(identity).name
    if not (folder / FACTS).is_file():
        raise LccError(f"There is no job {identity!r}.", "It may have been cleared.")
    return _read(folder)


def cancel(home: Home, identity: str) -> Job:
    """Ask a job to stop between two steps; ask again later and it is killed.

    Does nothing to a job that has ended.
    """
    found = job(home, identity)
    if not found.running:
        return found
    mark = found.folder / STOP
    asked = mark.stat().st_mtime if mark.exists() else None
    if asked is None:
        mark.touch()
    overdue = asked is not None and time.time() - asked > STOP_WITHIN_S
    _signal(found, signal.SIGKILL if overdue else signal.SIGTERM if asked is None else 0)
    return job(home, identity)


def wait(home: Home, identity: str, seconds: float = 60.0) -> Job:
    """The job once it has ended, or as it is after ``seconds``."""
    end = time.monotonic() + seconds
    while (found := job(home, identity)).running and time.monotonic() < end:
        time.sleep(0.05)
    return found


def clear(home: Home, identity: str) -> None:
    """Forget an ended job: its record, not what it made."""
    found = job(home, identity)
    if found.running:
        raise LccError(f"{found.title} is still running.", "Cancel it first.")
    shutil.rmtree(found.folder, ignore_errors=True)


def _read(folder: Path) -> Job:
    try:
        facts = json.loads((folder / FACTS).read_text())
        facts["argv"] = tuple(facts["argv"])
        # Liveness first: a process that ends in between has written its result by then.
        alive = _alive(int(facts["pid"]), facts["process_started"])
        result = _result(folder)
        tail = _tail(folder / PROGRESS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LccError(f"{folder.name} is not a readable job.", "Delete its folder.") from error
    state, text = RUNNING, ""
    if not alive:
        state, text = _outcome(folder, result, tail)
    reports = _reports(tail)
    return Job(
        **facts,
        id=folder.name,
        folder=folder,
        state=state,
        progress=reports[-1] if reports else None,
        result=result if state == DONE else None,
        error=text,
    )


def _outcome(folder: Path, result: dict[str, Any] | None, tail: str) -> tuple[str, str]:
    """How an ended process ended, from what it left."""
    if result is not None and "error" not in result:
        return DONE, ""
    if (result or {}).get("code") == 130 or (result is None and (folder / STOP).exists()):
        return CANCELLED, ""
    if result is not None:
        return FAILED, f"{result['error']} {result.get('fix', '')}".strip()
    words = [line for line in tail.splitlines() if line.strip() and not line.startswith("{")]
    last = words[-1].strip() if words else "the process was killed, perhaps for lack of memory"
    return FAILED, f"It ended without a result: {last[:300]}."


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((folder / RESULT).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read().decode(errors="replace")


def _reports(text: str) -> list[Progress]:
    """The progress reports among the lines; cut and foreign lines are passed over."""
    names = set(Progress.__dataclass_fields__)
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError, TypeError):
                content = json.loads(line)
                found.append(Progress(**{k: v for k, v in content.items() if k in names}))
    return found


def _signal(found: Job, number: int) -> None:
    """To the job's whole process group; a job is the leader of its session."""
    if _alive(found.pid, found.process_started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(found.pid, number)


def _alive(pid: int, process_started: str) -> bool:
    """Whether that very process runs; another one that got its number since does not count."""
    if child := _children.get(pid):
        if child.poll() is None:
            return True
        _children.pop(pid, None)
        return False
    return bool(process_started) and _process_started(pid) == process_started


def _process_started(pid: int) -> str | None:
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


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    return ""
