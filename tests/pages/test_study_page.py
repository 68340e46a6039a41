"""The Studies page, without a browser."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import visit
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).parents[1] / "studies"))
from studies import STUDY, fill
from visit import WAIT_S, words

from lcc_core import jobs
from lcc_core.files import Home
from lcc_core.studies import folder
from lcc_core.studies.runner import run_study
from lcc_core.studies.status import standing


def page() -> AppTest:
    test = visit.page("studies")
    assert not test.exception
    return test


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def press(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


def set_many(test: AppTest, label: str, values: list) -> AppTest:
    next(one for one in test.multiselect if one.label == label).set_value(values).run()
    assert not test.exception
    return test


def test_the_grid_says_how_much_it_is_before_it_starts(home: Home) -> None:
    test = page()
    assert "15 points" in words(test) and "on 1 training." in words(test)
    assert "Very roughly" in words(test)
    set_many(test, "Bits", [8, 4])
    assert "6 points" in words(test)
    set_many(test, "Tiles to keep (%)", [100, 10])
    assert "12 points" in words(test)
    set_many(test, "Bits", [])
    assert "bits=()" in words(test) and "Start the study" not in labels(test)
    test.selectbox(key="preset").set_value("hyperspectral").run()
    assert not test.exception and "216 points" in words(test)


def test_a_study_is_started_paused_and_forgotten(home: Home) -> None:
    fill(home)
    test = page()
    set_many(test, "Data", ["tiny"])
    set_many(test, "Bits", [8])
    set_many(test, "Pruning k (σ)", [0.0])
    test.number_input(key="epochs-first-look").set_value(2000).run()
    test.slider(key="jobs").set_value(1).run()
    press(test, "Start the study")
    [place] = folder.studies(home)
    [job] = jobs.jobs(home)
    assert job.argv == ("study", "run", place.id, "--jobs", "1")
    assert "Pause" in labels(test) and "0 of 1 points" in words(test)
    press(test, "Pause")
    assert jobs.wait(home, job.id, WAIT_S).state == jobs.CANCELLED
    test.run()
    assert "paused" in words(test) and "Resume" in labels(test)
    press(test, "Resume")
    assert jobs.jobs(home)[0].live
    end = time.monotonic() + WAIT_S
    while not standing(home, place).busy and time.monotonic() < end:
        time.sleep(0.1)
    assert "Cancel" in labels(test.run())
    press(test, "Cancel")
    assert folder.studies(home) == []
    for one in jobs.jobs(home):
        jobs.wait(home, one.id, WAIT_S)


@pytest.mark.parametrize("failed", [False, True])
def test_what_is_there_is_shown(home: Home, failed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home)
    study = replace(STUDY, bits=(8,))
    run_study(study, home)
    place = folder.find(home, study.id)
    if failed:
        step = next(p for p in (home.root / "steps").glob("*.json") if "measure" in p.read_text())
        step.unlink()
        folder.write_error(place.path, step.stem, "It broke.", "Mend it.")
    test = page()
    said = words(test)
    if failed:
        assert "1 of 2 points, 1 failed" in said and "1 point:** It broke. Mend it." in said
        assert "Try again" in labels(test)
    else:
        assert "done · 2 of 2 points" in said
        assert not {"Pause", "Resume"} & set(labels(test))
    assert len(test.get("plotly_chart")) == 1
    assert {"CSV", "Parquet", "Report (HTML)"} <= {
        one.proto.label for one in test.get("download_button")
    }
