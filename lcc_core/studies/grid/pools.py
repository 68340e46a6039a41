"""Where steps are done: in this process, in processes beside it, or on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lcc_core.errors import Cancelled, LccError, require
from lcc_core.files import Home, write_json
from lcc_core.jobs.process import watch_parent
from lcc_core.progress import OnProgress, Progress, ShouldStop
from lcc_core.studies.grid.graph import Step
from lcc_core.studies.grid.work import Outcome, Worker

BACKENDS = ("loky", "dask")
ASK_EVERY_S, TELL_EVERY_S = 0.2, 0.5


@dataclass(frozen=True)
class Errand:
    """Steps of one model for one worker, with the values of what they need.

    ``stop``: a file that appears when the work shall be stopped.
    """

    home: str
    steps: tuple[Step, ...]
    values: dict[str, str]
    stop: str
    threads: int = 1


@dataclass(frozen=True)
class Back:
    """An errand that ended. ``outcomes``: of its steps as far as it came; ``lost``: its worker
    died."""

    errand: Errand
    outcomes: tuple[Outcome, ...] = ()
    lost: bool = False


class Pool(Protocol):
    """``free``: how many more errands it would begin at once."""

    free: int

    def send(self, errand: Errand) -> None: ...

    def wait(self, seconds: float) -> list[Back]: ...

    def close(self) -> None: ...


class Here:
    """In this process, one after the other: no start, no copies."""

    def __init__(self, home: Home, on_progress: OnProgress, should_stop: ShouldStop) -> None:
        self.worker = Worker(home, on_progress=on_progress, should_stop=should_stop)
        self.waiting: list[Errand] = []

    @property
    def free(self) -> int:
        return 1 - len(self.waiting)

    def send(self, errand: Errand) -> None:
        self.waiting.append(errand)

    def wait(self, seconds: float) -> list[Back]:
        if not self.waiting:
            time.sleep(seconds)
            return []
        errand = self.waiting.pop(0)
        return [Back(errand, _all(self.worker, errand))]

    def close(self) -> None:
        self.waiting.clear()


class Loky:
    """Processes on this machine. One that dies takes the others' present work with it; all of it
    is sent again."""

    def __init__(self, jobs: int, threads: int) -> None:
        self.jobs, self.threads = jobs, threads
        self.out: dict[Any, Errand] = {}
        self.executor = self._start()

    def _start(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        return ProcessPoolExecutor(
            max_workers=self.jobs,
            initializer=begin,
            initargs=(os.getpid(),),
            env=dict.fromkeys(names, str(self.threads)),
        )

    @property
    def free(self) -> int:
        return self.jobs - len(self.out)

    def send(self, errand: Errand) -> None:
        try:
            self.out[self.executor.submit(run, errand)] = errand
        except RuntimeError:  # a worker died since the last look
            self.executor = self._start()
            self.out[self.executor.submit(run, errand)] = errand

    def wait(self, seconds: float) -> list[Back]:
        from concurrent.futures import FIRST_COMPLETED, wait

        if not self.out:
            time.sleep(seconds)
            return []
        done, _ = wait(list(self.out), seconds, FIRST_COMPLETED)
        back = []
        for future in done:
            errand = self.out.pop(future)
            try:
                back.append(Back(errand, future.result()))
            except RuntimeError:  # of all kinds that loky has for a worker that died
                back += [Back(one, lost=True) for one in [errand, *self.out.values()]]
                self.out.clear()
                self.executor.shutdown(wait=True, kill_workers=True)
                self.executor = self._start()
                break
        return back

    def close(self) -> None:
        self.executor.shutdown(wait=True, kill_workers=True)


def begin(parent: int) -> None:
    """In a new worker: end with the runner, however it ends; a stop is told by file."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    watch_parent(parent, lambda: os._exit(1))


_workers: dict[tuple[str, int], Worker] = {}  # by home and thread


def run(errand: Errand) -> tuple[Outcome, ...]:
    """In a worker process that shares the home with the runner."""
    import torch

    torch.set_num_threads(errand.threads)
    key = errand.home, threading.get_ident()
    worker = _workers.setdefault(key, Worker(Home(Path(errand.home))))
    worker.should_stop = told_by(Path(errand.stop))
    worker.on_progress = teller(worker.home, errand.steps[0].id)
    return _all(worker, errand)


def _all(worker: Worker, errand: Errand) -> tuple[Outcome, ...]:
    """As many of the steps as there is time for."""
    outcomes: list[Outcome] = []
    with contextlib.suppress(Cancelled):
        for step in errand.steps:
            if worker.should_stop():
                break
            outcomes.append(worker.do(step, errand.values))
            if outcomes[-1].hopeless:
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


def make_pool(
    backend: str, jobs: int, scheduler: str, share: str, home: Home, hooks: tuple[Callable, ...]
) -> Pool:
    require(backend in BACKENDS, "backend", backend, f"one of {', '.join(BACKENDS)}")
    require(1 <= jobs <= 1024, "jobs", jobs, "1…1024")
    if backend == "dask":
        from lcc_core.studies.grid.cluster import Cluster

        return Cluster(home, jobs, scheduler, share)
    if scheduler:
        raise LccError("A scheduler is for the Dask backend.", "Add --backend dask.")
    if jobs == 1:
        return Here(home, *hooks)
    return Loky(jobs, max(1, (os.cpu_count() or 1) // jobs))
