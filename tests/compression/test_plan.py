"""A plan as a file: what is wrong with it is told by layer and key."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from lcc_core.compression import LayerSetting, Plan
from lcc_core.errors import LccError


def plan(**layer: object) -> str:
    return json.dumps({"layers": {"stem.0": layer}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (plan(bits=4.0), r"layer 'stem\.0': bits=4\.0 is not allowed"),
        (plan(bits=True), "bits=True"),
        (plan(bits="4"), "bits='4'"),
        (plan(bits=[4]), r"bits=\[4\]"),
        (plan(bits=9), "bits=9"),
        (plan(prune_k="1"), "prune_k='1'"),
        (plan(prune_k=False), "prune_k=False"),
        (plan(prune_k=11), "prune_k=11"),
        (plan(scale=3), "scale=3"),
        (plan(granularity=None), "granularity=None"),
        (plan(speed=3), r"layer 'stem\.0': it has no 'speed', only bits"),
        ('{"layers": {"stem.0": {"prune_k": NaN}}}', "NaN is no number"),
        ('{"layers": {"stem.0": {"prune_k": 1e999}}}', "is no number"),
        ('{"layers": {"stem.0": 3}}', "setting=3"),
        ('{"layers": {"\\ud800": {}}}', "not Unicode"),
        ('{"layers": {"a": {}, "a": {}}}', "'a' stands twice"),
        ('{"layers": {}, "facts": {"by": "\\udfff"}}', "not Unicode"),
        ('{"layers": {}, "facts": {"\\udfff": 1}}', "not Unicode"),
        ('{"layers": {}, "facts": [1]}', r"facts=\[1\]"),
        ('{"layers": {}, "method": 3}', "method=3"),
        ('{"layers": {}, "method": "\\ud800"}', "not Unicode"),
        ('{"layers": {}, "sides": ["float16"]}', "sides=.*must be text"),
        ('{"layers": {}, "recalibrate": 16.0}', "recalibrate=16.0"),
        ('{"layers": {}, "recalibrate": true}', "recalibrate=True"),
        ('{"layers": {}, "recalibrate": 100001}', "recalibrate=100001"),
        ('{"layers": []}', r"layers=\[\]"),
        ("{}", "'layers' is missing"),
        ("[]", r"plan=\[\]"),
        ("3", "plan=3"),
        ("[" * 50_000, "nested|more values"),
        (json.dumps({"layers": {f"layer {n}": {} for n in range(10**6)}}), "more values"),
        (json.dumps({"layers": {f"layer {n}": {} for n in range(20_000)}}), "layers=20000"),
    ],
)
def test_what_is_no_plan(text: str, said: str) -> None:
    with pytest.raises(LccError, match=f"not a plan .*{said}"):
        Plan.from_json(text)


def test_a_mark_at_the_beginning_is_no_part_of_it() -> None:
    assert Plan.from_json("\ufeff" + plan(bits=4)).layers == {"stem.0": LayerSetting(4)}


def test_names_are_checked_wherever_a_plan_comes_from() -> None:
    for wrong in (
        lambda: Plan({"\ud800": LayerSetting(4)}),
        lambda: Plan({}, method="\ud800"),
        lambda: Plan({}, facts={"by": ["\ud800"]}),
        lambda: Plan({}, facts={"t": float("nan")}),
        lambda: Plan(cast(Any, {3: LayerSetting(4)})),
    ):
        with pytest.raises(ValueError, match=r"name|Unicode|number"):
            wrong()


def test_a_plan_says_the_same_after_a_file() -> None:
    one = Plan({"é": LayerSetting(4, 0.5)}, "laq", "float32", {"t": 1.5, "l": [1]}, 16)
    assert Plan.from_json(json.dumps(one.to_json())) == one
