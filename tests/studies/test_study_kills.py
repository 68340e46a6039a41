"""``kill -9`` at random instants: a study that goes on afterwards has lost nothing.

``LCC_KILLS`` (20) runners are killed, and a tenth as many workers; a hundred is a matter of
minutes.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from studies import STUDY, figures, fill

from lcc_core.files import Home
from lcc_core.studies.runner import Options, run_study

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
SMALL = replace(STUDY, k=(0.0,))
KILLS = int(os.environ.get("LCC_KILLS", "20"))
ROUNDS, KILLS_A_ROUND = max(1, KILLS // 20), 2  # of workers: each costs new processes their start


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """The table, and the seconds it took."""
    home = fill(Home.find(tmp_path_factory.mktemp("undisturbed")))
    began = time.monotonic()
    run_study(SMALL, home)
    return figures(home, SMALL), time.monotonic() - began


def forked(work: Callable[[], object]) -> int:
    """A process of its own that does it; torch need not be loaded again."""
    child = os.fork()
    if child == 0:
        try:
            os.close(1)
            work()
        finally:
            os._exit(0)
    return child


def children(pid: int) -> list[int]:
    """Worker processes of ``pid`` that have loaded torch."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            loky = b"loky" in (stat.parent / "cmdline").read_bytes()
            if int(fields[1]) == pid and loky and int(fields[11]) > 100:  # hundredths of a second
                found.append(int(stat.parent.name))
    return found


def whole(home: Home) -> None:
    """Nothing that is half written counts for anything."""
    for folder in ("results", "steps", "checkpoints", "searches"):
        for path in (home.root / folder).rglob("*.json"):
            assert path.read_text().endswith("}")


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_runner_loses_nothing(
    home: Home, undisturbed: tuple[dict[str, Any], float], seed: int
) -> None:
    fill(home)
    expected, seconds = undisturbed
    child = forked(lambda: run_study(SMALL, home))
    time.sleep(random.Random(seed).uniform(0, 1.1 * seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    whole(home)
    ended = run_study(SMALL, home)
    assert ended.failed == 0 and ended.found + ended.made == ended.points
    assert figures(home, SMALL) == expected
    shutil.rmtree(home.root)


@needs_proc
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_workers_are_replaced(
    home: Home, undisturbed: tuple[dict[str, Any], float], seed: int
) -> None:
    fill(home)
    chance, killed, over = random.Random(seed), [], threading.Event()

    def kill() -> None:
        while len(killed) < KILLS_A_ROUND and not over.is_set():
            over.wait(0.05)
            ready = children(os.getpid())
            if ready and not over.wait(chance.uniform(0, 0.4)):
                victim = chance.choice(ready)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = run_study(SMALL, home, Options(jobs=2))
    over.set()
    killer.join()
    print(f"{len(killed)} workers killed")
    assert killed
    assert ended.failed == 0
    assert figures(home, SMALL) == undisturbed[0]


@needs_proc
def test_workers_end_with_a_killed_runner(
    home: Home, undisturbed: tuple[dict[str, Any], float]
) -> None:
    fill(home)
    child = forked(lambda: run_study(SMALL, home, Options(jobs=2)))
    end = time.monotonic() + 60
    while not (workers := children(child)) and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert workers
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert time.monotonic() < end
    assert run_study(SMALL, home).failed == 0
    assert figures(home, SMALL) == undisturbed[0]
