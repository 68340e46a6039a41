from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lcc_core import jobs
from lcc_core.errors import LccError
from lcc_core.files import Home, write_json

TRAIN = ["train", "--data", "mine", "--arch", "compact", "--batch", "16"]


@pytest.fixture
def filled(home: Home, tile_folder: Path) -> Home:
    from lcc_core.data.catalog import import_tiles

    import_tiles("mine", tile_folder, home)
    return home


def progressed(home: Home, identity: str, batches: int = 0) -> jobs.Job:
    """The job once it is past that many batches; an epoch has two."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        found = jobs.job(home, identity)
        if not found.running or (found.progress and found.progress.done > batches):
            return found
        time.sleep(0.05)
    raise AssertionError("no progress")


def test_a_job_runs_to_its_result(filled: Home) -> None:
    begun = jobs.start(filled, [*TRAIN, "--epochs", "2"], "Train the compact network")
    assert begun.running
    assert jobs.start(filled, [*TRAIN, "--epochs", "2"]).id == begun.id  # not twice
    ended = jobs.wait(filled, begun.id)
    assert (ended.state, ended.error) == (jobs.DONE, "")
    assert ended.result is not None and ended.result["arch"] == "compact"
    assert ended.progress is not None and ended.progress.done == ended.progress.total
    assert ended.history()[0].stage == "train"
    assert [one.id for one in jobs.jobs(filled)] == [begun.id]
    assert jobs.cancel(filled, begun.id).state == jobs.DONE  # too late: nothing happens
    jobs.clear(filled, begun.id)
    assert jobs.jobs(filled) == []


def test_cancel_between_batches(filled: Home) -> None:
    begun = jobs.start(filled, [*TRAIN, "--epochs", "2000"])
    assert progressed(filled, begun.id, 4).running
    asked = time.monotonic()
    jobs.cancel(filled, begun.id)
    ended = jobs.wait(filled, begun.id)
    assert ended.state == jobs.CANCELLED
    assert time.monotonic() - asked < 5
    assert ended.result is None
    assert list(filled.checkpoints.glob("*/resume.pt"))  # what was finished is kept
    assert not list(filled.checkpoints.glob("*/.*.part"))


def test_bad_input_fails_with_its_line(filled: Home) -> None:
    begun = jobs.start(filled, ["train", "--data", "nowhere", "--arch", "compact"])
    ended = jobs.wait(filled, begun.id)
    assert ended.state == jobs.FAILED
    assert "nowhere" in ended.error and "lcc data import" in ended.error


def test_a_killed_job_is_told_from_a_running_one_and_resumes(filled: Home) -> None:
    begun = jobs.start(filled, [*TRAIN, "--epochs", "2000"])
    reached = progressed(filled, begun.id, 6)
    os.killpg(begun.pid, signal.SIGKILL)
    ended = jobs.wait(filled, begun.id)
    assert ended.state == jobs.FAILED
    assert "without a result" in ended.error
    again = jobs.start(filled, [*TRAIN, "--epochs", "2000", "--resume"])
    progressed(filled, again.id)
    jobs.cancel(filled, again.id)
    first = jobs.wait(filled, again.id).history()[0]
    assert reached.progress is not None
    assert first.done >= reached.progress.done - 2  # at most one epoch of two batches is lost


def test_jobs_outlive_the_app_that_started_them(filled: Home) -> None:
    script = (
        "import sys, os, signal; from lcc_core import jobs; from lcc_core.files import Home\n"
        f"job = jobs.start(Home.find({str(filled.root)!r}), {[*TRAIN, '--epochs', '3']!r})\n"
        "print(job.id, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    app = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert app.returncode == -signal.SIGKILL
    identity = app.stdout.strip()
    assert jobs.job(filled, identity).running
    assert jobs.wait(filled, identity).state == jobs.DONE


def test_a_reused_process_number_is_not_the_job(home: Home) -> None:
    folder = home.jobs / "20260101-000000-abcdef"
    facts = {"title": "t", "argv": ["train"], "created": "", "pid": os.getpid()}
    write_json(folder / jobs.FACTS, facts | {"process_started": "another:1"})
    (folder / jobs.PROGRESS).write_text('{"stage": "train", "done": 1, "total": 4}\n{"sta')
    (folder / jobs.RESULT).write_text('{"id": "cut')
    found = jobs.job(home, folder.name)
    assert found.state == jobs.FAILED
    assert found.progress is not None and found.progress.done == 1
    (folder / jobs.RESULT).write_text(json.dumps({"id": "whole"}))
    assert jobs.job(home, folder.name).state == jobs.DONE


def test_unreadable_and_missing_jobs(home: Home) -> None:
    folder = home.jobs / "broken"
    folder.mkdir()
    (folder / jobs.FACTS).write_text("{")
    assert jobs.jobs(home) == []
    for name in ("broken", "none", "../tiles"):
        with pytest.raises(LccError):
            jobs.job(home, name)
