"""The coreset study and the scene study as presets: what their own engines once gave, and means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
import tiny_scene as scenes
from studies import fill

from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.measure.evaluate import predict
from lcc_core.results.flattery import Answered, flattery
from lcc_core.studies import folder
from lcc_core.studies.answers import answered
from lcc_core.studies.means import means
from lcc_core.studies.presets import preset
from lcc_core.studies.runner import run_study
from lcc_core.studies.status import PointRow, rows
from lcc_core.workspace import Workspace

CORESETS = preset("coresets").changed(
    data="tiny", coresets=("forgetting", "balanced-random"), fractions=(1.0, 0.5), seeds=(0, 1),
    recipe={"epochs": 2, "batch": 8}, methods=("fixed", "laq"), margins=(30.0,), tiles=4,
)  # fmt: skip
SCENE = preset("scene").changed(
    data="ground", archs=("cnn1d",), seeds=(0, 1), recipe={"epochs": 1},
    plans=("32:0", "32:1", "4:0", "4:0.5"),
)  # fmt: skip
# Coreset, fraction and seed → the checkpoint that the first engine of coreset studies trained, and
# its steps; a checkpoint's id is a hash of its recipe, its tiles and its coreset.
TRAINED = {
    ("all", 1.0, 0): ("b6cb088419a3", 8),
    ("all", 1.0, 1): ("c65f105f8183", 8),
    ("balanced-random", 0.5, 0): ("1772efb5e0f9", 4),
    ("balanced-random", 0.5, 1): ("6b866f662f7b", 4),
    ("forgetting", 0.5, 0): ("4eebee5cd37e", 4),
    ("forgetting", 0.5, 1): ("413c22341cb9", 4),
}
# Split, seed and student → the checkpoint of the first engine of scene studies.
OF_SCENE = {
    ("30/10/60", 0, 0.0): "6da6d6fa193f",
    ("30/10/60", 0, 0.5): "6e439e2fad98",
    ("30/10/60", 1, 0.0): "784d0a072537",
    ("30/10/60", 1, 0.5): "8b6ae57a045e",
    ("blocks-30/10/60", 0, 0.0): "608d7fcedddd",
    ("blocks-30/10/60", 0, 0.5): "6381192e263c",
    ("blocks-30/10/60", 1, 0.0): "e67e9ba0119b",
    ("blocks-30/10/60", 1, 0.5): "2583f30676ee",
}


@pytest.fixture(scope="module")
def coresets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[PointRow]]:
    home = fill(Home.find(tmp_path_factory.mktemp("coresets")))
    done = run_study(CORESETS, home)
    # Six models of which two are the sources too, each with float, 4 bits and a search.
    assert (done.made, done.failed) == (18, 0)
    assert done.steps == {"train": 6, "choose": 4, "search": 6, "measure": 18}
    return home, list(rows(home, folder.find(home, CORESETS.id)))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[PointRow]]:
    home = Home.find(tmp_path_factory.mktemp("scene"))
    scenes.store(home, height=60, width=60)
    done = run_study(SCENE, home)
    assert (done.made, done.failed) == (32, 0)
    assert done.steps == {"train": 4, "distil": 4, "measure": 32}
    return home, list(rows(home, folder.find(home, SCENE.id)))


def test_coresets_are_those_of_the_first_engine(coresets: tuple[Home, list[PointRow]]) -> None:
    _, every = coresets
    found = {}
    for row in every:
        point = row.point
        key = (point["coreset"], point["fraction"], point["seed"])
        found.setdefault(key, set()).add((row.row.measurement.checkpoint, row.cost.steps))
    assert found == {key: {value} for key, value in TRAINED.items()}


def test_figures_are_those_of_the_models(coresets: tuple[Home, list[PointRow]]) -> None:
    """Measured apart from the study: the float model's answers on the test part of its split."""
    home, every = coresets
    workspace = Workspace(home)
    for row in every:
        if row.point.how == "float":
            checkpoint = workspace.checkpoint(row.row.measurement.checkpoint)
            tiles, ids = workspace.tiles("tiny"), workspace.split(checkpoint).test
            right = predict(checkpoint.model(), tiles, ids) == tiles.labels[ids]
            assert row.row.measurement.oa == float(right.mean())
            assert row.row.measurement.oa == checkpoint.accuracy["test"]["oa"]


