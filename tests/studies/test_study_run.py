"""A study run: nothing twice, nothing lost, and a table that is the same however it came about."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from studies import STUDY, WIDE, figures, fill

from lcc_core import temporary
from lcc_core.checkpoints.store import WEIGHTS, list_checkpoints
from lcc_core.errors import Cancelled, LccError
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.reports.study import export
from lcc_core.results.table import own_rows
from lcc_core.studies import folder, records, steps
from lcc_core.studies.backends import pools
from lcc_core.studies.graph import MEASURE, SEARCH, expand
from lcc_core.studies.leases import Leases, leased
from lcc_core.studies.runner import run_study
from lcc_core.studies.status import fingerprints, rows, standing


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which the small study was run, undisturbed. Copied, never changed."""
    home = fill(Home.find(tmp_path_factory.mktemp("ran")))
    assert run_study(STUDY, home).made == 6
    return home


@pytest.fixture
def done(ran: Home, home: Home) -> Home:
    shutil.copytree(ran.root, home.root, dirs_exist_ok=True)
    return home


def test_a_study_shares_and_repeats_nothing(home: Home) -> None:
    said: list[Progress] = []
    first = run_study(WIDE, fill(home), hooks=Hooks(said.append))
    assert (first.points, first.found, first.made, first.failed) == (6, 0, 6, 0)
    assert first.steps == {"train": 2, "choose": 1, "search": 2, "measure": 6}
    assert said[-1].done == said[-1].total
    assert said[-1].figures == {
        "stages": {"measure": [6, 6], "search": [2, 2], "train": [2, 2], "choose": [1, 1]}
    }
    again = run_study(WIDE, home)
    assert (again.found, again.made, again.steps) == (6, 0, {})
    # One value changed: only its points are new, on the trainings that are there.
    more = run_study(WIDE.changed(bits=(8, 4)), home)
    assert (more.found, more.made, more.steps) == (6, 4, {"measure": 4})
    assert len(list_checkpoints(home)) == 2


def test_it_takes_what_other_commands_have_made(done: Home) -> None:
    shutil.rmtree(done.root / "steps")
    before = {path.name: path.stat().st_mtime_ns for path in done.results.iterdir()}
    trained = list_checkpoints(done)[0].created
    assert run_study(STUDY, done).made == 6
    assert {path.name: path.stat().st_mtime_ns for path in done.results.iterdir()} == before
    assert [one.created for one in list_checkpoints(done)] == [trained]


def test_margins_parts_and_equal_steps_run(home: Home) -> None:
    """Coresets of half the tiles train twice as long; searches choose where they are told to."""
    study = WIDE.changed(methods=("laq",), margin_kinds=("fixed", "adaptive"),
        select_on=("validation", "test"), equal_steps=True, recipe={"epochs": 2, "batch": 8},
    )  # fmt: skip
    done = run_study(study, fill(home))
    assert (done.failed, done.made) == (0, 8)
    found = rows(home, folder.find(home, study.id))
    stored = [json.loads(one.read_text()) for one in home.folder("searches").glob("*.json")]
    parts = [one["plan"]["facts"]["part"] for one in stored]
    assert sorted(parts) == ["test"] * 4 + ["validation"] * 4
    lengths = {one.id: (len(one.log), bool(one.kept)) for one in list_checkpoints(home)}
    assert sorted(lengths.values()) == [(2, False), (4, True)]
    for row in found:
        assert row.cost.steps == 8  # 32 tiles twice or 16 four times, by eights
        flat = row.flat()
        assert flat["training steps"] == 8 and flat["scoring (s)"] == 0  # random needs no scores
        assert flat["select_on"] in ("validation", "test")


def test_channels_are_a_dimension(home: Home) -> None:
    study = STUDY.changed(bits=(8,), k=(0.0,), channels=(0.0, 0.5), tuning={"epochs": 1})
    assert run_study(study, fill(home)).steps == {"train": 1, "narrow": 1, "measure": 2}
    plain, narrow = (row.row.measurement for row in rows(home, folder.find(home, study.id)))
    assert narrow.parameters < plain.parameters


