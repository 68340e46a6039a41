"""Start, find, cancel, resume and forget jobs."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError
from lcc_core.files import NO_ROOM, Home, NotWritten, write_json
from lcc_core.jobs import inside, process, record
from lcc_core.jobs.queue import all_jobs, locked
from lcc_core.jobs.record import FACTS, PROGRESS, RESULT, STOP, Job, read
from lcc_core.tasks import Task
from lcc_core.unreadable import Found, reason

PACKAGE = Path(__file__).resolve().parents[2]


def start(home: Home, task: Task, title: str = "", threads: int = 1) -> Job:
    """Do a task in the background, at low priority.

    It begins when its turn comes and stops when this process ends.

    Args:
        home: where it is done, and where the job's folder lies.
        task: what to do.
        title: what lists of jobs show; by default the task's own.
        threads: how many it may use.

    Returns:
        The job; one that does the same already and has not ended, in place of another.

    Raises:
        LccError: no process can be started.
    """
    identity = task.id
    with locked(home):  # two clicks make one job
        for known in all_jobs(home):
            if known.live and known.stopping_since is None and known.task_id == identity:
                return known
        return _start(home, task, title or task.title(), threads)


def resume(home: Home, identity: str) -> Job:
    """The same work again, as a new job at the end of the queue; the old record is replaced.

    Training goes on after its last complete epoch, studies take the measurements that are stored.
    Raises ``LccError`` for a job that has not ended, is done, or was stored by another version.
    """
    with locked(home):
        found = job(home, identity)
        if found.live:
            raise LccError(f"{found.title} has not ended.", "Wait, or cancel it first.")
        if found.state == record.DONE:
            raise LccError(f"{found.title} is done.", "Nothing is left to resume.")
        if found.task is None:
            raise LccError(
                f"{found.title} was stored by another version of this program.",
                f"Its command was: {shlex.join(['lcc', *found.words])}",
            )
        task = found.task.resumed()
        again = _start(home, task, found.title, found.threads, _epochs(found))
        _remove(found)
    return again


def jobs(home: Home) -> Found[Job]:
    """All jobs, newest first, and the folders that are no readable job."""
    return all_jobs(home)


def job(home: Home, identity: str) -> Job:
    """One job. Raises ``LccError`` where there is none of that id."""
    folder = home.jobs / Path(identity).name
    if not (folder / FACTS).is_file():
        raise LccError(f"There is no job {identity!r}.", "It may have been cleared.")
    return read(folder)


def job_of(home: Home, task: Task) -> Job | None:
    """The newest job that does, or did, this task; whatever other way it went about it."""
    identity = task.id
    return next((one for one in all_jobs(home) if one.task_id == identity), None)


def result_of(home: Home, task: Task, since: str = "") -> dict[str, Any] | None:
    """What came of the newest job that did this task: its result, or what a stopped one had found.

    Args:
        home: where the job was done.
        task: what was done, whatever other way it went about it.
        since: an ISO time; what was asked for before it worked on something else.

    Returns:
        The result; ``None`` where no job has ended with one, or only one of other engine versions.
    """
    identity = task.id
    for one in all_jobs(home):
        if one.task_id == identity and one.result is not None and _after(one, since):
            return one.result
    return None


def _after(found: Job, since: str) -> bool:
    if not since:
        return True
    # Jobs are dated to the second.
    earliest = datetime.fromisoformat(since).replace(microsecond=0)
    return datetime.fromisoformat(found.created) >= earliest


def cancel(home: Home, identity: str) -> Job:
    """Ask a job to stop between two steps, at once if it waits; ask again later and it is killed.

    Does nothing to a job that has ended.
    """
    found = job(home, identity)
    if not found.live:
        return found
    if found.stopping_since is None:
        try:
            (found.folder / STOP).touch()
        except OSError as error:
            raise NotWritten(f"That {found.title} shall stop", error) from error
        process.signal_group(found.pid, found.process_started, signal.SIGTERM)
    elif overdue(found):
        process.signal_group(found.pid, found.process_started, signal.SIGKILL)
    return job(home, identity)


def overdue(found: Job) -> bool:
    """Whether it should have stopped by now."""
    asked = found.stopping_since
    return found.live and asked is not None and time.time() - asked > inside.STOP_WITHIN_S


def wait(home: Home, identity: str, seconds: float = 60.0) -> Job:
    """The job once it has ended, or as it is after ``seconds``."""
    end = time.monotonic() + seconds
    while (found := job(home, identity)).live and time.monotonic() < end:
        time.sleep(0.05)
    return found


def clear(home: Home, identity: str) -> None:
    """Forget an ended job: its record, not what it made."""
    found = job(home, identity)
    if found.live:
        raise LccError(f"{found.title} has not ended.", "Cancel it first.")
    _remove(found)


def clear_ended(home: Home) -> int:
    """Forget all jobs that have ended. Returns how many."""
    ended = [one for one in jobs(home) if not one.live]
    for one in ended:
        _remove(one)
    return len(ended)


def _start(home: Home, task: Task, title: str, threads: int, before: bytes = b"") -> Job:
    identity = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
    folder = home.jobs / identity
    child = None
    try:
        folder.mkdir()
        (folder / PROGRESS).write_bytes(before)
        child = _spawn(home, folder, threads)
        facts = task.to_json() | {
            "task_id": task.id,
            "title": title,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "pid": child.pid,
            "process_started": process.start_time(child.pid) or "",
            "owner": [os.getpid(), process.start_time(os.getpid()) or ""],
            "threads": threads,
        }
        write_json(folder / FACTS, facts)
    except (OSError, LccError) as error:
        if child is not None:  # nobody would find it
            child.kill()
            child.wait()
        shutil.rmtree(folder, ignore_errors=True)
        cause = error if isinstance(error, OSError) else error.__cause__
        why = reason(cause or error)
        room = isinstance(cause, OSError) and cause.errno in NO_ROOM
        raise LccError(
            f"The work could not be started: {why}.",
            "Free some disk space." if room else "Close other programs and try again.",
        ) from error
    process.adopt(child)
    return job(home, identity)


def _spawn(home: Home, folder: Path, threads: int) -> subprocess.Popen[bytes]:
    words = ["run", str(folder), "--json", "--home", str(home.root)]
    command = [sys.executable, "-m", "lcc_core.cli", *words]
    if nice := shutil.which("nice"):
        command = [nice, "-n", str(inside.NICE), *command]
    paths = [str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")} | {
        "PYTHONPATH": os.pathsep.join(paths),
        inside.FOLDER_VARIABLE: str(folder),
        inside.OWNER_VARIABLE: str(os.getpid()),
    }
    with (folder / RESULT).open("wb") as out, (folder / PROGRESS).open("ab") as reports:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=reports,
            env=process.PATIENT | os.environ | settings,
            start_new_session=True,
        )


def _epochs(found: Job) -> bytes:
    """The reports of its epochs, so that the curve of the resumed training is whole."""
    lines = (found.folder / PROGRESS).read_text(errors="replace").splitlines()
    return "".join(
        f"{line}\n"
        for line in lines
        if any("epoch" in (report.figures or {}) for report, _ in record.reports([line]))
    ).encode()


def _remove(found: Job) -> None:
    record.forget(found.folder)
    shutil.rmtree(found.folder, ignore_errors=True)
