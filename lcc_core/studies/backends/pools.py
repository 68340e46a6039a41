"""Where steps are done: in this process, in processes beside it, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
import time
from typing import Any, Protocol

from lcc_core.errors import LccError, require
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.jobs.process import watch_parent
from lcc_core.models.device import choose_device
from lcc_core.studies.backends.cluster import Cluster
from lcc_core.studies.batches import Batch, BatchResult, do_all, run
from lcc_core.studies.options import Options
from lcc_core.studies.steps import Worker

BACKENDS = ("loky", "dask")


class Pool(Protocol):
    """``free``: how many more batches it would begin at once. ``lacks``: what it waits for."""

    @property
    def free(self) -> int:
        """How many more batches it would begin at once."""
        ...

    @property
    def lacks(self) -> str: ...

    def send(self, batch: Batch) -> None:
        """Begin a batch."""

    def wait(self, seconds: float) -> list[BatchResult]:
        """What has ended, after so many seconds at most."""
        ...

    def close(self) -> None:
        """Let the workers go."""


class Here:
    """In this process, one after the other: no start, no copies."""

    lacks = ""

    def __init__(self, home: Home, hooks: Hooks, device: str = "auto") -> None:
        self.worker = Worker(home, device, hooks)
        self.waiting: list[Batch] = []

    @property
    def free(self) -> int:
        """How many more batches it would begin at once."""
        return 1 - len(self.waiting)

    def send(self, batch: Batch) -> None:
        """Begin a batch."""
        self.waiting.append(batch)

    def wait(self, seconds: float) -> list[BatchResult]:
        """What has ended, after so many seconds at most."""
        if not self.waiting:
            time.sleep(seconds)
            return []
        batch = self.waiting.pop(0)
        return [BatchResult(batch, do_all(self.worker, batch))]

    def close(self) -> None:
        """Let the workers go."""
        self.waiting.clear()


class Loky:
    """Processes on this machine. One that dies takes the others' present work with it; all of it
    is sent again."""

    lacks = ""

    def __init__(self, jobs: int, threads: int) -> None:
        self.jobs, self.threads = jobs, threads
        self.out: dict[Any, Batch] = {}
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
        """How many more batches it would begin at once."""
        return self.jobs - len(self.out)

    def send(self, batch: Batch) -> None:
        """Begin a batch."""
        try:
            self.out[self.executor.submit(run, batch)] = batch
        except RuntimeError:  # a worker died since the last look
            self.executor = self._start()
            self.out[self.executor.submit(run, batch)] = batch

    def wait(self, seconds: float) -> list[BatchResult]:
        """What has ended, after so many seconds at most."""
        from concurrent.futures import FIRST_COMPLETED, wait

        if not self.out:
            time.sleep(seconds)
            return []
        done, _ = wait(list(self.out), seconds, FIRST_COMPLETED)
        back = []
        for future in done:
            batch = self.out.pop(future)
            try:
                back.append(BatchResult(batch, future.result()))
            except RuntimeError:  # of all kinds that loky has for a worker that died
                back += [BatchResult(one, lost=True) for one in [batch, *self.out.values()]]
                self.out.clear()
                self.executor.shutdown(wait=True, kill_workers=True)
                self.executor = self._start()
                break
        return back

    def close(self) -> None:
        """Let the workers go."""
        self.executor.shutdown(wait=True, kill_workers=True)


def begin(parent: int) -> None:
    """In a new worker: end with the runner, however it ends; a stop is told by file."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    watch_parent(parent, lambda: os._exit(1))


def make_pool(options: Options, home: Home, hooks: Hooks) -> Pool:
    """Make the pool of a backend: this process, processes beside it, or a Dask cluster."""
    backend, jobs = options.backend, options.jobs
    require(backend in BACKENDS, "backend", backend, f"one of {', '.join(BACKENDS)}")
    require(1 <= jobs <= 1024, "jobs", jobs, "1…1024")
    choose_device(options.device)  # one that is not there is told before the work
    if backend == "dask":
        return Cluster(home, options)
    if options.scheduler:
        raise LccError("A scheduler is for the Dask backend.", "Add --backend dask.")
    if jobs == 1:
        return Here(home, hooks, options.device)
    return Loky(jobs, options.threads)