def test_means_over_seeds_by_hand(coresets: tuple[Home, list[PointRow]]) -> None:
    _, every = coresets
    found = means(every)
    assert len(found) == 3 * 3 and {one.n for one in found} == {2}
    for one in found:
        own = [
            100 * row.row.measurement.oa
            for row in every
            if (row.point["coreset"], row.point.how) == (one.key["coreset"], one.key["compression"])
        ]
        assert one.figures["accuracy (%)"].mean == pytest.approx(mean(own))
        assert one.figures["accuracy (%)"].sd == pytest.approx(stdev(own))
    scored = {one.key["coreset"]: one.figures["scoring (s)"].mean for one in found}
    assert scored["forgetting"] > 0 == scored["balanced-random"] == scored["all"]
    [single] = means(every[:1])
    assert single.n == 1 and single.figures["accuracy (%)"].sd is None
    by_method = means(every, by=("method",))
    assert [(one.key["method"], one.n) for one in by_method] == [("fixed", 12), ("laq", 6)]
    with pytest.raises(ValueError, match="by='colour'"):
        means(every, by=("colour",))


def test_a_checkpoint_that_is_named_chooses(coresets: tuple[Home, list[PointRow]]) -> None:
    """Its scores choose and its split is everybody's; nothing else is trained for them."""
    home, _ = coresets
    source = TRAINED["all", 1.0, 1][0]
    study = CORESETS.changed(
        sources=source, coresets="forgetting", seeds=(0,), methods="fixed", bits=(32,)
    )
    before = {one.id for one in list_checkpoints(home)}
    done = run_study(study, home)
    assert (done.failed, done.steps["choose"]) == (0, 1)
    found = rows(home, folder.find(home, study.id))
    kept = next(row for row in found if row.point["coreset"] == "forgetting")
    model = Workspace(home).checkpoint(kept.row.measurement.checkpoint)
    assert model.split["coreset"]["source"] == source
    assert len({one.id for one in list_checkpoints(home)} - before) <= 2
    assert f"scores of {source}" in kept.point.title and kept.flat()["source"] == source


def test_a_source_of_other_tiles_is_refused(coresets: tuple[Home, list[PointRow]]) -> None:
    home, _ = coresets
    scenes.store(home, height=60, width=60)
    study = SCENE.changed(sources=TRAINED["all", 1.0, 0][0], students=(0.0,), plans="32:0")
    done = run_study(study, home)
    assert done.failed == done.points
    [error] = {row.error for row in rows(home, folder.find(home, study.id))}
    assert "was trained on tiny, not ground" in error


def test_a_scene_is_that_of_the_first_engine(scene: tuple[Home, list[PointRow]]) -> None:
    _, every = scene
    found = {}
    for row in every:
        point = row.point
        key = (point["split"], point["seed"], point["student"])
        found.setdefault(key, set()).add(row.row.measurement.checkpoint)
        shared = row.figures["shared pixels (%)"]
        assert shared == 0 if key[0].startswith("blocks") else shared > 90
        assert row.figures["pixels/s"] > 0
    assert found == {key: {value} for key, value in OF_SCENE.items()}
    size = {(*row.point.values[1:4], row.point["student"], row.point.how): row for row in every}
    for (*model, student, how), row in size.items():
        if student:
            whole = size[(*model, 0.0, how)].row.measurement.bytes
            assert row.row.measurement.bytes < 0.7 * whole


def test_flattery_is_of_the_same_pixels(scene: tuple[Home, list[PointRow]]) -> None:
    home, every = scene
    given = answered(Workspace(home), every)
    assert len(given) == len(every)
    found = flattery(given)
    assert len(found) == 2 * 4 and all(one.seeds == 2 for one in found)
    for one in found:
        gaps, pixels = zip(
            *(plain_gap(given, one.model, one.plan, seed) for seed in (0, 1)), strict=True
        )
        assert one.oa == pytest.approx(mean(gaps)) and one.pixels == mean(pixels) == 623.5


