"""What a search may be asked for, and what is stored of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from lcc_core.compression import ImportanceWeights, LayerSetting, Plan
from lcc_core.compression.quantizers.symmetric import Symmetric
from lcc_core.compression.search import SearchResult, SearchSettings, Tried
from lcc_core.errors import LccError

PAPERS = Symmetric(granularity="tensor", scale="absmax")
ALLOWED = {
    "margin": ("fixed", "adaptive", "shared"),
    "order": ("falling", "rising", "built"),
    "direction": ("up", "down"),
    "reference": ("8-bit", "float"),
}


def test_defaults() -> None:
    assert SearchSettings().to_json() == {
        "method": "laq", "t_margin": 0.5, "margin": "fixed", "w_share": 0.5, "w_variance": 0.5,
        "w_entropy": 0.0, "w_sparsity": 0.0, "plus_variance": False, "order": "falling",
        "direction": "up", "reference": "8-bit", "half_ends": True, "granularity": "channel",
        "scale": "lse", "recalibrate": 0,
    }  # fmt: skip
    assert SearchSettings.of() == SearchSettings()


@pytest.mark.parametrize("name", ALLOWED)
def test_words_that_are_allowed(name: str) -> None:
    for value in ALLOWED[name]:
        assert getattr(SearchSettings.of("lap", **{name: value}).config, name) == value
    with pytest.raises((ValueError, LccError), match=f"{name}='else'"):
        SearchSettings.of(**cast(Any, {name: "else"}))


def test_numbers_that_are_allowed() -> None:
    for margin in (0, 100):
        assert SearchSettings.of(t_margin=margin).config.t_margin == margin
    for margin in (-0.5, 100.5):
        with pytest.raises((ValueError, LccError), match="t_margin="):
            SearchSettings.of(t_margin=margin)
    for tiles in (0, 100_000):
        assert SearchSettings(recalibrate=tiles).recalibrate == tiles
    for tiles in (-1, 100_001, 1.0, True):
        with pytest.raises(ValueError, match="recalibrate="):
            SearchSettings(recalibrate=cast(Any, tiles))


@pytest.mark.parametrize("method", ["laq", "lap", "laq+lap", "size"])
def test_as_json_and_back(method: str) -> None:
    asked = SearchSettings.of(method, PAPERS, 7, t_margin=2, order="built", half_ends=False)
    content = asked.to_json()
    assert content["method"] == method and content["recalibrate"] == 7
    assert (content["granularity"], content["scale"]) == ("tensor", "absmax")
    assert (content["t_margin"], content["order"], content["half_ends"]) == (2, "built", False)
    assert SearchSettings.from_json(content) == asked
    with pytest.raises(LccError):
        SearchSettings.from_json(content | {"speed": 1})


def test_a_result_as_json_and_back() -> None:
    tried = Tried("head", 3, 0.5, "tensor", "absmax", 10, 9, 12, 20, 15, True, 0.25)
    setting = LayerSetting(3, 0.5, "tensor", "absmax")
    assert tried.setting == setting
    plan = Plan({"head": setting}, "laq")
    result = SearchResult(plan, (tried,), 20, 18, {"head": 0.7}, True, 1.5, 2.5, 3.5, 99)
    content = result.to_json()
    assert content == {
        "plan": plan.to_json(), "tiles": 20, "reference": 18, "importance": {"head": 0.7},
        "stopped": True, "seconds": 1.5, "equivalents": 2.5, "calibrations": 3.5,
        "peak_bytes": 99,
        "trace": [{
            "layer": "head", "bits": 3, "k": 0.5, "granularity": "tensor", "scale": "absmax",
            "need": 10, "low": 9, "high": 12, "tiles": 20, "seen": 15, "kept": True,
            "seconds": 0.25,
        }],
    }  # fmt: skip
    assert SearchResult.from_json(content) == result
    plain = SearchResult(plan)
    assert (plain.trace, plain.tiles, plain.reference, plain.importance) == ((), 0, 0, {})
    assert (plain.stopped, plain.seconds, plain.equivalents) == (False, 0, 0)
    assert (plain.calibrations, plain.peak_bytes) == (0, 0)


def test_a_candidate_of_another_quantizer_says_so() -> None:
    plain = Tried("head", 3, 0.5, "channel", "lse", 10, 9, 12, 20, 15, True, 0.25)
    assert not {"quantizer", "options"} & set(plain.to_json())
    assert Tried.from_json(plain.to_json()) == plain
    tried = replace(plain, quantizer="mine", options=(("a", 1),))
    content = tried.to_json()
    assert content["quantizer"] == "mine" and content["options"] == {"a": 1}
    assert Tried.from_json(content) == tried


def test_settings_of_another_planner_are_named() -> None:
    with pytest.raises(ValueError, match=r"config='ImportanceWeights'.*settings of laq"):
        SearchSettings("laq", ImportanceWeights())


def test_what_is_not_written_down_is_the_default() -> None:
    assert SearchSettings.from_json({}) == SearchSettings()
