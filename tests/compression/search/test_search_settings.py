"""What a search may be asked for, and what that means for its candidates."""

from __future__ import annotations

import pytest

from lcc_core.compression import LayerSetting, Plan
from lcc_core.compression.search import PAPER, SearchResult, SearchSettings, Tried

ALLOWED = {
    "method": ("laq", "lap", "laq+lap", "size"),
    "margin": ("fixed", "adaptive", "shared"),
    "order": ("falling", "rising", "built"),
    "direction": ("up", "down"),
    "reference": ("8-bit", "float"),
    "granularity": ("channel", "tensor"),
    "scale": ("lse", "absmax"),
}


def test_defaults() -> None:
    assert SearchSettings().to_json() == {
        "method": "laq", "t_margin": 0.5, "margin": "fixed", "w_share": 0.5, "w_variance": 0.5,
        "w_entropy": 0.0, "w_sparsity": 0.0, "plus_variance": False, "order": "falling",
        "direction": "up", "reference": "8-bit", "half_ends": True, "granularity": "channel",
        "scale": "lse", "recalibrate": 0,
    }  # fmt: skip
    assert PAPER == {"granularity": "tensor", "scale": "absmax", "recalibrate": 0}


@pytest.mark.parametrize("name", ALLOWED)
def test_words_that_are_allowed(name: str) -> None:
    for value in ALLOWED[name]:
        assert getattr(SearchSettings(**{name: value}), name) == value
    with pytest.raises(
        ValueError, match=f"{name}='else'.*one of {', '.join(ALLOWED[name])}".replace("+", r"\+")
    ):
        SearchSettings(**{name: "else"})


def test_numbers_that_are_allowed() -> None:
    for fine in ({"t_margin": 0}, {"t_margin": 100}, {"recalibrate": 0}, {"recalibrate": 100_000}):
        SearchSettings(**fine)
    for wrong in ({"t_margin": -0.5}, {"t_margin": 100.5}, {"recalibrate": 100_001}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
            SearchSettings(**wrong)


@pytest.mark.parametrize(("method", "bits"), [("laq", 8), ("lap", 32), ("laq+lap", 8), ("size", 8)])
def test_pruning_alone_starts_from_float(method: str, bits: int) -> None:
    settings = SearchSettings(method, granularity="tensor", scale="absmax")
    assert settings.bits == bits
    assert settings.setting(3, 0.5) == LayerSetting(3, 0.5, "tensor", "absmax")


def test_a_result_as_json_and_back() -> None:
    tried = Tried("head", 3, 0.5, "tensor", "absmax", 10, 9, 12, 20, 15, True, 0.25)
    plan = Plan({"head": LayerSetting(3, 0.5, "tensor", "absmax")}, "laq")
    result = SearchResult(plan, (tried,), 20, 18, {"head": 0.7}, True, 1.5, 2.5, 3.5, 99)
    content = result.to_json()
    assert content == {
        "plan": plan.to_json(), "trace": [vars(tried)], "tiles": 20, "reference": 18,
        "importance": {"head": 0.7}, "stopped": True, "seconds": 1.5, "equivalents": 2.5,
        "calibrations": 3.5, "peak_bytes": 99,
    }  # fmt: skip
    assert SearchResult.from_json(content) == result
    plain = SearchResult(plan, (), 20, 18, {})
    assert (plain.stopped, plain.seconds, plain.equivalents) == (False, 0, 0)
    assert (plain.calibrations, plain.peak_bytes) == (0, 0)
