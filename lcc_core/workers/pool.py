"""A bounded pool of worker processes: each request is computed once for all who wait for it."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from lcc_core.errors import Cancelled, LccError
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.jobs.process import PATIENT
from lcc_core.workers.messages import Channel, Order, Outcome, Report, Stop
from lcc_core.workers.request import Request
from lcc_core.workspace import Workspace

TRIES = 2  # of a request whose worker dies
KEPT_BYTES = 64 * 2**20  # of finished values
KEPT_VALUE = 4 * 2**20  # a larger one is not kept
SIZE = "LCC_WORKERS"  # environment variable: how many processes; 0: everything in this one


class WorkerError(RuntimeError):
    """A fault of the program, met in a worker: its traceback there."""


@dataclass(eq=False)
class _Job:
    """One piece of work and those who wait for it."""

    home: Home
    request: Request
    number: int
    waiting: int = 0
    worker: _Worker | None = None
    tries: int = 0
    latest: Progress | None = None
    lasting: list[Progress] = field(default_factory=list)
    outcome: Outcome | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> tuple[str, str]:
        return str(self.home.root), self.request.key

    @property
    def subject(self) -> tuple[str, str]:
        return str(self.home.root), self.request.subject


class Ticket:
    """A claim on a request's value. Use it in a ``with`` block: who leaves no longer waits."""

    def __init__(self, pool: Pool, job: _Job) -> None:
        self._pool, self._job, self._held = pool, job, True

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the work has ended, within so many seconds."""
        return self._job.ended.wait(seconds)

    @property
    def latest(self) -> Progress | None:
        """The last report."""
        return self._job.latest

    @property
    def lasting(self) -> tuple[Progress, ...]:
        """Every lasting report so far, also those from before this ticket was taken."""
        return tuple(self._job.lasting)

    def result(self) -> Any:
        """The value, once there is one.

        Raises:
            LccError: what the request raised.
            Cancelled: everybody left before it was done.
            WorkerError: it failed by a bug.
        """
        self._job.ended.wait()
        outcome = self._job.outcome
        assert outcome is not None
        if outcome.error is not None:
            raise outcome.error
        if outcome.traceback:
            raise WorkerError(f"a worker failed:\n{outcome.traceback}")
        return outcome.value

    def release(self) -> None:
        """Wait no longer. Work that nobody waits for is stopped."""
        if self._held:
            self._held = False
            self._pool.left(self._job)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Pool:
    """Worker processes that all threads of this process share.

    A request that is in work already, or whose value is still kept, is not computed again. A worker
    that has a request's subject loaded is preferred; further ones are started only while all others
    are busy. Each computes with one thread: sums depend in their last bits on the number of
    threads, and a figure must not depend on what others do at the same time.

    Args:
        size: worker processes at most; by default one for each core, four at most. 0 runs every
            request in the thread that asks for it.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = default_size(usable_cores()) if size is None else size
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._jobs: dict[tuple[str, str], _Job] = {}
        self._queue: deque[_Job] = deque()
        self._workers: list[_Worker] = []
        self._values = _Values()
        self._workspaces: dict[str, Workspace] = {}
        self._closed = False
        _open_pools.add(self)

    def submit(self, home: Home, request: Request) -> Ticket:
        """Ask for ``request`` on ``home``; returns at once, unless the pool has no processes."""
        with self._lock:
            if self._closed:
                raise LccError("The dashboard is being closed.", "Start it again.")
            job = _Job(home, request, next(self._numbers))
            if (kept := self._values.get(job.key)) is not None:
                job.outcome, job.lasting = kept
                job.ended.set()
                return Ticket(self, job)
            mine = job.key not in self._jobs
            job = self._jobs.setdefault(job.key, job)
            job.waiting += 1
            if mine and self.size:
                self._queue.append(job)
                self._dispatch()
        if mine and not self.size:
            self._run_here(job)
        return Ticket(self, job)

    def run(self, home: Home, request: Request) -> Any:
        """The value of ``request``, waited for."""
        with self.submit(home, request) as ticket:
            return ticket.result()

    def kept(self, home: Home, request: Request) -> bool:
        """Whether the value is there without any work."""
        with self._lock:
            return self._values.get((str(home.root), request.key)) is not None

    def warm(self) -> None:
        """Start the first worker, so that the first request does not wait for it."""
        with self._lock:
            if self.size and not self._workers and not self._closed:
                self._workers.append(_Worker(self))

    def close(self) -> None:
        """End all workers. What was being computed is cancelled."""
        with self._lock:
            self._closed = True
            workers, self._workers = self._workers, []
            for job in list(self._jobs.values()):
                self._end(job, Outcome(job.number, error=Cancelled()))
            self._queue.clear()
        for worker in workers:
            worker.kill()

    def processes(self) -> list[int]:
        """Process ids of the workers that run now."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    # What follows is called with or takes the lock.

    def _dispatch(self) -> None:
        """Give queued work to idle workers, the oldest first."""
        with self._lock:
            while self._queue:
                worker = self._idle_worker(self._queue[0])
                if worker is None:
                    return
                worker.begin(self._queue.popleft())

    def _idle_worker(self, job: _Job) -> _Worker | None:
        idle = [worker for worker in self._workers if worker.job is None]
        fitting = [worker for worker in idle if worker.subject == job.subject]
        if fitting or idle:
            return (fitting or idle)[0]
        if len(self._workers) < self.size:
            self._workers.append(_Worker(self))
            return self._workers[-1]
        return None

    def left(self, job: _Job) -> None:
        """One who waited for the job no longer does."""
        with self._lock:
            job.waiting -= 1
            if job.waiting > 0 or job.ended.is_set():
                return
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]  # who asks from now on starts anew
            if job in self._queue:
                self._queue.remove(job)
                self._end(job, Outcome(job.number, error=Cancelled()))
            elif job.worker is not None:
                job.worker.send(Stop(job.number))

    def _end(self, job: _Job, outcome: Outcome) -> None:
        with self._lock:
            job.outcome, job.worker = outcome, None
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
            if outcome.error is None and not outcome.traceback:
                self._values.put(job.key, (outcome, job.lasting))
            job.ended.set()

    def ended(self, worker: _Worker, job: _Job, outcome: Outcome) -> None:
        """A worker has ended its job and takes another one."""
        with self._lock:
            worker.job = None
            self._end(job, outcome)
            self._dispatch()

    def lost(self, worker: _Worker) -> None:
        """A worker's process has ended by itself: its job goes to another one."""
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
            job = worker.job
            if job is not None and not job.ended.is_set():
                job.worker = None
                if job.waiting <= 0 or self._closed:
                    self._end(job, Outcome(job.number, error=Cancelled()))
                elif job.tries < TRIES:
                    self._queue.appendleft(job)
                else:
                    self._end(job, Outcome(job.number, error=_died()))
            if not self._closed:
                self._dispatch()

    def _run_here(self, job: _Job) -> None:
        with self._lock:
            root = str(job.home.root)
            workspace = self._workspaces.setdefault(root, Workspace(job.home))

        def note(progress: Progress) -> None:
            job.latest = progress
            if progress.lasting:
                job.lasting.append(progress)

        try:
            value = job.request.run(workspace, Hooks(note, lambda: job.waiting <= 0))
            self._end(job, Outcome(job.number, value))
        except LccError as error:
            self._end(job, Outcome(job.number, error=error))
        except BaseException:
            # Whoever waits with us is told; the bug itself goes on in this thread.
            self._end(job, Outcome(job.number, error=Cancelled()))
            raise