def test_a_failing_point_leaves_its_error_and_stops_no_other(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise LccError("The search broke.", "Mend it.")

    with monkeypatch.context() as patch:
        patch.setitem(steps.DOING, SEARCH, fails)
        ended = run_study(WIDE, fill(home))
    assert (ended.made, ended.failed) == (4, 2)
    place = folder.find(home, WIDE.id)
    failed = [row for row in rows(home, place) if row.state == "failed"]
    assert [row.point.method for row in failed] == ["laq", "laq"]
    assert all(row.flat()["error"] == "The search broke. Mend it." for row in failed)
    assert standing(home, place).state == "failed"
    again = run_study(WIDE, home)  # mended
    assert (again.found, again.made, again.failed) == (4, 2, 0)
    assert standing(home, place).state == "done"


def test_unforeseen_errors_are_rows_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = steps.DOING[MEASURE]

    def sometimes(worker: Any, step: Any, values: Any) -> Any:
        if step.content["bits"] == 4:
            raise ZeroDivisionError("by nothing")
        return real(worker, step, values)

    monkeypatch.setitem(steps.DOING, MEASURE, sometimes)
    assert run_study(STUDY, fill(home)).failed == 2
    place = folder.find(home, STUDY.id)
    [error] = {row.error for row in rows(home, place) if row.error}
    assert error.startswith("ZeroDivisionError: by nothing. This is a fault of the program")
    assert str(place.path / "errors") in error  # where each keeps its traceback


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_or_a_read_only_one_stops_it_and_loses_nothing(
    ran: Home, home: Home, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill(home)
    real, left = temporary._create_file, [9]

    def full(path: Path) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(number, os.strerror(number))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(temporary, "_create_file", full)
        with pytest.raises((LccError, OSError), match="(?i)" + os.strerror(number)):
            run_study(STUDY, home)
    assert not list((home.root / "claims").glob("*.json"))
    assert not list(home.root.rglob(".*.part"))
    assert run_study(STUDY, home).failed == 0
    assert figures(home) == figures(ran)


def test_a_read_only_home_still_shows_and_exports(done: Home, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is read-only for root")
    for path in [done.root, *done.root.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        place = folder.find(done, STUDY.id)
        export(place, rows(done, place), tmp_path / "table.csv")
        assert len(pd.read_csv(tmp_path / "table.csv")) == 6
        with pytest.raises((LccError, OSError)):
            run_study(STUDY.changed(bits=(2,)), done)
    finally:
        for path in [done.root, *done.root.rglob("*")]:
            path.chmod(0o700)


def test_damage_is_seen_and_made_again(ran: Home, done: Home) -> None:
    row = next(done.results.iterdir())
    content = json.loads(row.read_text())
    row.write_text(json.dumps(content | {"oa": 0.123}))  # reads well, and is wrong
    weights = list_checkpoints(done)[0].path / WEIGHTS
    damaged = bytearray(weights.read_bytes())
    damaged[-5] ^= 0xFF
    weights.write_bytes(damaged)
    assert len(own_rows(done)) == 5
    ended = run_study(STUDY, done)
    assert ended.steps == {"train": 1, "measure": 1}
    assert figures(done) == figures(ran)


def test_two_runners_share_one_study(
    ran: Home, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home)
    real, done = steps.DOING.copy(), []
    for kind, doing in real.items():

        def counted(worker: Any, step: Any, values: Any, doing: Any = doing) -> Any:
            done.append(step.id)
            return doing(worker, step, values)

        monkeypatch.setitem(steps.DOING, kind, counted)
    ended: list[Any] = []
    threads = [
        threading.Thread(target=lambda: ended.append(run_study(STUDY, home))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ended) == 2
    assert len(done) == len(set(done)) == 7  # a training and six points, nothing twice
    assert figures(home) == figures(ran)


def test_claims_that_were_left_behind_are_taken_over(home: Home) -> None:
    mine, yours = Leases(home), Leases(home)
    assert mine.take("a") and not yours.take("a")
    assert leased(home, {"a", "b"}) == {"a"}
    mine.release("a")
    assert yours.take("a")
    yours.close()
    path = home.root / "claims" / "b.json"
    gone = {"pid": 2**22 + 1, "started": "x", "runner": "r"}
    path.write_text(json.dumps(gone | {"host": mine.owner["host"]}))
    assert leased(home, {"b"}) == set() and mine.take("b")
    path = home.root / "claims" / "c.json"
    path.write_text(json.dumps(gone | {"host": "another machine"}))
    assert not mine.take("c")  # it may be alive there
    os.utime(path, (0, 0))
    assert mine.take("c")
    mine.close()
    assert not list(path.parent.glob("*.json"))


def test_pause_and_cancel_keep_what_was_finished(
    ran: Home, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home)
    place = folder.save(home, STUDY)
    monkeypatch.setattr("lcc_core.studies.scheduler.MOST_TOGETHER", 2)

    def pause(report: Progress) -> None:
        if report.message.startswith("2 of"):
            folder.pause(place.path)

    with pytest.raises(Cancelled):
        run_study(STUDY, home, hooks=Hooks(pause))
    assert standing(home, place).state == "paused"
    assert standing(home, place).done == 2
    with pytest.raises(Cancelled):
        run_study(STUDY, home, hooks=Hooks(should_stop=lambda: True))
    ended = run_study(STUDY, home)
    assert (ended.found, ended.made) == (2, 4)
    assert figures(home) == figures(ran)


def test_a_worker_that_always_dies_fails_its_step_alone(
    done: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadly(pools.Here):
        def wait(self, seconds: float) -> list[pools.BatchResult]:
            if self.waiting and self.waiting[0].steps[0].kind == SEARCH:
                batch = self.waiting[0]
                self.waiting.clear()
                return [pools.BatchResult(batch, lost=True)]
            return super().wait(seconds)

    monkeypatch.setattr(pools, "Here", Deadly)
    study = STUDY.changed(methods=("fixed", "laq"), bits=(8,))
    ended = run_study(study, done)
    assert (ended.points, ended.failed) == (3, 1)
    error = next(row.error for row in rows(done, folder.find(done, study.id)) if row.error)
    assert "killed 3 times" in error and "--jobs" in error


def test_exports(done: Home, tmp_path: Path) -> None:
    place = folder.find(done, STUDY.id)
    every = rows(done, place)
    for name in ("table.csv", "table.parquet", "report.html"):
        export(place, every, tmp_path / name)
    frames = [pd.read_csv(tmp_path / "table.csv"), pd.read_parquet(tmp_path / "table.parquet")]
    for frame in frames:
        assert list(frame["point"]) == [row.id for row in every]
        assert frame["accuracy (%)"].tolist() == [
            round(100 * row.row.measurement.oa, 2) for row in every
        ]
        assert {"checkpoint", "plan", "row"} <= set(frame)
    text = (tmp_path / "report.html").read_text()
    assert "Plotly.newPlot" in text and "6 of 6 points" in text
    table = text.partition("Every point</h2>")[2]
    assert "In every row: state done, data tiny, split 64/16/20, architecture compact" in table
    assert "<th>bits</th>" in table and "<th>data</th>" not in table
    assert table.count("<tr") == 7
    assert not re.search(
        r"<script[^>]* src=", re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", text)
    )
    assert "<link" not in text.partition("<script")[0]  # nothing is loaded
    with pytest.raises(ValueError, match="ends in"):
        export(place, every, tmp_path / "table.xlsx")


def test_other_tiles_of_the_same_name_are_other_points(done: Home) -> None:
    before = set(expand(STUDY, fingerprints(done, STUDY)).points)
    facts = done.tiles / "tiny" / "meta.json"
    facts.write_text(facts.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    assert not before & set(expand(STUDY, fingerprints(done, STUDY)).points)


def test_records_without_their_files_count_for_nothing(done: Home) -> None:
    step = next(iter(expand(STUDY, fingerprints(done, STUDY)).points))
    assert records.check(done, step)
    (done.root / "steps" / f"{step}.json").write_text("{")
    assert records.look(done, step) is None and records.check(done, step) is None
