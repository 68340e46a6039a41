"""The same study on a Dask cluster of two worker processes, one of them killed on the way."""

from __future__ import annotations

import os
import signal

import pytest
from studies import WIDE, figures, fill

from lcc_core.errors import Cancelled, LccError
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.studies.runner import Options, run_study

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two worker processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as found:
        yield found


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict:
    home = fill(Home.find(tmp_path_factory.mktemp("local")))
    run_study(WIDE, home)
    return figures(home, WIDE)


def options(cluster, share: str = "path") -> Options:
    return Options(2, "dask", cluster.scheduler_address, share)


def test_a_worker_is_killed_and_the_table_is_the_same(cluster, home: Home, local: dict) -> None:
    fill(home)
    killed: list[int] = []

    def kill(report) -> None:
        if not killed and report.message.startswith(("1", "2", "3")):
            pid = next(iter(cluster.workers.values())).pid
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    ended = run_study(WIDE, home, options(cluster), hooks=Hooks(kill))
    assert killed
    assert (ended.made, ended.failed) == (6, 0)
    assert figures(home, WIDE) == local
    assert run_study(WIDE, home, options(cluster)).found == 6


def test_workers_that_do_not_see_the_home(cluster, home: Home, local: dict) -> None:
    ended = run_study(WIDE, fill(home), options(cluster, "scatter"))
    assert (ended.made, ended.failed) == (6, 0)
    assert figures(home, WIDE) == local
    # What workers made has come home: another value needs no training.
    assert len(list(home.checkpoints.iterdir())) == 2


def test_it_says_that_there_is_no_worker(home: Home) -> None:
    said: list[str] = []
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        with pytest.raises(Cancelled):
            run_study(
                WIDE,
                fill(home),
                options(empty),
                hooks=Hooks(lambda report: said.append(report.message), lambda: bool(said)),
            )
    assert said == ["0 of 6 points; waiting for a Dask worker"]


def test_a_scheduler_that_is_not_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lcc_core.studies.backends.cluster.CONNECT_S", 1)
    with pytest.raises(LccError, match="no Dask scheduler"):
        run_study(WIDE, fill(home), Options(1, "dask", "tcp://127.0.0.1:9"))
    with pytest.raises(LccError, match="--backend dask"):
        run_study(WIDE, home, Options(1, "loky", "tcp://127.0.0.1:9"))
    with pytest.raises(ValueError, match="share"):
        run_study(WIDE, home, Options(1, "dask", "", "pigeon"))
