"""What a job said, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lcc_core.jobs.record import PROGRESS, Job, reports, tail

LINES = 40
# "epoch 3 of 12, loss 0.213": of what is said of one epoch the last is told.
_UNTIL = (",", ":")


@dataclass(frozen=True)
class Said:
    """One line; ``time`` (seconds since 1970) and ``share`` are not known for foreign lines."""

    text: str
    time: float | None = None
    share: float | None = None

    def __str__(self) -> str:
        at = f"{datetime.fromtimestamp(self.time):%H:%M:%S}" if self.time else " " * 8
        share = "" if self.share is None else f"{100 * self.share:3.0f} %  "
        return f"{at}  {share}{self.text}"


def log(job: Job, lines: int = LINES) -> list[Said]:
    """The last lines of progress and of whatever else was written, oldest first."""
    said: list[Said] = []
    step: tuple[str, str] | None = None  # of the last line, unless it lasts
    try:
        written = tail(job.folder / PROGRESS)
    except OSError:  # cleared meanwhile
        return []
    for line in written:
        found = next(reports([line]), None)
        if found is None:
            if line.strip() and not line.startswith("{"):
                said.append(Said(line.rstrip()))
                step = None
            continue
        report, at = found
        share = min(1.0, report.done / report.total) if report.total > 0 else None
        now = Said(f"{report.stage}: {report.message}".rstrip(": "), at, share)
        this = (report.stage, _step(report.message))
        if this == step:
            said[-1] = now
        else:
            said.append(now)
        step = None if report.lasting else this
    return said[-lines:]


def _step(message: str) -> str:
    return min((message.split(mark, 1)[0] for mark in _UNTIL), key=len)