def plain_gap(rows: list[Answered], model: str, plan: str, seed: int) -> tuple[float, int]:
    """Pixel by pixel: what the random training has right more often where both are tested."""
    answers = []
    for split in ("30/10/60", "blocks-30/10/60"):
        [row] = [
            r for r in rows if (r.model, r.plan, r.seed, r.split) == (model, plan, seed, split)
        ]
        assert len(row.seen.ids) == row.row.tiles
        right = (row.seen.answers == row.truth).tolist()
        assert sum(right) == round(row.row.oa * row.row.tiles)
        answers.append(dict(zip(row.seen.ids.tolist(), right, strict=True)))
    common = answers[0].keys() & answers[1].keys()
    return sum(answers[0][p] - answers[1][p] for p in common) / len(common), len(common)


def test_only_what_is_known_flatters(scene: tuple[Home, list[PointRow]]) -> None:
    """A split that only tests easier pixels does not flatter; one that knows them does."""
    home, every = scene
    given = [
        one
        for one in answered(Workspace(home), every)
        if one.plan == "float" and one.seed == 0 and "student" not in one.model
    ]
    one, other = sorted(given, key=lambda row: row.split)
    hard = other.seen.ids[~np.isin(other.seen.ids, one.seen.ids)]
    truth = {int(p): int(t) for r in (one, other) for p, t in zip(r.seen.ids, r.truth, strict=True)}

    def answers(row: Answered, wrong: np.ndarray) -> Answered:
        given = np.array([truth[int(p)] for p in row.seen.ids])
        given[np.isin(row.seen.ids, wrong)] = (given[np.isin(row.seen.ids, wrong)] + 1) % 3
        right = float((given == row.truth).mean())
        seen = replace(row.seen, answers=given)
        return replace(row, seen=seen, row=replace(row.row, oa=right))

    [fair] = flattery([answers(one, np.array([])), answers(other, hard)])
    assert fair.own_oa > 0.2 and fair.oa == fair.kappa == 0
    known = np.intersect1d(one.seen.ids, other.seen.ids)
    [found] = flattery([answers(one, np.array([])), answers(other, known)])
    assert found.oa == 1 and found.pixels == len(known)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"archs": "alexnet-9"}, "archs='alexnet-9'"),
        ({"splits": "blocks-1/2/3"}, "blocks-1/2/3"),
        ({"seeds": ()}, "seeds"),
        ({"recipe": {"epochs": 0}}, "epochs=0"),
        ({"students": (0.95,)}, "students=0.95"),
        ({"plans": "4"}, "4:0.5"),
        ({"plans": "9:0"}, "plans='9:0'"),
        ({"criteria": "l1", "tuning": {"criterion": "l2"}}, "criteria"),
        ({"schedules": "weekly"}, "schedules='weekly'"),
        ({"colours": "red"}, "no setting 'colours'"),
    ],
)
def test_bad_choices_are_told_before_the_work(changes: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, LccError), match=said):
        SCENE.changed(**changes)


def test_criteria_and_schedules_are_axes_of_narrowing_alone(home: Home) -> None:
    study = CORESETS.changed(
        fractions=(1.0,), seeds=(0,), bits=(32,), methods="fixed", channels=(0.0, 0.5),
        criteria=("l1", "random"), schedules=("one-shot", "multi-pass"),
        recipe={"epochs": 1, "batch": 8}, tuning={"epochs": 2},
    )  # fmt: skip
    done = run_study(study, fill(home))
    assert (done.points, done.failed) == (5, 0)
    assert done.steps == {"train": 1, "narrow": 4, "measure": 5}
    told = {row.point.title for row in rows(home, folder.find(home, study.id))}
    assert any("by random, multi-pass" in one for one in told)