class _Worker:
    """A process, and the thread that listens to it."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.job: _Job | None = None
        self.subject: tuple[str, str] = ("", "")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lcc_core.workers.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=PATIENT | os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        pipes = cast(BinaryIO, self.process.stdout), cast(BinaryIO, self.process.stdin)
        self.channel = Channel(*pipes)
        threading.Thread(target=self._listen, name="lcc-worker-listener", daemon=True).start()

    def begin(self, job: _Job) -> None:
        job.worker, job.tries = self, job.tries + 1
        self.job, self.subject = job, job.subject
        self.send(Order(job.number, str(job.home.root), job.request))

    def send(self, message: Order | Stop) -> None:
        with contextlib.suppress(OSError):  # it is dead: its listener finds that out
            self.channel.send(message)

    def _listen(self) -> None:
        while True:
            try:
                message = self.channel.receive()
            except (EOFError, OSError):
                self.process.wait()  # its pipe is closed: it ends
                self.pool.lost(self)
                return
            job = self.job
            if job is None or message.number != job.number:
                continue
            if isinstance(message, Report):
                job.latest = message.progress
                if message.progress.lasting:
                    job.lasting.append(message.progress)
                continue
            self.pool.ended(self, job, message)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class _Values:
    """Finished values, the ones used last, within a bound on their size."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, str]) -> Any:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: tuple[str, str], value: Any) -> None:
        size = len(pickle.dumps(value))
        if size > KEPT_VALUE or key in self._kept:
            return
        self._kept[key] = value, size
        self._bytes += size
        while self._bytes > KEPT_BYTES:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_size(cores: int) -> int:
    """As ``LCC_WORKERS`` says, else one for each core, four at most."""
    asked = os.environ.get(SIZE, "")
    return max(0, int(asked)) if asked.isdigit() else min(4, cores)


def _died() -> LccError:
    return LccError(
        "The process that computed this ended by itself, twice.",
        "The machine may be out of memory: close other programs, or choose a smaller model.",
    )


_open_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for pool in list(_open_pools):
        pool.close()
