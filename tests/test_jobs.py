from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lcc_core import jobs
from lcc_core.cli import main
from lcc_core.errors import LccError
from lcc_core.files import Home, write_json
from lcc_core.jobs.log import log
from lcc_core.jobs.process import start_time
from lcc_core.tasks import Task
from lcc_core.tasks.data import ImportTask
from lcc_core.tasks.training import TrainTask

WAIT_S = 240  # a busy machine is no fault
PROJECT = Path(__file__).parents[1]


def train(epochs: int, **more: Any) -> TrainTask:
    return TrainTask(data="mine", arch="compact", batch=16, epochs=epochs, **more)


NOWHERE = TrainTask(data="nowhere", arch="compact")


@pytest.fixture
def filled(home: Home, tile_folder: Path) -> Home:
    from lcc_core.data.catalog import import_tiles

    import_tiles("mine", tile_folder, home)
    return home


def progressed(home: Home, identity: str, batches: int = 0) -> jobs.Job:
    """The job once it is past that many batches; an epoch has two."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = jobs.job(home, identity)
        if not found.live or (found.progress and found.progress.done > batches):
            return found
        time.sleep(0.05)
    raise AssertionError("no progress")


def test_a_job_runs_to_its_result(filled: Home) -> None:
    begun = jobs.start(filled, train(2), "Train the compact network")
    assert begun.live
    assert jobs.start(filled, train(2)).id == begun.id  # not twice
    ended = jobs.wait(filled, begun.id, WAIT_S)
    assert (ended.state, ended.error) == (jobs.DONE, "")
    assert ended.result is not None and ended.result["arch"] == "compact"
    assert ended.progress is not None and ended.progress.done == ended.progress.total
    assert ended.history()[0].stage == "train"
    assert [one.id for one in jobs.jobs(filled)] == [begun.id]
    assert jobs.cancel(filled, begun.id).state == jobs.DONE  # too late: nothing happens
    jobs.clear(filled, begun.id)
    assert jobs.jobs(filled) == []


def test_cancel_between_batches(filled: Home) -> None:
    begun = jobs.start(filled, train(2000))
    assert progressed(filled, begun.id, 4).live
    jobs.cancel(filled, begun.id)
    ended = jobs.wait(filled, begun.id, WAIT_S)
    assert ended.state == jobs.CANCELLED
    assert ended.result is None
    assert list(filled.checkpoints.glob("*/resume.pt"))  # what was finished is kept
    assert not list(filled.checkpoints.glob("*/.*.part"))


def test_bad_input_fails_with_its_line(filled: Home) -> None:
    begun = jobs.start(filled, NOWHERE)
    ended = jobs.wait(filled, begun.id, WAIT_S)
    assert ended.state == jobs.FAILED
    assert "nowhere" in ended.error and "lcc data import" in ended.error


def test_a_killed_job_is_told_from_a_running_one_and_resumes(filled: Home) -> None:
    begun = jobs.start(filled, train(2000))
    reached = progressed(filled, begun.id, 6)
    os.killpg(begun.pid, signal.SIGKILL)
    ended = jobs.wait(filled, begun.id, WAIT_S)
    assert ended.state == jobs.FAILED
    assert "without a result" in ended.error
    again = jobs.start(filled, train(2000, resume=True))
    progressed(filled, again.id)
    jobs.cancel(filled, again.id)
    first = jobs.wait(filled, again.id, WAIT_S).history()[0]
    assert reached.progress is not None
    assert first.done >= reached.progress.done - 2  # at most one epoch of two batches is lost


def test_a_reused_process_number_is_not_the_job(home: Home) -> None:
    folder = home.jobs / "20260101-000000-abcdef"
    facts = {"title": "t", "argv": ["train"], "pid": os.getpid()}
    write_json(
        folder / jobs.FACTS, facts | {"created": "2026-01-01", "process_started": "another:1"}
    )
    (folder / jobs.PROGRESS).write_text('{"stage": "train", "done": 1, "total": 4}\n{"sta')
    (folder / jobs.RESULT).write_text('{"id": "cut')
    found = jobs.job(home, folder.name)
    assert found.state == jobs.FAILED
    assert found.progress is not None and found.progress.done == 1
    (folder / jobs.RESULT).write_text(json.dumps({"id": "whole"}))
    assert jobs.job(home, folder.name).state == jobs.DONE


def test_unreadable_and_missing_jobs(home: Home) -> None:
    folder = home.jobs / "broken"
    folder.mkdir(parents=True)
    (folder / jobs.FACTS).write_text("{")
    assert jobs.jobs(home) == []
    for name in ("broken", "none", "../tiles"):
        with pytest.raises(LccError):
            jobs.job(home, name)


def test_three_jobs_run_in_the_order_they_were_asked_for(filled: Home) -> None:
    asked = [jobs.start(filled, train(2, seed=n)) for n in range(3)]
    assert [one.id for one in reversed(jobs.jobs(filled))] == [one.id for one in asked]
    ended = [jobs.wait(filled, one.id, WAIT_S) for one in asked]
    assert [one.state for one in ended] == [jobs.DONE] * 3
    for before, after in pairwise(ended):
        assert after.began >= before.ended - 0.05
    assert "job goes first" in str(log(ended[1])[0]) + str(log(ended[2])[0])
    assert ended[2].history()[0].stage == "train"
    assert jobs.clear_ended(filled) == 3 and not jobs.jobs(filled)


def test_tiles_are_imported_while_a_training_runs(filled: Home, tile_folder: Path) -> None:
    training = jobs.start(filled, train(2000))
    assert progressed(filled, training.id).live
    light = jobs.start(filled, ImportTask(name="more", paths=(str(tile_folder),)))
    assert jobs.wait(filled, light.id, WAIT_S).state == jobs.DONE
    assert jobs.cancel(filled, training.id).live
    assert jobs.wait(filled, training.id, WAIT_S).state == jobs.CANCELLED


def test_a_queued_job_that_is_cancelled_never_starts(filled: Home) -> None:
    first = jobs.start(filled, train(2000))
    second = jobs.start(filled, train(1999))
    assert progressed(filled, first.id).state == jobs.RUNNING
    end = time.monotonic() + WAIT_S
    while not log(second) and time.monotonic() < end:
        time.sleep(0.05)
    spent = cpu_seconds(second.pid)
    time.sleep(2)
    assert cpu_seconds(second.pid) - spent < 0.1  # waiting costs next to nothing
    jobs.cancel(filled, second.id)
    ended = jobs.wait(filled, second.id, WAIT_S)
    assert (ended.state, ended.began, ended.seconds) == (jobs.CANCELLED, None, None)
    assert not ended.history()
    with pytest.raises(LccError, match="has not ended"):
        jobs.clear(filled, first.id)
    jobs.cancel(filled, first.id)
    jobs.wait(filled, first.id, WAIT_S)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def killed_owner(home: Home, *tasks: Task) -> list[str]:
    """Have another process start these jobs; it is killed once the first is well under way."""
    script = (
        "import sys, time; from lcc_core import jobs; from lcc_core.files import Home\n"
        f"home = Home.find({str(home.root)!r})\n"
        "from lcc_core.tasks import task_from\n"
        f"tasks = map(task_from, {[one.to_json() for one in tasks]!r})\n"
        "print(*[jobs.start(home, task).id for task in tasks], flush=True)\n"
        "time.sleep(600)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert owner.stdout is not None
    begun = owner.stdout.readline().split()
    try:
        assert progressed(home, begun[0], 6).state == jobs.RUNNING
    finally:
        owner.kill()
        owner.wait()
    return begun


def test_jobs_end_with_a_killed_app(filled: Home) -> None:
    running, waiting = killed_owner(filled, train(2000), train(1))
    ended, never = jobs.wait(filled, running, WAIT_S), jobs.wait(filled, waiting, WAIT_S)
    assert ended.state == jobs.INTERRUPTED, (ended, ended.error)
    assert (never.state, never.began) == (jobs.INTERRUPTED, None)
    assert start_time(ended.pid) is None and start_time(never.pid) is None
    assert not list(filled.root.rglob("*.part"))
    assert len(list(filled.checkpoints.glob("*/resume.pt"))) == 1  # its last complete epoch
    assert not list(filled.checkpoints.glob("*/*.safetensors"))


def test_a_job_killed_with_its_app_resumes_to_its_result(filled: Home) -> None:
    [identity] = killed_owner(filled, train(40))
    os.killpg(jobs.job(filled, identity).pid, signal.SIGKILL)
    ended = jobs.wait(filled, identity, WAIT_S)
    assert ended.state == jobs.INTERRUPTED, (ended, ended.error)
    again = jobs.resume(filled, identity)
    assert again.title == ended.title
    assert [one.id for one in jobs.jobs(filled)] == [again.id]  # the old record is gone
    done = jobs.wait(filled, again.id, WAIT_S)
    assert done.state == jobs.DONE, done.error
    assert ended.progress is not None and done.result is not None
    steps = [report.done for report in done.history()]
    assert steps[0] < ended.progress.done < steps[-1] == 80  # the curve is whole
    with pytest.raises(LccError, match="is done"):
        jobs.resume(filled, again.id)


def test_a_crash_shows_its_last_words(filled: Home) -> None:
    folder = filled.jobs / "20260101-000000-abcdef"
    facts = NOWHERE.to_json() | {"title": "t", "pid": 1, "process_started": "x"}
    facts["created"] = "2026-01-01T00:00:00+00:00"
    write_json(folder / jobs.FACTS, facts)
    lines = ['{"stage": "train", "done": 1, "total": 4, "message": "epoch 1 of 4", "time": 1.0}']
    lines += ["Traceback (most recent call last):", "RuntimeError: out of memory"]
    (folder / jobs.PROGRESS).write_text("\n".join(lines))
    found = jobs.job(filled, folder.name)
    assert found.state == jobs.FAILED and found.resumable
    assert "RuntimeError: out of memory" in found.error
    said = [str(line) for line in log(found)]
    assert "25 %  train: epoch 1 of 4" in said[0] and said[2].endswith("out of memory")


def test_each_epoch_is_one_line_of_the_log_and_one_record(filled: Home) -> None:
    done = jobs.wait(filled, jobs.start(filled, train(3)).id, WAIT_S)
    assert done.state == jobs.DONE, done.error
    said = [line.text for line in log(done) if line.text.startswith("train: epoch")]
    assert [text.split(",")[0] for text in said] == [f"train: epoch {n} of 3" for n in (1, 2, 3)]
    ends = [one.figures for one in done.history() if one.lasting and one.figures]
    assert [one["epoch"] for one in ends] == [1, 2, 3]  # however fast they are
    assert done.result is not None
    assert [one["loss"] for one in ends] == [row["loss"] for row in done.result["log"]]


@pytest.mark.parametrize(
    ("words", "heavy"),
    [(["train", "--data", "mine odd", "--resume"], True), (["data", "import", "x", "y"], False)],
)
def test_a_job_that_another_version_stored_as_a_command_is_listed(
    home: Home, words: list[str], heavy: bool
) -> None:
    folder = home.jobs / "20260101-000000-abcdef"
    facts = {"title": "t", "argv": words, "pid": 1, "process_started": "x"}
    write_json(folder / jobs.FACTS, facts | {"created": "2026-01-01T00:00:00+00:00"})
    for name in (jobs.PROGRESS, jobs.RESULT, "stop"):
        (folder / name).touch()
    [found] = jobs.jobs(home)
    assert (found.state, found.task, found.words) == (jobs.CANCELLED, None, tuple(words))
    assert found.heavy == heavy and not found.resumable
    with pytest.raises(LccError, match="another version") as raised:
        jobs.resume(home, found.id)
    assert shlex.join(["lcc", *words]) in raised.value.fix
    jobs.clear(home, found.id)


@pytest.mark.parametrize(
    "facts",
    [
        {"argv": "train"}, {"argv": [1]}, {}, {"task": 3, "settings": {}},
        {"task": "train", "settings": []}, {"task": "train"},
    ],
)  # fmt: skip
def test_a_job_that_says_nothing_to_do_is_named_unreadable(
    home: Home, facts: dict[str, Any]
) -> None:
    path = home.jobs / "20260101-000000-abcdef" / jobs.FACTS
    more = {"title": "t", "pid": 1, "process_started": "x", "created": "2026-01-01T00:00:00+00:00"}
    write_json(path, facts | more)
    for name in (jobs.PROGRESS, jobs.RESULT):
        (path.parent / name).touch()
    found = jobs.jobs(home)
    assert not found and [one.path for one in found.unreadable] == [path]


def test_the_command_lists_cancels_resumes_and_clears(
    filled: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def lcc(*words: str, code: int = 0) -> dict:
        assert main(["jobs", *words, "--json", "--home", str(filled.root)]) == code
        return json.loads(capsys.readouterr().out)

    assert lcc() == {"jobs": [], "unreadable": []}
    begun = jobs.start(filled, train(40), "Training")
    progressed(filled, begun.id, 4)
    assert [one["id"] for one in lcc("--cancel", begun.id)["jobs"]] == [begun.id]
    assert jobs.wait(filled, begun.id, WAIT_S).state == jobs.CANCELLED
    assert lcc("--resume", begun.id[-4:])["state"] == jobs.DONE
    assert lcc("--resume", "zzzz", code=2)["error"].startswith("No jobs")
    failing = jobs.start(filled, NOWHERE)
    jobs.wait(filled, failing.id, WAIT_S)
    main(["jobs", "--home", str(filled.root)])
    assert "nowhere" in capsys.readouterr().out
    assert "nowhere" in lcc("--resume", failing.id, code=2)["fix"]
    assert [one["state"] for one in lcc("--clear")["jobs"]] == []


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=WAIT_S).status == 200
    except OSError:
        return False


def test_a_killed_app_leaves_no_server(home: Home) -> None:
    command = [sys.executable, "-m", "lcc_core.cli", "--json", "app", "--home", str(home.root)]
    app = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    assert app.stdout is not None
    health = f"{json.loads(app.stdout.readline())['address']}/_stcore/health"
    assert urllib.request.urlopen(health, timeout=WAIT_S).status == 200
    app.kill()
    app.wait()
    end = time.monotonic() + WAIT_S
    while answers(health) and time.monotonic() < end:
        time.sleep(0.2)
    assert time.monotonic() < end
