"""A fault of the program in a point of a study: kept with its traceback, and told where."""

from __future__ import annotations

import json

import pytest
from shell import Shell
from studies import STUDY, fill

from lcc_core.files import Home
from lcc_core.studies import folder, steps
from lcc_core.studies.graph import MEASURE, TRAIN
from lcc_core.studies.runner import run_study
from lcc_core.studies.status import rows


def planted(*_: object) -> steps.Done:
    raise KeyError("planted")


@pytest.mark.parametrize("kind", [MEASURE, TRAIN])
def test_it_is_kept_with_its_traceback(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Also of a step that points need: they say what it was, and its own record how it came."""
    monkeypatch.setitem(steps.DOING, kind, planted)
    assert run_study(STUDY, fill(home)).failed == 6
    place = folder.find(home, STUDY.id)
    kept = place.path / folder.ERRORS
    (told,) = {row.error for row in rows(home, place)}
    assert told.startswith("KeyError: 'planted'. This is a fault of the program")
    assert str(kept) in told
    records = [json.loads(path.read_text()) for path in kept.iterdir()]
    details = [record["traceback"] for record in records if "traceback" in record]
    assert len(details) == (6 if kind == MEASURE else 1)
    assert all("in planted" in one and "Traceback (most recent" in one for one in details)
    shell = Shell(capsys, home.root)
    assert str(kept) in shell("study", "show", STUDY.id)
    assert all(row["error"] == told for row in shell.json("study", "show", STUDY.id)["rows"])
