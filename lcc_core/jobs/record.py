"""A job as its folder tells it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError
from lcc_core.hooks import Progress
from lcc_core.jobs import process
from lcc_core.reading import parse_own_json
from lcc_core.tasks import Task, task_from
from lcc_core.unreadable import ODD, broken, read_json

FACTS, PROGRESS, RESULT = "job.json", "progress.jsonl", "result.json"
# Marks: empty files whose presence and age say something.
BEGAN, STOP, ORPHANED, NO_ROOM = "began", "stop", "orphaned", "no-room"
QUEUED, RUNNING = "queued", "running"
DONE, FAILED, CANCELLED, INTERRUPTED = "done", "failed", "cancelled", "interrupted"
QUEUE_STAGE = "queue"  # of the reports of a job that waits
# Jobs of versions that stored a command in place of a task: reading tiles hardly computes.
LIGHT_WORDS = ("data",)
TAIL = 1 << 16
_RAISED = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit)\b|lcc: ")
# Ended jobs do not change: read once, for as long as their result file is the same.
_ended: dict[Path, tuple[int, Job]] = {}
# What was read of the growing files: up to which byte, and the reports until there.
_histories: dict[Path, tuple[int, list[Progress]]] = {}


@dataclass(frozen=True)
class Job:
    """One piece of long work as it stands now.

    ``task`` is what it is to do; ``None`` where another version stored what this one has not, and
    ``task_id`` that task's content id. ``words`` are the equal command, for showing.
    ``state`` is queued, running, done, failed, cancelled or interrupted; ``result`` is the
    task's JSON object once it has ended with one; ``error`` says why it ended without.
    Times are seconds since 1970.
    """

    id: str
    title: str
    task: Task | None
    task_id: str
    words: tuple[str, ...]
    heavy: bool
    created: str
    pid: int
    process_started: str
    folder: Path
    state: str
    threads: int = 1
    began: float | None = None
    ended: float | None = None
    stopping_since: float | None = None
    progress: Progress | None = None
    result: dict[str, Any] | None = None
    error: str = ""

    @property
    def live(self) -> bool:
        """It has not ended: it runs, or waits for its turn."""
        return self.state in (QUEUED, RUNNING)

    @property
    def resumable(self) -> bool:
        return not self.live and self.state != DONE and self.task is not None

    @property
    def seconds(self) -> float | None:
        """How long it has run, or ran; ``None`` if its turn never came."""
        if self.began is None:
            return None
        return max(0.0, (self.ended or time.time()) - self.began)

    def history(self) -> list[Progress]:
        """Every report of its work so far, oldest first: for curves."""
        path = self.folder / PROGRESS
        offset, known = _histories.get(path, (0, []))
        with contextlib.suppress(OSError):
            with path.open("rb") as file:
                file.seek(offset)
                whole, end, _ = file.read().rpartition(b"\n")
            lines = whole.decode(errors="replace").splitlines()
            new = [report for report, _ in reports(lines) if report.stage != QUEUE_STAGE]
            known = known + new
            _histories[path] = (offset + len(whole) + len(end), known)
        return known


def read(folder: Path) -> Job:
    """Raises ``LccError`` where the folder holds no readable job."""
    try:
        return look_at(folder)
    except ODD as error:
        raise LccError(*broken(f"The job {folder.name}", error, "Delete its folder.")) from error


def look_at(folder: Path) -> Job:
    """The job, or one of ``ODD`` that says why the folder holds none that can be read."""
    stamp = _stamp(folder / RESULT)
    known = _ended.get(folder)
    if known and known[0] == stamp:
        return known[1]
    found = _read(folder)
    if not found.live:
        _ended[folder] = (_stamp(folder / RESULT), found)
    return found


def forget(folder: Path) -> None:
    """Forget what was read of a job: its folder is gone, or about to be."""
    _ended.pop(folder, None)
    _histories.pop(folder / PROGRESS, None)


def reports(lines: list[str]) -> Iterator[tuple[Progress, float | None]]:
    """The reports among the lines and when they came; cut and foreign lines are passed over."""
    names = set(Progress.__dataclass_fields__)
    for line in lines:
        if line.startswith("{"):
            with contextlib.suppress(*ODD):
                content = parse_own_json(line.encode())
                report = Progress(**{k: v for k, v in content.items() if k in names})
                if not _sound(report):
                    continue
                at = content.get("time")
                yield report, at if isinstance(at, (int, float)) else None


def _sound(report: Any) -> bool:
    return (
        all(isinstance(text, str) for text in (report.stage, report.message))
        and all(isinstance(number, (int, float)) for number in (report.done, report.total))
        and isinstance(report.eta_s, (int, float, type(None)))
        and isinstance(report.figures, (dict, type(None)))
    )


def tail(path: Path) -> list[str]:
    """The last lines of a file that may be long."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read().decode(errors="replace").splitlines()


