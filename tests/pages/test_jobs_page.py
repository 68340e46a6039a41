"""The Jobs page and the line in the sidebar, without a browser."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from visit import WAIT_S, page, words

from lcc_core import jobs
from lcc_core.data.catalog import import_tiles
from lcc_core.files import Home, write_json
from lcc_core.tasks.training import TrainTask


def training(epochs: int) -> TrainTask:
    return TrainTask(data="tiny", arch="compact", batch=16, epochs=epochs)


def sidebar(test: AppTest) -> list[str]:
    """The kinds of what stands there. Only the first run of a test tells it."""
    return [type(one).__name__ for one in test.sidebar]


def press(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def ended(home: Home, name: str, result: dict | None, said: str = "", mark: str = "") -> jobs.Job:
    """A job that ended like this."""
    folder = home.jobs / f"20260101-000000-000000-{name}"
    facts = training(2).to_json() | {"title": f"Job {name}", "task_id": name, "pid": 1}
    facts |= {"created": "2026-01-01T00:00:00+00:00", "process_started": "ended"}
    write_json(folder / jobs.FACTS, facts)
    write_json(folder / jobs.RESULT, result)
    (folder / jobs.PROGRESS).write_text(said)
    for one in filter(None, ["began", mark]):
        (folder / one).touch()
    return jobs.job(home, folder.name)


@pytest.fixture
def tiny(home: Home, tile_folder: Path) -> Home:
    import_tiles("tiny", tile_folder, home)
    return home


def test_nothing_yet_names_the_next_step(home: Home) -> None:
    test = page("jobs")
    assert not test.exception
    assert "No job yet" in test.info[0].value
    assert not test.button
    assert "Progress" not in sidebar(page())


def test_ended_jobs_say_how_and_can_be_cleared(home: Home) -> None:
    report = '{"stage": "train", "done": 1, "total": 4, "message": "epoch 1 of 2"}\n'
    assert ended(home, "aaaa", {"id": "x"}, report).state == jobs.DONE
    failure = {"error": "The tiles are gone.", "fix": "Import them.", "code": 2}
    assert ended(home, "bbbb", failure).state == jobs.FAILED
    assert ended(home, "cccc", None, report, "stop").state == jobs.CANCELLED
    assert ended(home, "dddd", None, report, "orphaned").state == jobs.INTERRUPTED
    test = page("jobs")
    said = words(test)
    for text in ("Job aaaa", "The tiles are gone. Import them.", "cancelled", "interrupted"):
        assert text in said
    assert "at 25 %" in said
    assert [labels(test).count(one) for one in ("Resume", "Try again", "Clear")] == [2, 1, 4]
    look = test.selectbox(key="look")
    assert len(set(look.options)) == 4
    look.set_value("20260101-000000-000000-cccc").run()
    assert "25 %  train: epoch 1 of 2" in words(test)
    test.button(key="clear-20260101-000000-000000-cccc").click().run()
    assert not test.exception and "Job cccc" not in words(test)
    press(test, "Clear all that ended")
    assert not jobs.jobs(home)
    assert "No job yet" in words(test)


def test_run_wait_cancel_and_resume(tiny: Home) -> None:
    first = jobs.start(tiny, training(2000), "Training the first")
    jobs.start(tiny, training(1), "Training the second")
    end = time.monotonic() + WAIT_S
    while not jobs.job(tiny, first.id).history() and time.monotonic() < end:
        time.sleep(0.1)
    test = page("jobs")
    said = words(test)
    assert not test.exception and not test.error
    assert [item.value for item in test.header] == ["Running", "Waiting", "Curve and log"]
    assert "next in the queue" in said and "lcc train --data tiny --epochs 2000" in said
    test.run()
    assert "train: epoch" in words(test)
    kinds = sidebar(other := page())
    strip = [list(other.sidebar)[kinds.index(kind)].proto for kind in ("Progress", "PageLink")]
    assert strip[0].text.startswith("Training the first · ")
    assert strip[1].label == "Jobs: 1 waiting"
    press(test, "Cancel")  # the running one stands first
    assert jobs.wait(tiny, first.id).state == jobs.CANCELLED
    second = next(job for job in jobs.jobs(tiny) if job.title == "Training the second")
    assert jobs.wait(tiny, second.id).state == jobs.DONE
    test = press(page("jobs"), "Resume")
    again = jobs.jobs(tiny)[0]
    assert again.title == "Training the first" and again.live
    assert again.task == training(2000).resumed()
    assert again.id in test.session_state["job"]
    jobs.cancel(tiny, again.id)
    jobs.wait(tiny, again.id)


def test_reading_many_ended_jobs_is_cheap(home: Home) -> None:
    line = '{"stage": "train", "done": 1, "total": 4, "message": "' + "x" * 200 + '"}\n'
    for number in range(100):
        ended(home, f"{number:04}", {"id": "x"}, line * 300)
    assert len(jobs.jobs(home)) == 100
    began = time.process_time()
    for _ in range(10):
        jobs.jobs(home)
    assert (time.process_time() - began) / 10 < 0.02 * (os.cpu_count() or 1)
