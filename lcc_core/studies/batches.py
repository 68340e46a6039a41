"""Steps sent to a worker together, how they come back, and what a worker does with them."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from lcc_core.errors import Cancelled, LccError
from lcc_core.files import Home, write_json
from lcc_core.hooks import Hooks, OnProgress, Progress, ShouldStop
from lcc_core.studies.graph import Step
from lcc_core.studies.steps import Outcome, Worker

ASK_EVERY_S, TELL_EVERY_S = 0.2, 0.5


@dataclass(frozen=True)
class Batch:
    """Steps of one model for one worker, with the values of what they need.

    ``stop``: a file that appears when the work shall be stopped.
    """

    home: str
    steps: tuple[Step, ...]
    values: dict[str, str]
    stop: str
    threads: int = 1


@dataclass(frozen=True)
class BatchResult:
    """A batch that ended. ``outcomes``: of its steps as far as it came; ``lost``: its worker
    died."""

    batch: Batch
    outcomes: tuple[Outcome, ...] = ()
    lost: bool = False


_workers: dict[tuple[str, int], Worker] = {}  # by home and thread


def run(batch: Batch) -> tuple[Outcome, ...]:
    """In a worker process that shares the home with the runner."""
    import torch

    torch.set_num_threads(batch.threads)
    key = batch.home, threading.get_ident()
    worker = _workers.setdefault(key, Worker(Home(Path(batch.home))))
    worker.hooks = Hooks(teller(worker.home, batch.steps[0].id), told_by(Path(batch.stop)))
    return do_all(worker, batch)


def do_all(worker: Worker, batch: Batch) -> tuple[Outcome, ...]:
    """As many of the steps as there is time for."""
    outcomes: list[Outcome] = []
    with contextlib.suppress(Cancelled):
        for step in batch.steps:
            if worker.hooks.should_stop():
                break
            outcomes.append(worker.do(step, batch.values))
            if outcomes[-1].fatal:
                break
    return tuple(outcomes)


def told_by(path: Path) -> ShouldStop:
    """Whether the file is there; looked for a few times a second at most."""
    state = {"at": 0.0, "told": False}

    def told() -> bool:
        now = time.monotonic()
        if not state["told"] and now - state["at"] > ASK_EVERY_S:
            state.update(at=now, told=path.exists())
        return bool(state["told"])

    return told


def teller(home: Home, step: str) -> OnProgress:
    """Leaves how far a step is where its runner looks for it."""
    path = progress_file(home, step)
    last = [0.0]

    def tell(report: Progress) -> None:
        now = time.monotonic()
        if now - last[0] > TELL_EVERY_S:
            last[0] = now
            with contextlib.suppress(LccError, OSError):
                share = report.done / max(report.total, 1)
                write_json(path, {"share": share, "message": report.message})

    return tell


def progress_file(home: Home, step: str) -> Path:
    return home.folder("claims") / f"{step}.progress"
