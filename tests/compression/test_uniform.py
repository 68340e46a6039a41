"""The plan with one setting for every layer, and what it is called."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tiny import spec

from lcc_core.compression import LayerSetting, uniform_plan
from lcc_core.compression.quantizers.symmetric import Symmetric
from lcc_core.compression.uniform import UniformConfig, setting_title
from lcc_core.models import skeleton

PAPERS = Symmetric(granularity="tensor", scale="absmax")


@pytest.mark.parametrize(
    ("bits", "k", "title"),
    [
        (32, 0.0, "float"),
        (4, 0.0, "4 bits"),
        (1, 0.0, "1 bits"),
        (4, 0.5, "4 bits, k = 0.5"),
        (32, 1.0, "float, k = 1"),
        (1, 0.25, "ternary, k = 0.25"),
        (2, 0.25, "2 bits, k = 0.25"),
    ],
)
def test_titles(bits: int, k: float, title: str) -> None:
    assert setting_title(bits, k) == title


def test_it_says_how_it_was_made() -> None:
    plan = uniform_plan(skeleton(spec()), 3, 1, PAPERS, 64)
    assert (plan.method, plan.recalibrate, plan.sides) == ("fixed", 64, "float16")
    assert plan.facts == {
        "bits": 3, "k": 1.0, "granularity": "tensor", "scale": "absmax", "spare_depthwise": False,
    }  # fmt: skip
    assert type(plan.facts["k"]) is float
    assert set(plan.layers.values()) == {LayerSetting(3, 1.0, "tensor", "absmax")}
    assert {type(one.prune_k) for one in plan.layers.values()} == {float}


def test_by_default_nothing_is_compressed() -> None:
    plan = uniform_plan(skeleton(spec()))
    assert set(plan.layers.values()) == {LayerSetting(32, 0.0, "channel", "lse")}
    assert plan.recalibrate == 0 and plan.facts["spare_depthwise"] is True


@pytest.mark.parametrize(("bits", "kept"), [(2, 8), (8, 8), (32, 32)])
def test_spared_layers_keep_8_bits_or_more_and_are_not_pruned(bits: int, kept: int) -> None:
    model = skeleton(spec("mobilenet_v3_small"))
    spared = uniform_plan(model, bits, 0.5).layers["features.1.block.0.0"]
    assert spared == LayerSetting(kept, 0.0, "channel", "lse")
    own = uniform_plan(model, bits, 0.5, PAPERS, spare_depthwise=True)
    assert own.layers["features.1.block.0.0"] == LayerSetting(kept, 0.0, "tensor", "absmax")
    assert own.facts["spare_depthwise"] is True


def test_a_config_is_checked() -> None:
    assert UniformConfig() == UniformConfig(0.0, 8, None)
    for fine in ({"k": 10.0}, {"bits": 32}, {"bits": 1}):
        UniformConfig(**cast(Any, fine))
    for wrong in ({"k": -0.25}, {"k": 10.25}, {"bits": 9}, {"bits": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
            UniformConfig(**cast(Any, wrong))