def _read(folder: Path) -> Job:
    facts = read_json(folder / FACTS)
    texts = (facts["title"], facts["created"], facts["process_started"])
    if not all(isinstance(one, str) for one in texts):
        raise ValueError("a text is missing")
    if not isinstance(facts.get("threads", 1), int):
        raise ValueError("its threads are no number")
    datetime.fromisoformat(facts["created"])
    owner = facts.get("owner")
    if owner is not None:
        owner = [int(owner[0]), str(owner[1])]
    # Liveness first: a process that ends in between has written its result by then.
    live = process.alive(int(facts["pid"]), facts["process_started"])
    began, stop = _mtime(folder / BEGAN), _mtime(folder / STOP)
    result, lines = _result(folder), tail(folder / PROGRESS)
    state, text = QUEUED if began is None else RUNNING, ""
    if not live:
        state, text = _outcome(folder, result, lines, owner)
    return Job(
        **_work(facts),
        title=facts["title"],
        created=facts["created"],
        pid=facts["pid"],
        process_started=facts["process_started"],
        threads=facts.get("threads", 1),
        id=folder.name,
        folder=folder,
        state=state,
        began=began,
        ended=None if live else _ended_at(folder, stop),
        stopping_since=stop,
        progress=_last(lines),
        result=None if live or "error" in (result or {}) else result,
        error=text,
    )


def _work(facts: dict[str, Any]) -> dict[str, Any]:
    """What the job is to do, also where another version has stored it."""
    if "task" not in facts:
        words = facts["argv"]
        if not isinstance(words, list) or not all(isinstance(one, str) for one in words):
            raise ValueError("its command is no list of words")
        words = tuple(words)
        heavy = words[:1] != LIGHT_WORDS
        return {"task": None, "task_id": "", "words": words, "heavy": heavy}
    if not isinstance(facts["task"], str) or not isinstance(facts["settings"], dict):
        raise ValueError("its task is no kind of work with settings")
    try:
        task = task_from(facts)
    except LccError:  # of a version that knows more kinds or settings
        return {"task": None, "task_id": "", "words": tuple(facts["task"].split()), "heavy": True}
    return {
        "task": task, "task_id": str(facts.get("task_id", "")), "words": tuple(task.words()),
        "heavy": task.heavy,
    }  # fmt: skip


def _outcome(
    folder: Path, result: dict[str, Any] | None, lines: list[str], owner: list[Any] | None
) -> tuple[str, str]:
    """How an ended process ended, from what it left."""
    # A search that is stopped returns what it had found by then.
    stopped = result is not None and (result.get("code") == 130 or result.get("stopped"))
    if result is not None and not stopped:
        if "error" not in result:
            return DONE, ""
        return FAILED, f"{result['error']} {result.get('fix', '')}".strip()
    if (folder / STOP).exists():
        return CANCELLED, ""
    if (folder / ORPHANED).exists():
        return INTERRUPTED, "What had started it ended, so it stopped."
    if stopped:  # as a machine does that shuts down
        return INTERRUPTED, "It was told to stop from outside the app."
    words = [line.strip() for line in lines if line.strip() and not line.startswith("{")]
    if words and _RAISED.match(words[-1]):
        return FAILED, f"It ended without a result: {words[-1][:300].rstrip('.')}."
    if (folder / NO_ROOM).exists():
        return FAILED, "The disk was full: it could not even write its result. Free some space."
    if owner and not process.alive(*owner):
        return INTERRUPTED, "It was killed together with what had started it."
    return FAILED, (
        "It ended without a result: the process was killed, perhaps for lack of memory."
        + (f" Its last words: {words[-1][:300]}" if words else "")
    )


def _last(lines: list[str]) -> Progress | None:
    """The newest report of its work; what it wrote while it waited is none."""
    for line in reversed(lines):
        for report, _ in reports([line]):
            if report.stage != QUEUE_STAGE:
                return report
    return None


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        content = read_json(folder / RESULT)
    except ODD:
        return None
    return content if isinstance(content, dict) else None


def _ended_at(folder: Path, stop: float | None) -> float | None:
    times = [stop, *(_mtime(folder / name) for name in (BEGAN, PROGRESS, RESULT, ORPHANED))]
    return max((at for at in times if at is not None), default=None)


def _mtime(path: Path) -> float | None:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return None


def _stamp(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
