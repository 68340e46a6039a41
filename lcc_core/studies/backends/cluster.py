"""The same batches on a Dask cluster, whose workers may be other machines.

Workers that open the home by its path do as local ones do. Others ("scatter") are sent the tiles
once and the files of each step's needs with it, work in a folder of their own, and send back what
they made.
"""

from __future__ import annotations

import atexit
import contextlib
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError, require
from lcc_core.files import Home, write_bytes
from lcc_core.studies import records
from lcc_core.studies.batches import Batch, BatchResult, run
from lcc_core.studies.steps import Outcome
from lcc_core.temporary import sweep_named, temporary_folder

SHARES = ("path", "scatter")
CONNECT_S, POLL_S = 10, 0.05
Files = dict[str, bytes]  # path within the home → content


class Cluster:
    """A scheduler that is there, or one with ``jobs`` workers on this machine."""

    def __init__(self, home: Home, jobs: int, scheduler: str, share: str) -> None:
        require(share in SHARES, "share", share, f"one of {', '.join(SHARES)}")
        self.home, self.scatter = home, share == "scatter"
        self.out: dict[Any, Batch] = {}
        self.tiles: dict[str, Any] = {}
        self.cluster, self.client = _connect(jobs, scheduler)
        self.room = jobs

    @property
    def free(self) -> int:
        """A worker's next batch waits beside the one it does."""
        with contextlib.suppress(Exception):  # between two schedulers there is none
            threads = sum(self.client.nthreads().values())
            self.room = max(1, threads)
        return self.room - len(self.out)

    @property
    def lacks(self) -> str:
        with contextlib.suppress(Exception):
            return "" if self.client.nthreads() else "waiting for a Dask worker"
        return ""

    def send(self, batch: Batch) -> None:
        if self.scatter:
            future = self.client.submit(
                run_apart,
                batch,
                self._files(batch),
                {name: self._tiles(name) for name in _data(self.home, batch)},
                pure=False,
            )
        else:
            future = self.client.submit(run, batch, pure=False)
        self.out[future] = batch

    def wait(self, seconds: float) -> list[BatchResult]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if done := [future for future in self.out if future.done()]:
                return [self._back(future, self.out.pop(future)) for future in done]
            if self.client.status not in ("running", "connecting"):
                break
            time.sleep(POLL_S)
        if self.client.status not in ("running", "connecting"):
            raise LccError(
                "The Dask scheduler is gone.", "Start it and run the study again: it goes on."
            )
        return []

    def _back(self, future: Any, batch: Batch) -> BatchResult:
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            # The cluster has tried other workers by then.
            if error is None or type(error).__name__ == "KilledWorker":
                return BatchResult(batch, lost=True)
            text = f"{type(error).__name__}: {error}"
            fix = "Do the workers have the same version of this program?"
            return BatchResult(
                batch, tuple(Outcome(one.id, None, text, fix) for one in batch.steps)
            )
        result = future.result()
        if not self.scatter:
            return BatchResult(batch, result)
        outcomes, files = result
        for name, content in files.items():
            write_bytes(_inside(self.home, name), content)
        for outcome in outcomes:
            if outcome.record:
                records.save(self.home, outcome.step, outcome.record)
        return BatchResult(batch, outcomes)

    def _files(self, batch: Batch) -> Files:
        """What the needed steps have left."""
        needed = (records.look(self.home, step) for step in batch.values)
        names = {name for one in needed if one for name in one.sums}
        return {name: (self.home.root / name).read_bytes() for name in names}

    def _tiles(self, name: str) -> Any:
        """Sent to the workers once, when the first of them needs it."""
        if name not in self.tiles:
            folder = self.home.tiles / name
            content = {
                str(path.relative_to(self.home.root)): path.read_bytes()
                for path in folder.iterdir()
            }
            self.tiles[name] = self.client.scatter(content, broadcast=True, hash=False)
        return self.tiles[name]

    def close(self) -> None:
        for future in self.out:
            with contextlib.suppress(Exception):
                future.cancel()
        with contextlib.suppress(Exception):
            self.client.close()
        if self.cluster is not None:
            with contextlib.suppress(Exception):
                self.cluster.close()


def _connect(jobs: int, scheduler: str) -> tuple[Any, Any]:
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError as error:
        raise LccError(
            "Dask is not installed.", "Install it: pip install '.[dask]', or use --backend loky."
        ) from error
    cluster = None
    if not scheduler:
        cluster = LocalCluster(
            n_workers=jobs, threads_per_worker=1, dashboard_address=None, memory_limit=0
        )
    try:
        return cluster, Client(cluster or scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise LccError(
            f"There is no Dask scheduler at {scheduler}.",
            "Start one with `dask scheduler`, and workers with `dask worker tcp://…`.",
        ) from error


def _data(home: Home, batch: Batch) -> set[str]:
    """Names of the sets that the batch's steps read."""
    from lcc_core.checkpoints.store import read_checkpoint

    found = {step.content["data"] for step in batch.steps if "data" in step.content}
    for value in batch.values.values():
        with contextlib.suppress(LccError):
            found.add(read_checkpoint(home.checkpoints / value).data)
    return found


def _inside(home: Home, name: str) -> Path:
    """The path, if it lies in the home: names come from other machines."""
    path = (home.root / name).resolve()
    if not path.is_relative_to(home.root):
        raise LccError(f"A worker sent a file {name!r} that is none of its own.", "Check it.")
    return path


_homes: dict[str, Home] = {}
_while_alive = contextlib.ExitStack()
atexit.register(_while_alive.close)
_unpacking = threading.Lock()  # a worker may have several threads


def run_apart(
    batch: Batch, files: Files, tiles: dict[str, Files]
) -> tuple[tuple[Outcome, ...], Files]:
    """In a worker that does not see the runner's home: outcomes, and the files they name."""
    with _unpacking:
        home = _homes.get(batch.home)
        if home is None:
            place = Path(tempfile.gettempdir()).resolve()
            sweep_named(place, "lcc-worker")  # of workers that were killed
            home = _homes[batch.home] = Home(
                _while_alive.enter_context(temporary_folder(place, "lcc-worker"))
            )
    with _unpacking:
        for name, content in files.items():
            if not (home.root / name).is_file():
                write_bytes(_inside(home, name), content)
        for data, parts in tiles.items():
            if not (home.tiles / data).is_dir():
                for name, content in parts.items():
                    write_bytes(_inside(home, name), content)
    outcomes = run(Batch(str(home.root), batch.steps, batch.values, batch.stop, batch.threads))
    made = {name for one in outcomes if one.record for name in one.record.sums}
    return outcomes, {name: (home.root / name).read_bytes() for name in made}
