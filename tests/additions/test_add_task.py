"""A kind of long work that one file registers: a command, a job, and what pages find of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy_task
from shell import Shell
from toy_task import SumTask
from visit import WAIT_S, page, words

from lcc_core import jobs
from lcc_core.cli import main
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.tasks import TASKS, register, task_from


@pytest.fixture(autouse=True)
def _registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Here, and in every process that is started from here."""
    register(SumTask)
    folder = tmp_path / "at-start"
    folder.mkdir()
    text = "import toy_task\nfrom lcc_core.tasks import register\nregister(toy_task.SumTask)\n"
    (folder / "sitecustomize.py").write_text(text)
    known = [str(folder), str(Path(toy_task.__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, known)))
    yield
    TASKS.forget("sum")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home) -> Shell:
    return Shell(capsys, home.root)


def told(shell: Shell, *words: str) -> str:
    """The help that a command prints."""
    with pytest.raises(SystemExit):
        main(words)
    return shell.capsys.readouterr().out


def test_it_is_a_command(shell: Shell, tmp_path: Path) -> None:
    assert shell.json("sum", "--numbers", "3,4") == {"sum": 7}
    assert "Adding 2 numbers: done" in shell("sum")
    assert "add numbers up" in told(shell, "--help")
    assert "What is added" in told(shell, "sum", "--help")
    shell("sum", "--numbers", "3,-4", code=2)
    assert "--numbers" in shell.err and "-4" in shell.err
    file = tmp_path / "sum.json"
    file.write_text(json.dumps(SumTask(numbers=(5, 6)).to_json()))
    assert shell.json("run", file) == {"sum": 11}


def test_its_job_runs_and_its_result_is_found(home: Home, shell: Shell) -> None:
    task = SumTask(numbers=(1, 2, 3))
    assert jobs.job_of(home, task) is None and jobs.result_of(home, task) is None
    begun = jobs.start(home, task)
    assert begun.title == "Adding 3 numbers" and begun.words == ("sum", "--numbers", "1,2,3")
    stored = json.loads((begun.folder / jobs.FACTS).read_text())
    assert (stored["task"], stored["settings"]) == ("sum", {"numbers": [1, 2, 3]})
    assert task_from(stored) == task
    ended = jobs.wait(home, begun.id, WAIT_S)
    assert (ended.state, ended.error, ended.task) == (jobs.DONE, "", task)
    assert [report.done for report in ended.history()][-1] == 3
    assert jobs.result_of(home, SumTask(numbers=(1, 2, 3))) == {"sum": 6}
    assert jobs.result_of(home, SumTask(numbers=(1, 2))) is None
    assert jobs.result_of(home, task, since="2100-01-01T00:00:00+00:00") is None
    assert jobs.result_of(home, task, since=ended.created) == {"sum": 6}
    [told] = shell.json("jobs")["jobs"]
    assert told["task"] == task.to_json() and told["command"] == list(begun.words)

    test = page("jobs")
    assert "Adding 3 numbers" in words(test) and "lcc sum --numbers 1,2,3" in words(test)
    test = page("train")
    test.session_state["job"] = begun.id
    assert "The sum stands **nowhere**" in words(test.run())


def test_a_job_of_a_kind_that_is_gone_is_listed_and_says_so(home: Home) -> None:
    ended = jobs.wait(home, jobs.start(home, SumTask()).id, WAIT_S)
    TASKS.forget("sum")
    (ended.folder / jobs.RESULT).write_text("")  # as if it had been stopped
    (ended.folder / "stop").touch()
    found = jobs.job(home, ended.id)
    assert found.task is None and found.state == jobs.CANCELLED and not found.resumable
    with pytest.raises(LccError, match="another version"):
        jobs.resume(home, ended.id)
    test = page("jobs")
    assert not test.exception and "Adding 2 numbers" in words(test)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "no JSON"), ("[1]", "holds no task"), ("{}", "no kind of work"), (None, "not exist")],
)
def test_a_file_that_holds_no_task_is_one_line(
    shell: Shell, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "task.json"
    if text is not None:
        file.write_text(text)
    shell("run", file, code=2)
    (line,) = shell.err.splitlines()
    assert said in line
