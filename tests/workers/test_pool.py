"""The pool: one computation for all who wait, bounded, cancelled when nobody waits, kill-safe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sample import DiesOnce, Failing, Square

from lcc_core.errors import BadValue, Cancelled, DataError, LccError
from lcc_core.files import Home
from lcc_core.workers import Pool, WorkerError


@pytest.fixture(scope="module")
def shared() -> Iterator[Pool]:
    pool = Pool(size=2)
    yield pool
    pool.close()


@pytest.fixture(params=["processes", "here"])
def pool(request: pytest.FixtureRequest, shared: Pool) -> Pool:
    return shared if request.param == "processes" else Pool(size=0)


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def runs(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_a_request_is_computed_once_for_all(pool: Pool, home: Home, tmp_path: Path) -> None:
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    asked = Square(7, str(marks), str(gate))
    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(pool.run, home, asked) for _ in range(8)]
        until(lambda: runs(marks) > 0)
        gate.touch()
        assert [one.result() for one in found] == [49] * 8
    assert pool.run(home, asked) == 49  # kept
    assert pool.kept(home, asked) and not pool.kept(home, Square(8, str(marks)))
    assert runs(marks) == 1


def test_another_home_is_another_request(pool: Pool, home: Home, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    other = Home.find(tmp_path / "other")
    assert pool.run(home, Square(2, str(marks))) == pool.run(other, Square(2, str(marks))) == 4
    assert runs(marks) == 2


@pytest.mark.parametrize(
    ("how", "kind", "text"),
    [
        ("told", DataError, r"There is nothing\. Bring something\."),
        ("setting", BadValue, "k=-1"),
    ],
)
def test_errors_a_user_can_act_on(pool: Pool, home: Home, how: str, kind: type, text: str) -> None:
    for _ in range(2):  # an error is not kept: it is met again
        with pytest.raises(kind, match=text) as found:
            pool.run(home, Failing(how))
    if how == "told":
        assert (found.value.what, found.value.fix) == ("There is nothing.", "Bring something.")


@pytest.mark.parametrize(
    ("how", "text"),
    [("bug", "KeyError: 'a bug'"), ("value", "ValueError: a bug"), ("unpicklable", "lambda")],
)
def test_bugs_bring_their_traceback(shared: Pool, home: Home, how: str, text: str) -> None:
    with pytest.raises(WorkerError, match="Traceback") as found:
        shared.run(home, Failing(how))
    assert text in str(found.value)


def test_work_that_nobody_waits_for_is_stopped(shared: Pool, home: Home, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    never = str(tmp_path / "never")
    one, other = (shared.submit(home, Square(3, str(marks), never)) for _ in range(2))
    until(lambda: runs(marks) == 1)
    one.release()
    one.release()  # twice is once
    assert not other.wait(0.2)  # somebody still waits
    other.release()
    with pytest.raises(Cancelled):
        other.result()
    # Who asks again is not served by what was stopped.
    again = shared.submit(home, Square(3, str(marks), never))
    until(lambda: runs(marks) == 2)
    again.release()


def test_queued_work_goes_when_its_session_does(home: Home, tmp_path: Path) -> None:
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    pool = Pool(size=1)
    first = pool.submit(home, Square(1, str(marks), str(gate)))
    until(lambda: runs(marks) == 1)
    moves = [pool.submit(home, Square(n, str(marks))) for n in range(2, 30)]
    for move in moves[:-1]:
        move.release()
    gate.touch()
    assert first.result() == 1 and moves[-1].result() == 29**2
    assert runs(marks) == 2  # none of the moves between was begun
    pool.close()


def test_workers_are_bounded_and_compute_with_one_thread(
    shared: Pool, home: Home, tmp_path: Path
) -> None:
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    tickets = [shared.submit(home, Square(n, str(marks), str(gate))) for n in range(50, 56)]
    until(lambda: runs(marks) == 2)
    assert len(shared.processes()) == 2
    gate.touch()
    assert [ticket.result() for ticket in tickets] == [n**2 for n in range(50, 56)]
    assert {path.read_text() for path in marks.iterdir()} == {"1"}


def test_the_worker_that_has_it_loaded_is_preferred(
    shared: Pool, home: Home, tmp_path: Path
) -> None:
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    both = [shared.submit(home, Square(n, str(marks), str(gate), f"s{n}")) for n in (60, 61)]
    until(lambda: runs(marks) == 2)
    gate.touch()
    assert [ticket.result() for ticket in both] == [3600, 3721]
    for n in range(3):
        assert shared.run(home, Square(70 + n, str(marks), of="s60")) == (70 + n) ** 2
    by = {path.name.split("-")[0]: path.name.split("-")[1] for path in marks.iterdir()}
    assert by["70"] == by["71"] == by["72"] == by["60"] != by["61"]


def test_lasting_reports_reach_who_comes_later(shared: Pool, home: Home, tmp_path: Path) -> None:
    marks, gate = tmp_path / "marks", tmp_path / "gate"
    marks.mkdir()
    first = shared.submit(home, Square(9, str(marks), str(gate)))
    until(lambda: len(first.lasting) == 1)
    second = shared.submit(home, Square(9, str(marks), str(gate)))
    assert [report.figures for report in second.lasting] == [{"n": 9}]
    gate.touch()
    assert second.result() == 81


def test_a_worker_that_dies_costs_a_try(shared: Pool, home: Home, tmp_path: Path) -> None:
    assert shared.run(home, DiesOnce(str(tmp_path))) == "alive"
    with pytest.raises(LccError, match="ended by itself, twice"):
        shared.run(home, Failing("dies"))
    marks = tmp_path / "marks"
    marks.mkdir()
    assert shared.run(home, Square(5, str(marks))) == 25
    for pid in shared.processes():  # idle ones too
        os.kill(pid, signal.SIGKILL)
    assert shared.run(home, Square(6, str(marks))) == 36


def test_a_closed_pool_says_so(home: Home, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    pool = Pool(size=1)
    waiting = pool.submit(home, Square(1, str(marks), str(tmp_path / "never")))
    pool.close()
    with pytest.raises(Cancelled):
        waiting.result()
    with pytest.raises(LccError, match="being closed"):
        pool.submit(home, Square(2, str(marks)))


def test_workers_end_with_their_server(home: Home, tmp_path: Path) -> None:
    """Also when it is killed, and in the middle of work."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from sample import Square\n"
        "from lcc_core.files import Home\n"
        "from lcc_core.workers import Pool\n"
        "if __name__ == '__main__':\n"
        "    pool = Pool(size=1)\n"
        "    marks = sys.argv[2]\n"
        "    ticket = pool.submit(Home(Path(sys.argv[2])), Square(1, marks, marks + '/never'))\n"
        "    while not ticket.lasting: ticket.wait(0.05)\n"
        "    print(pool.processes()[0], flush=True)\n"
        "    ticket.wait()\n"
    )
    path = tmp_path / "server.py"
    path.write_text(script)
    server = subprocess.Popen(
        [sys.executable, str(path), str(Path(__file__).parent), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.wait()
    until(lambda: not _runs(worker))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_threads_that_come_and_go(shared: Pool, home: Home, tmp_path: Path) -> None:
    """Forty threads on twelve requests, a third of which leave early: all others are served."""
    marks = tmp_path / "marks"
    marks.mkdir()
    wrong: list[object] = []

    def visit(number: int) -> None:
        with shared.submit(home, Square(100 + number % 12, str(marks))) as ticket:
            if number % 3:
                found = ticket.result()
                if found != (100 + number % 12) ** 2:
                    wrong.append(found)

    threads = [threading.Thread(target=visit, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong and not any(thread.is_alive() for thread in threads)
