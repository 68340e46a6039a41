"""What a study asks for: its file, its points, and the steps that they share."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.studies.grid.graph import CHOOSE, MEASURE, NARROW, SEARCH, TRAIN, expand, points
from lcc_core.studies.grid.pace import Pace, estimate
from lcc_core.studies.grid.presets import PRESETS, preset
from lcc_core.studies.grid.study import LISTS, Study, read_study


def some(values: list) -> st.SearchStrategy[tuple]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)


STUDIES = st.builds(
    Study,
    data=some(["demo", "eurosat", "mine"]),
    archs=some(["compact", "resnet18"]),
    splits=some(["64/16/20", "80/20"]),
    seeds=some([0, 1, 7]),
    fractions=some([1.0, 0.5, 0.1, 0.05]),
    coresets=some(["random", "ccs", "balanced-margin"]),
    channels=some([0.0, 0.3, 0.5]),
    methods=some(["fixed", "laq", "size"]),
    bits=some([32, 8, 4, 1]),
    k=some([0.0, 0.5, 1.0]),
    margins=some([0.3, 0.5]),
    quantizers=some(["own", "papers"]),
)


def models(study: Study) -> int:
    whole = 1.0 in study.fractions
    kept = whole + (len(study.fractions) - whole) * len(study.coresets)
    return len(study.data) * len(study.archs) * len(study.splits) * len(study.seeds) * kept


def plans(study: Study) -> int:
    quantizers, count = len(study.quantizers), 0
    if "fixed" in study.methods:
        count += len(study.bits) * len(study.k) * quantizers
        # A float model has no quantizer.
        count -= (quantizers - 1) * (32 in study.bits and 0.0 in study.k)
    searches = len(set(study.methods) - {"fixed"})
    return count + searches * len(study.margins) * quantizers


@settings(max_examples=60, deadline=None)
@given(STUDIES, st.randoms(use_true_random=False))
def test_every_point_once_and_shared_steps_once(study: Study, chance: random.Random) -> None:
    graph = expand(study)
    every = list(points(study))
    assert len(every) == len(set(every)) == len(graph.points)
    assert len(every) == models(study) * len(study.channels) * plans(study)

    # One training a model; one more where only coresets ask for the scores of the whole.
    bases = len(study.data) * len(study.archs) * len(study.splits) * len(study.seeds)
    assert graph.count(TRAIN) == models(study) + bases * (1.0 not in study.fractions)
    below = models(study) - bases * (1.0 in study.fractions)
    assert graph.count(CHOOSE) == below
    narrowed = sum(ratio > 0 for ratio in study.channels)
    assert graph.count(NARROW) == models(study) * narrowed
    searches = len(set(study.methods) - {"fixed"}) * len(study.margins) * len(study.quantizers)
    assert graph.count(SEARCH) == models(study) * len(study.channels) * searches
    assert graph.count(MEASURE) == len(every)

    place = {step: number for number, step in enumerate(graph.steps)}
    for step in graph.steps.values():
        assert all(place[need] < place[step.id] for need in step.needs.values())

    def shuffled(values: tuple) -> tuple:
        return tuple(chance.sample(values, len(values)))

    other = replace(study, name="other", **{n: shuffled(getattr(study, n)) for n in LISTS})
    assert other.id == study.id
    assert expand(other).points == graph.points
    assert set(expand(other).steps) == set(graph.steps)
    assert Study.from_toml(study.to_toml()) == study


def test_a_grid_over_one_checkpoint_trains_once() -> None:
    study = Study(("demo",), bits=(1, 2, 3, 4, 5, 6, 7, 8), k=(0.0, 0.25, 0.5, 1.0, 1.5))
    graph = expand(study)
    assert len(graph.points) == 40
    assert graph.count(TRAIN) == 1


def test_what_decides_a_result_decides_its_id() -> None:
    study = Study(("demo",), bits=(4,))
    [one] = expand(study).points
    for other in (
        replace(study, seeds=(1,)),
        replace(study, recipe={"epochs": 3}),
        replace(study, bits=(5,)),
        replace(study, k=(0.5,)),
        replace(study, quantizers=("papers",)),
        replace(study, splits=("80/20",)),
    ):
        assert one not in expand(other).points
    assert one not in expand(study, {"demo": "other tiles"}).points
    assert one in expand(replace(study, bits=(4, 5), archs=("compact", "resnet18"))).points
    # How a search chooses is nothing to a fixed plan.
    assert one in expand(replace(study, tiles=500, margins=(3.0,))).points


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "bits by k.toml"
    path.write_text('data = "demo"\nbits = [8, 4]\nk = [0, 0.5]\n[recipe]\nepochs = 3\n')
    study = read_study(path)
    assert study.name == "bits-by-k"
    assert (study.data, study.k, study.recipe) == (("demo",), (0.0, 0.5), {"epochs": 3})
    assert len(expand(study).points) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bits = [4]", "names no data"),
        ('data = "demo"\nbit = [4]', "no setting 'bit'"),
        ('data = "demo"\nbits = [4, 4]', "twice"),
        ('data = "demo"\nbits = []', "one value or more"),
        ('data = "demo"\nbits = [9]', "one of 1, 2"),
        ('data = "demo"\nbits = ["4"]', "whole numbers"),
        ('data = "demo"\nseeds = [true]', "whole numbers"),
        ('data = "demo"\nk = [-1]', "0…10"),
        ('data = "demo"\nfractions = [0]', "fractions=0.0"),
        ('data = "demo"\narchs = ["lenet"]', "lenet"),
        ('data = "demo"\nmethods = ["magic"]', "magic"),
        ('data = "../x"\n', "name"),
        ('data = "demo"\nsplits = ["50/50"]', "50/50"),
        ('data = "demo"\nredraw = 3', "redraw=3"),
        ('data = "demo"\nrecipe = 3', "a table"),
        ('data = "demo"\n[recipe]\nepoch = 3', "epoch"),
        ('data = "demo"\n[recipe]\nseed = 3', "the grid sets it"),
        ('data = "demo"\n[recipe]\nepochs = 0', "epochs=0"),
        ('data = "demo"\n[tuning]\ncriterion = "best"', "best"),
        ('data = "demo', "not TOML"),
    ],
)
def test_what_does_not_work_is_said(text: str, said: str) -> None:
    with pytest.raises((LccError, ValueError), match=said.replace("(", r"\(")):
        Study.from_toml(text)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_studies(name: str) -> None:
    assert len(expand(preset(name)).points) > 10


def test_more_processes_do_not_shorten_what_must_follow_each_other(home: Home) -> None:
    study = Study(("demo",), bits=(32, 8, 4), k=(0.0, 0.5))
    graph = expand(study)
    one, many = (estimate(home, graph, jobs, {"demo": 3000}) for jobs in (1, 100))
    pace = Pace(home, graph.steps.values(), {"demo": 3000})
    [train] = [step for step in graph.steps.values() if step.kind == TRAIN]
    point = graph.steps[next(iter(graph.points))]
    assert one.seconds == pytest.approx(sum(pace.weights.values()))
    assert many.seconds == pytest.approx(pace.seconds(train) + pace.seconds(point))
    assert one.missing == many.missing == 6 and one.rough
