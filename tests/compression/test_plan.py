"""A plan as a file: what is wrong with it is told by layer and key."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, cast

import pytest

from lcc_core.compression import LayerSetting, Plan
from lcc_core.compression.presets import preset
from lcc_core.compression.quantizers.symmetric import Symmetric
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


def test_defaults_of_a_setting_and_of_a_plan() -> None:
    assert LayerSetting() == LayerSetting(32, 0.0, "channel", "lse")
    one = Plan({})
    assert (one.method, one.sides, one.facts, one.recalibrate) == ("manual", "float16", {}, 0)
    assert Plan.from_json('{"layers": {}}') == one
    assert one.to_json() == {
        "layers": {}, "method": "manual", "sides": "float16", "recalibrate": 0, "facts": {},
    }  # fmt: skip


def test_a_plan_as_a_file_is_read_key_by_key() -> None:
    setting = {"bits": 3, "prune_k": 0.5, "granularity": "tensor", "scale": "absmax"}
    content = {
        "layers": {"a": setting}, "method": "laq", "sides": "float32", "recalibrate": 7,
        "facts": {"t": 1},
    }  # fmt: skip
    one = Plan.from_json(content)
    assert one.to_json() == content
    assert one == Plan(
        {"a": LayerSetting(3, 0.5, "tensor", "absmax")}, "laq", "float32", {"t": 1}, 7
    )


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 7, 8, 32])
def test_bits_that_there_are(bits: int) -> None:
    assert LayerSetting(bits).bits == bits
    assert LayerSetting(bits).touches == (bits < 32)
    assert LayerSetting(bits, 0.25).touches


@pytest.mark.parametrize(
    "wrong", [{"bits": 0}, {"bits": 9}, {"bits": 31}, {"prune_k": -0.25}, {"prune_k": 10.25}]
)
def test_settings_out_of_range(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        LayerSetting(**wrong)


def test_ends_of_the_ranges_are_allowed() -> None:
    assert LayerSetting(8, 10.0).prune_k == 10
    assert Plan({}, recalibrate=100_000).recalibrate == 100_000
    names = {f"layer {n}": LayerSetting() for n in range(10_000)}
    assert len(Plan(names).layers) == 10_000
    assert len(Plan.from_json(Plan(names).to_json()).layers) == 10_000
    for wrong in (-1, 100_001):
        with pytest.raises(ValueError, match=f"recalibrate={wrong}"):
            Plan({}, recalibrate=wrong)
    with pytest.raises(ValueError, match="layers=10001"):
        Plan(names | {"one more": LayerSetting()})
    with pytest.raises(ValueError, match="sides='float64'"):
        Plan({}, sides="float64")


@pytest.mark.parametrize(
    ("bits", "k", "nominal"), [(1, 0.0, 1), (1, 0.5, math.log2(3)), (2, 0.5, 2), (32, 0.5, 32)]
)
def test_one_bit_and_pruned_is_three_values(bits: int, k: float, nominal: float) -> None:
    assert LayerSetting(bits, k).nominal_bits == pytest.approx(nominal)


def test_what_is_float_and_what_rounds_the_rest() -> None:
    pruned, quantized = Plan({"a": LayerSetting(32, 0.5)}), Plan({"a": LayerSetting(8)})
    nothing = Plan({"a": LayerSetting()})
    assert [one.is_float for one in (pruned, quantized, nothing)] == [False, False, True]
    assert [one.rounds_sides for one in (pruned, quantized, nothing)] == [False, True, False]
    assert not Plan({"a": LayerSetting(8)}, sides="float32").rounds_sides
    mixed = Plan({"a": LayerSetting(), "b": LayerSetting(1)})
    assert mixed.rounds_sides and not mixed.is_float


def test_the_part_it_was_chosen_on() -> None:
    for facts, part in (
        ({}, ""),
        ({"protocol": "paper"}, "test"),
        ({"protocol": "80/20"}, ""),
        ({"part": "validation", "protocol": "paper"}, "validation"),
        ({"part": "test"}, "test"),
    ):
        assert Plan({}, facts=facts).chosen_on == part


def test_ids_are_those_of_files_already_written() -> None:
    """Rows, packed files and cached results are found by them: they must never change."""
    setting = LayerSetting(4, 0.5, "tensor", "absmax")
    assert Plan({}).id == "fd5fc0e04b7e"
    assert Plan({"a": setting, "b": LayerSetting()}).id == "48d0a6f1b7e5"
    assert Plan({"a": setting}, sides="float32", recalibrate=64).id == "db015844eb19"
    # What a float plan would round or recalibrate does nothing.
    assert Plan({"b": LayerSetting()}, sides="float32", recalibrate=64).id == Plan({}).id


def test_a_negative_zero_is_zero() -> None:
    assert Plan({"a": LayerSetting(4, -0.0)}).id == Plan({"a": LayerSetting(4, 0.0)}).id
    assert Plan({"a": LayerSetting(4, 1)}).id == Plan({"a": LayerSetting(4, 1.0)}).id


def test_sides_count_only_where_something_is_rounded() -> None:
    pruned = {"a": LayerSetting(32, 0.5)}
    assert Plan(pruned, sides="float32").id == Plan(pruned).id
    both = pruned | {"b": LayerSetting(8)}
    assert Plan(both, sides="float32").id != Plan(both).id


def test_presets_know_their_plans() -> None:
    papers = preset("papers")
    first, second = (
        LayerSetting(4, 0.5, "tensor", "absmax"),
        LayerSetting(2, 0.0, "tensor", "absmax"),
    )
    assert papers.made(Plan({"a": first, "b": second})) and not papers.made(Plan({}))
    assert not papers.made(Plan({"a": first, "b": LayerSetting(2)}))
    assert not papers.made(Plan({"a": LayerSetting(4)}))
    assert preset("own").made(Plan({"a": LayerSetting(4), "b": LayerSetting(1, 1.0)}))
    assert (papers.recalibrate, preset("own").recalibrate) == (0, 512)
    assert papers.how == {"quantizer": Symmetric(8, "tensor", "absmax"), "recalibrate": 0}
    assert preset("own").quantizer == Symmetric(8, "channel", "lse")
    with pytest.raises(LccError, match=r"no quantizer 'mine'.*own, papers"):
        preset("mine")


def test_presets_with_other_settings() -> None:
    assert preset("papers").with_settings({"scale": "lse"}) == Symmetric(8, "tensor", "lse")
    assert preset("own").with_settings({}) == Symmetric(8, "channel", "lse")
    with pytest.raises(LccError, match="speed"):
        preset("own").with_settings({"speed": 1})


def test_ids_that_results_may_be_stored_under() -> None:
    """Once, sides counted of plans that only prune, and scales at one bit."""

    def once(layers: dict, sides: str) -> str:
        content = json.dumps({"layers": layers, "sides": sides}, sort_keys=True)
        return hashlib.sha256(content.replace(" ", "").encode()).hexdigest()[:12]

    assert Plan({}).ids == (Plan({}).id,) == Plan({}, sides="float32").ids
    assert Plan({"a": LayerSetting(4)}).ids == (Plan({"a": LayerSetting(4)}).id,)
    pruned = Plan({"a": LayerSetting(32, 0.5)}, sides="float32")
    named = {"bits": 32, "prune_k": 0.5, "granularity": "channel", "scale": "lse"}
    assert pruned.ids == (once({"a": named}, "float16"), once({"a": named}, "float32"))
    one = Plan({"a": LayerSetting(1, scale="absmax")})
    named = {"bits": 1, "prune_k": 0.0, "granularity": "channel", "scale": "absmax"}
    assert one.ids == (Plan({"a": LayerSetting(1)}).id, once({"a": named}, "float16"))
