"""The hyperspectral study: complete, repeatable, and its means and differences right."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean, stdev

import pytest
import tiny_scene as scenes

from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.studies.scene_study import SceneStudy, flattery, run_scene_study, summarize

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
    rows = run_scene_study(STUDY, home, on_progress=reports.append)
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
    found = flattery(means)
    assert len(found) == 2 * len(plans)
    for one in found:
        by = {m.protocol: m for m in means if (m.arch, m.plan) == (one.arch, one.plan)}
        assert one.oa == pytest.approx(by["30/10/60"].oa - by["blocks-30/10/60"].oa)
    assert summarize(rows[:1])[0].spread is None


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
