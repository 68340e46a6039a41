"""The hyperspectral study: complete, repeatable, and its means and differences right."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean, stdev

import numpy as np
import pytest
import tiny_scene as scenes

from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.results.flattery import flattery
from lcc_core.studies.scene_study import SceneRow, SceneStudy, run_scene_study, summarize

STUDY = SceneStudy(
    "ground", ("cnn1d", "cnn2d"), seeds=(0, 1), recipe={"epochs": 1}, bits=(4,), k=(1.0,)
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.find(tmp_path_factory.mktemp("study"))
    scenes.store(home, height=60, width=60)
    return home


def test_every_combination_is_measured_once(home: Home) -> None:
    reports = []
    rows = run_scene_study(STUDY, home, hooks=Hooks(reports.append))
    taught = "taught, 50 % fewer channels"
    plans = {"float", "pruned, k = 1", "4 bits", "4 bits, k = 0.5"}
    plans |= {taught, f"{taught}, 4 bits, k = 0.5"}
    keys = {(r.arch, r.protocol, r.seed, r.plan) for r in rows}
    assert len(keys) == len(rows) == 2 * 2 * 2 * len(plans)
    assert {r.plan for r in rows} == plans
    done = [report.done for report in reports]
    assert done == sorted(done) and reports[-1].done == reports[-1].total
    for row in rows:
        assert row.shared == 0 if row.protocol.startswith("blocks") else row.shared > 0.9
        assert row.pixels_per_s > 0 and row.row.tiles > 0
    size = {(r.arch, r.protocol, r.seed, r.plan): r.row.bytes for r in rows}
    for arch, protocol, seed, _ in size:
        assert size[arch, protocol, seed, taught] < 0.7 * size[arch, protocol, seed, "float"]
    again = run_scene_study(STUDY, home)
    assert [one.row.measured for one in again] == [one.row.measured for one in rows]

    means = summarize(rows)
    assert len(means) == 2 * 2 * len(plans) and all(one.seeds == 2 for one in means)
    for one in means:
        key = (one.arch, one.protocol, one.plan)
        own = [r.row for r in rows if (r.arch, r.protocol, r.plan) == key]
        assert one.kappa == pytest.approx(mean(r.kappa for r in own))
        assert one.spread[0] == pytest.approx(stdev(r.oa for r in own))
    found = flattery(rows)
    assert len(found) == 2 * len(plans)
    for one in found:
        by = {m.protocol: m for m in means if (m.arch, m.plan) == (one.arch, one.plan)}
        assert one.own_oa == pytest.approx(by["30/10/60"].oa - by["blocks-30/10/60"].oa)
        gaps, pixels = zip(
            *(plain_gap(rows, one.arch, one.plan, seed) for seed in (0, 1)), strict=True
        )
        assert one.oa == pytest.approx(mean(gaps)) and one.pixels == mean(pixels)
        assert one.seeds == 2
    text = rows[0].to_json()
    assert "seen" not in text and "truth" not in text and text["row"]["oa"] == rows[0].row.oa
    assert summarize(rows[:1])[0].spread is None


def plain_gap(rows: list[SceneRow], arch: str, plan: str, seed: int) -> tuple[float, int]:
    """Pixel by pixel: what the random training has right more often where both are tested."""
    answers = []
    for protocol in ("30/10/60", "blocks-30/10/60"):
        [row] = [
            r for r in rows if (r.arch, r.plan, r.seed, r.protocol) == (arch, plan, seed, protocol)
        ]
        assert len(row.seen.ids) == row.row.tiles
        right = (row.seen.answers == row.truth).tolist()
        assert sum(right) == round(row.row.oa * row.row.tiles)
        answers.append(dict(zip(row.seen.ids.tolist(), right, strict=True)))
    common = answers[0].keys() & answers[1].keys()
    return sum(answers[0][p] - answers[1][p] for p in common) / len(common), len(common)


def test_flattery_is_of_the_same_pixels(home: Home) -> None:
    """A split that only tests easier pixels does not flatter; one that knows them does."""
    rows = run_scene_study(replace(STUDY, archs=("cnn1d",), seeds=(0,)), home)
    one = next(r for r in rows if r.protocol == "30/10/60" and r.plan == "float")
    other = next(r for r in rows if r.protocol != "30/10/60" and r.plan == "float")
    hard = other.seen.ids[~np.isin(other.seen.ids, one.seen.ids)]
    truth = {int(p): int(t) for r in (one, other) for p, t in zip(r.seen.ids, r.truth, strict=True)}

    def answered(row: SceneRow, wrong: np.ndarray) -> SceneRow:
        given = np.array([truth[int(p)] for p in row.seen.ids])
        given[np.isin(row.seen.ids, wrong)] = (given[np.isin(row.seen.ids, wrong)] + 1) % 3
        right = float((given == row.truth).mean())
        seen = replace(row.seen, answers=given)
        return replace(row, seen=seen, row=replace(row.row, oa=right))

    [fair] = flattery([answered(one, np.array([])), answered(other, hard)])
    assert fair.own_oa > 0.2 and fair.oa == fair.kappa == 0
    known = np.intersect1d(one.seen.ids, other.seen.ids)
    [found] = flattery([answered(one, np.array([])), answered(other, known)])
    assert found.oa == 1 and found.pixels == len(known)


def test_bad_choices_are_told_before_the_work() -> None:
    for changes, message in (
        ({"archs": ("compact",)}, "arch='compact'"),
        ({"protocols": ("blocks-1/2/3",)}, "protocol='blocks-1/2/3'"),
        ({"seeds": ()}, "seeds"),
        ({"recipe": {"epochs": 0}}, "epochs=0"),
        ({"students": (0.95,)}, "ratio=0.95"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(STUDY, **changes)


def test_tiles_are_no_scene(home: Home, tile_folder) -> None:
    from lcc_core.data.catalog import import_tiles

    import_tiles("tiny", tile_folder, home)
    with pytest.raises(DataError, match="'tiny' holds tiles"):
        run_scene_study(replace(STUDY, data="tiny"), home)
