"""``kill -9`` at random instants: a study that goes on afterwards has lost nothing.

``LCC_KILLS`` says how often each is killed; a hundred times is a matter of minutes.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from studies import STUDY, figures, fill

from lcc_core.files import Home
from lcc_core.studies.grid.runner import Options, run_study

KILLS = int(os.environ.get("LCC_KILLS", "20"))
WORKER_KILLS = max(2, KILLS // 10)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], float]:
    """The table, and the seconds it took."""
    home = fill(Home.find(tmp_path_factory.mktemp("undisturbed")))
    began = time.monotonic()
    run_study(STUDY, home)
    return figures(home), time.monotonic() - began


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


def at_work(child: psutil.Process) -> bool:
    """A worker that has loaded torch."""
    try:
        return "loky" in " ".join(child.cmdline()) and child.cpu_times().user > 1
    except psutil.Error:
        return False


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
    child = forked(lambda: run_study(STUDY, home))
    time.sleep(random.Random(seed).uniform(0, 1.1 * seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    whole(home)
    ended = run_study(STUDY, home)
    assert ended.failed == 0 and ended.found + ended.made == ended.points
    assert figures(home) == expected
    shutil.rmtree(home.root)


def test_killed_workers_are_replaced(
    home: Home, undisturbed: tuple[dict[str, Any], float], tmp_path: Path
) -> None:
    fill(home)
    chance, killed, over = random.Random(0), [], threading.Event()

    def kill() -> None:
        while len(killed) < WORKER_KILLS and not over.is_set():
            # Those that have begun: each kill costs new processes their start.
            if not (home.root / "claims").exists() or over.wait(0.05):
                continue
            ready = [child for child in psutil.Process().children() if at_work(child)]
            if ready and not over.wait(chance.uniform(0, 0.4)):
                victim = chance.choice(ready)
                victim.kill()
                killed.append(victim.pid)

    killer = threading.Thread(target=kill)
    killer.start()
    ended = run_study(STUDY, home, Options(jobs=2))
    over.set()
    killer.join()
    assert killed
    assert ended.failed == 0
    assert figures(home) == undisturbed[0]
