"""What a study asks for: its file, its points, and the steps that they share."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.errors import LccError
from lcc_core.files import Home, content_id
from lcc_core.studies import folder
from lcc_core.studies.axis import axes
from lcc_core.studies.estimate import Durations, estimate
from lcc_core.studies.graph import CHOOSE, MEASURE, NARROW, SEARCH, TRAIN, expand, points
from lcc_core.studies.presets import OPEN, PRESETS, preset
from lcc_core.studies.spec import Study, read_study
from lcc_core.training import make_recipe


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
    margin_kinds=some(["fixed", "adaptive", "shared"]),
    select_on=some(["validation", "test"]),
)


def bases(study: Study) -> int:
    """Models on all tiles. 80/20 has no validation part: it is made for where is chosen."""
    made = sum(len(study["select_on"]) if split == "80/20" else 1 for split in study["splits"])
    return len(study["data"]) * len(study["archs"]) * made * len(study["seeds"])


def models(study: Study) -> int:
    whole = 1.0 in study["fractions"]
    return bases(study) * (whole + (len(study["fractions"]) - whole) * len(study["coresets"]))


def searches(study: Study, split: str) -> int:
    kinds = sum(
        1 if m == "size" else len(study["margin_kinds"]) for m in study["methods"] if m != "fixed"
    )
    parts = 1 if split == "80/20" else len(study["select_on"])
    return kinds * parts * len(study["margins"]) * len(study["quantizers"])


def fixed(study: Study) -> int:
    quantizers, count = len(study["quantizers"]), 0
    if "fixed" in study["methods"]:
        count += len(study["bits"]) * len(study["k"]) * quantizers
        # A float model has no quantizer.
        count -= (quantizers - 1) * (32 in study["bits"] and 0.0 in study["k"])
    return count


def over(study: Study, count: Callable[[Study, str], int]) -> int:
    """The sum of a count over all models, which may differ by the split."""
    return sum(
        models(study.changed(splits=(split,))) * count(study, split) for split in study["splits"]
    )


@settings(max_examples=60, deadline=None)
@given(STUDIES, st.randoms(use_true_random=False))
def test_every_point_once_and_shared_steps_once(study: Study, chance: random.Random) -> None:
    graph = expand(study)
    every = list(points(study))
    assert len(every) == len(set(every)) == len(graph.points)
    searched = over(study, searches) * len(study["channels"])
    assert len(every) == models(study) * len(study["channels"]) * fixed(study) + searched

    # One training a model; one more where only coresets ask for the scores of the whole.
    assert graph.count(TRAIN) == models(study) + bases(study) * (1.0 not in study["fractions"])
    below = models(study) - bases(study) * (1.0 in study["fractions"])
    assert graph.count(CHOOSE) == below
    narrowed = sum(ratio > 0 for ratio in study["channels"])
    assert graph.count(NARROW) == models(study) * narrowed
    assert graph.count(SEARCH) == searched
    assert graph.count(MEASURE) == len(every)

    place = {step: number for number, step in enumerate(graph.steps)}
    for step in graph.steps.values():
        assert all(place[need] < place[step.id] for need in step.needs.values())

    def shuffled(values: tuple) -> tuple:
        return tuple(chance.sample(values, len(values)))

    other = study.changed(
        name="other", **{axis.name: shuffled(study[axis.name]) for axis in axes()}
    )
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
        study.changed(seeds=(1,)),
        study.changed(recipe={"epochs": 3}),
        study.changed(bits=(5,)),
        study.changed(k=(0.5,)),
        study.changed(quantizers=("papers",)),
        study.changed(splits=("80/20",)),
    ):
        assert one not in expand(other).points
    assert one not in expand(study, {"demo": "other tiles"}).points
    assert one in expand(study.changed(bits=(4, 5), archs=("compact", "resnet18"))).points
    # How a search chooses is nothing to a fixed plan.
    other = study.changed(tiles=500, margins=(3.0,), margin_kinds=("adaptive",))
    assert one in expand(other.changed(select_on=("test",))).points
    assert one in expand(other.changed(equal_steps=True)).points


def test_later_settings_leave_earlier_studies_their_name_and_their_steps() -> None:
    study = Study(("demo",), fractions=(1.0, 0.5), methods=("laq",), coresets=("margin",))
    content = study.to_json()
    assert not {"margin_kinds", "select_on", "equal_steps"} & set(content)
    assert Study.from_json(content).id == study.id
    named = {k: sorted(v) if isinstance(v, list) else v for k, v in content.items() if k != "name"}
    assert study.id == content_id(named)
    for step in expand(study).steps.values():
        assert not {"select_on", "equal_steps", "aum"} & set(step.content)


def test_margins_and_parts_are_axes_of_searches_alone() -> None:
    study = Study(
        ("demo",), methods=("fixed", "laq", "size"), bits=(4,),
        margin_kinds=("fixed", "adaptive"), select_on=("validation", "test"),
    )  # fmt: skip
    found = [(p.method, p["margin_kind"], p["select_on"]) for p in points(study)]
    assert found == [
        ("fixed", None, None),
        ("laq", "fixed", "validation"), ("laq", "fixed", "test"),
        ("laq", "adaptive", "validation"), ("laq", "adaptive", "test"),
        ("size", "shared", "validation"), ("size", "shared", "test"),
    ]  # fmt: skip
    graph = expand(study)
    told = [
        (step.content["settings"]["margin"], step.content.get("select_on"))
        for step in graph.steps.values()
        if step.kind == SEARCH
    ]
    assert told == [
        ("fixed", None), ("fixed", "test"), ("adaptive", None), ("adaptive", "test"),
        ("shared", None), ("shared", "test"),
    ]  # fmt: skip
    titles = [point.how for point in graph.points.values()]
    assert titles[4] == "laq, T₀ = 0.5, adaptive margin, chosen on test tiles"
    papers = study.changed(splits=("80/20",), methods=("fixed", "laq"))
    made = {
        step.content["select_on"] for step in expand(papers).steps.values() if step.kind == TRAIN
    }
    assert made == {"validation", "test"} and len(expand(papers).points) == 2 * 3


def test_equal_steps_are_the_coresets_alone() -> None:
    study = Study(("demo",), fractions=(1.0, 0.5), coresets=("random",), equal_steps=True)
    trained = [s for s in expand(study).steps.values() if s.kind == TRAIN]
    assert [s.content.get("equal_steps", False) for s in trained] == [False, True]
    assert trained[1].needs


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "bits by k.toml"
    path.write_text('data = "demo"\nbits = [8, 4]\nk = [0, 0.5]\n[recipe]\nepochs = 3\n')
    study = read_study(path)
    assert study.name == "bits-by-k"
    assert (study.data, study["k"], study.recipe) == (("demo",), (0.0, 0.5), {"epochs": 3})
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
        ('data = "demo"\nequal_steps = 3', "equal_steps=3"),
        ('data = "demo"\nmargin_kinds = ["wide"]', "wide"),
        ('data = "demo"\nselect_on = ["train"]', "one of validation, test"),
        ('data = "demo"\nrecipe = 3', "a table"),
        ('data = "demo"\n[recipe]\nepoch = 3', "epoch"),
        ('data = "demo"\n[recipe]\nseed = 3', "the grid sets it"),
        ('data = "demo"\n[recipe]\nepochs = 0', "epochs=0"),
        ('data = "demo"\n[tuning]\ncriterion = "best"', "best"),
        ('data = "demo', "not TOML"),
        ('data = "demo"\nbits = [4.0]', "bits=4.0"),
        ('data = "demo"\nbits = [true]', "whole numbers"),
        ('data = "demo"\nk = [true]', "numbers"),
        ('data = "demo"\nk = [nan]', "numbers"),
        ('data = "demo"\nk = [inf]', "numbers"),
        ('data = "demo"\nseeds = [99999999999999999999]', "whole numbers"),
        ('data = "demo"\nseeds = [' + "9" * 5000 + "]", "not TOML"),
        ('data = "demo"\ntiles = true', "tiles=True"),
        ('data = "demo"\ntiles = 3.0', "tiles=3.0"),
        ('data = "demo"\nname = 3', "name=3"),
        ('data = "demo"\nname = 1979-05-27', "name="),
        ("data = {}", "data="),
        ("data = [[1]]", "data="),
        ('data = "demo"\n[recipe]\nepochs = 3.0', r"recipe\.epochs=3\.0"),
        ('data = "demo"\n[recipe]\nepochs = true', r"recipe\.epochs=True"),
        ('data = "demo"\n[recipe]\nrate = "fast"', r"recipe\.rate='fast'"),
        ('data = "demo"\n[recipe]\nrate = nan', "no number"),
        ('data = "demo"\n[recipe]\naugment = 1', r"recipe\.augment=1"),
        ('data = "demo"\n[tuning]\nepochs = 2.0', r"tuning\.epochs=2\.0"),
        ('data = "demo"\n[tuning]\nscope = 2', r"tuning\.scope=2"),
        ('data = "demo"\n[tuning.recipe]\nbatch = "8"', r"tuning\.recipe\.batch='8'"),
        ("data = " + "[" * 50_000, "nested too deeply"),
    ],
)
def test_what_does_not_work_is_said(text: str, said: str) -> None:
    with pytest.raises((LccError, ValueError), match=said):
        Study.from_toml(text)


def test_a_grid_of_billions_is_refused_before_it_is_enumerated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lcc_core.studies.graph.points", None)
    steps = ", ".join(f"{n / 100}" for n in range(1000))
    seeds = ", ".join(map(str, range(1800)))
    text = f'data = "demo"\nk = [{steps}]\nseeds = [{seeds}]\nmargins = [{steps}]\n'
    text += 'methods = ["laq"]\ncoresets = ["ccs"]\nfractions = [0.1, 0.2]\n'
    with pytest.raises(ValueError, match=r"points=3600000 .*100,000 or fewer"):
        Study.from_toml(text)


@given(STUDIES)
def test_the_size_is_the_number_of_points(study: Study) -> None:
    assert study.size == sum(1 for _ in points(study))


def test_files_of_other_editors(tmp_path: Path) -> None:
    path = tmp_path / "-größe_.toml"
    path.write_bytes(b'\xef\xbb\xbfdata = "demo"\n')
    assert read_study(path).name == "gr--e"
    path.write_bytes(b'data = "demo"\n' * 10**5)
    with pytest.raises(LccError, match="has more than 1,048,576 bytes"):
        read_study(path)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_studies(name: str) -> None:
    assert len(expand(preset(name)).points) > 10
    assert name.endswith("-short") or name in OPEN or "paper" not in str(PRESETS[name])


def test_the_papers_presets_are_the_papers() -> None:
    bits = preset("adaptive-bits")
    assert bits["archs"] == ("vgg19", "resnet18", "resnet50") and bits["splits"] == ("80/20",)
    assert bits.recipe == {"preset": "adaptive-bits-paper"} and bits["select_on"] == ("test",)
    assert bits["margin_kinds"] == ("fixed", "adaptive")
    assert bits["quantizers"] == ("papers",)
    poster = preset("coreset-compression")
    assert len(poster["archs"]) == 4 and "convnext_tiny" in poster["archs"]
    assert poster.data == ("eurosat", "ucmerced")
    assert poster["coresets"] == ("random", "forgetting", "margin")
    trimmer = preset("channel-pruning")
    cut, tuning = trimmer.narrowing({"ratio": 0.7, "seed": 0}, trimmer.recipe)
    assert (cut.criterion, tuning.epochs) == ("attention", 40)
    recipe = tuning.recipe_for("resnet18", 18_900, tuning.epochs)
    assert (recipe.epochs, recipe.rate, recipe.schedule, recipe.loss) == (
        40,
        0.01,
        "step",
        "mining",
    )
    assert not recipe.attention
    source = make_recipe("resnet18", **trimmer.recipe)
    assert source.attention and source.epochs == 160


def test_more_processes_do_not_shorten_what_must_follow_each_other(home: Home) -> None:
    study = Study(("demo",), bits=(32, 8, 4), k=(0.0, 0.5))
    graph = expand(study)
    one, many = (estimate(home, graph, jobs, {"demo": 3000}) for jobs in (1, 100))
    durations = Durations(home, graph.steps.values(), {"demo": 3000})
    [train] = [step for step in graph.steps.values() if step.kind == TRAIN]
    point = graph.steps[next(iter(graph.points))]
    assert one.seconds == pytest.approx(sum(durations.weights.values()))
    assert many.seconds == pytest.approx(durations.seconds(train) + durations.seconds(point))
    assert one.missing == many.missing == 6 and one.rough


def test_what_ships_beside_studies_is_no_study(home: Home) -> None:
    """In a checkout the folder of studies holds the shipped rows and models too."""
    kept = folder.save(home, Study(("tiny",), name="mine"))
    (kept.path.parent / "eurosat.jsonl").write_text("{}\n")
    (kept.path.parent / "models").mkdir()
    found = folder.studies(home)
    assert [one.id for one in found] == [kept.id] and found.unreadable == ()
