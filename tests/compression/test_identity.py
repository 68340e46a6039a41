"""Ids of plans and keys of searches: what was stored before is found, what does the same is one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import LayerSetting, Plan
from lcc_core.compression.presets import preset
from lcc_core.compression.quantizers.symmetric import Symmetric
from lcc_core.compression.search import SearchSettings
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.results.searched import Selection, search_path

CHECKPOINT = cast(
    Checkpoint, SimpleNamespace(id="8e6a0758105b", created="2026-01-01T00:00:00+00:00")
)
PAPERS = preset("papers").how


# Computed before planners had settings of their own.
@pytest.mark.parametrize(
    ("settings", "where", "known"),
    [
        (SearchSettings(recalibrate=512), Selection(), "dae83cff93529e1cf7e93042"),
        (
            SearchSettings.of("laq+lap", **PAPERS, t_margin=0.25, margin="adaptive"),
            Selection("test", 500),
            "0c8a9bd0414b8478d208b02a",
        ),
        (
            SearchSettings.of(
                "lap", recalibrate=512, w_share=0.3, w_entropy=0.25, w_sparsity=0.1,
                plus_variance=True,
            ),
            Selection(),
            "4d01f2cccc5d6b2a54fc3397",
        ),
        (
            SearchSettings.of(
                "size", recalibrate=64, margin="shared", t_margin=2, order="built",
                direction="down", reference="float", half_ends=False,
            ),
            Selection(),
            "5072cdc225afc7ca687704ed",
        ),
    ],
)  # fmt: skip
def test_stored_searches_are_found(
    home: Home, settings: SearchSettings, where: Selection, known: str
) -> None:
    assert search_path(home, CHECKPOINT, settings, where).stem == known
    again = SearchSettings.from_json(settings.to_json())
    assert search_path(home, CHECKPOINT, again, where).stem == known


def test_a_setting_at_its_default_is_left_out_of_a_new_planner_s_key() -> None:
    told = SearchSettings.of("uniform", bits=4).to_json()
    assert told == {
        "method": "uniform", "bits": 4, "recalibrate": 0, "granularity": "channel", "scale": "lse"
    }  # fmt: skip
    assert SearchSettings.from_json(told) == SearchSettings.of("uniform", bits=4)


def test_size_shares_its_margin_unless_another_is_asked_for() -> None:
    assert SearchSettings.of("size").to_json()["margin"] == "shared"
    fixed = SearchSettings.of("size", margin="fixed")
    assert SearchSettings.from_json(fixed.to_json()) == fixed != SearchSettings.of("size")
    assert SearchSettings().to_json()["margin"] == "fixed"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"method": "magic"}, "no planner 'magic'"),
        ({"t_margin": "x"}, "t_margin='x'"),
        ({"depth": 3}, "planner laq has no setting 'depth'"),
        ({"quantizer": {"name": "magic"}}, "no quantizer 'magic'"),
        ({"quantizer": 3}, "3 is no quantizer"),
        ({"granularity": "row"}, "granularity='row'"),
    ],
)
def test_what_are_no_settings(content: dict[str, Any], said: str) -> None:
    with pytest.raises(LccError, match=said):
        SearchSettings.from_json(content)


# Computed before plans that do the same had one id.
@pytest.mark.parametrize(
    ("plan", "known"),
    [
        (
            Plan(
                {"a": LayerSetting(4, 0.5), "b": LayerSetting(32, 1.0), "c": LayerSetting(1)},
                recalibrate=512,
            ),
            "4ee9975268ea",
        ),
        (
            Plan(
                {
                    "a": LayerSetting(4, 0.5, "tensor", "absmax"),
                    "b": LayerSetting(1, 0.0, "tensor", "lse"),
                }
            ),
            "6ae4197ce8d3",
        ),
        (Plan({"a": LayerSetting(32, 1.0)}), "bca723187cbf"),
    ],
)
def test_ids_of_stored_plans_stay(plan: Plan, known: str) -> None:
    assert (plan.id, plan.ids) == (known, (known,))


@pytest.mark.parametrize(
    ("one", "other", "former"),
    [
        (LayerSetting(32, 1.0), LayerSetting(32, 1.0, "tensor", "absmax"), "62e560896b61"),
        (LayerSetting(1, 0.5), LayerSetting(1, 0.5, "channel", "absmax"), "d64b40d5986e"),
        (LayerSetting(4, 1.0), LayerSetting(4, 1), "fdda5f1f2cf6"),
    ],
)
def test_settings_that_do_the_same_have_one_id(
    one: LayerSetting, other: LayerSetting, former: str
) -> None:
    plain, odd = Plan({"a": one}), Plan({"a": other})
    assert plain.id == odd.id
    assert plain.ids == (plain.id,) and odd.ids == (plain.id, former)
    assert Plan.from_json(odd.to_json()) == odd  # what was said is kept


def test_sides_of_a_net_that_is_only_pruned_are_never_rounded() -> None:
    only_pruned = {"a": LayerSetting(32, 1.0)}
    assert Plan(only_pruned).id == Plan(only_pruned, sides="float32").id
    assert Plan(only_pruned, sides="float32").ids[1] == "61d42b837b76"
    both = only_pruned | {"b": LayerSetting(4)}
    assert Plan(both).id != Plan(both, sides="float32").id


def test_settings_that_differ_have_ids_that_differ() -> None:
    settings = [
        LayerSetting(bits, k, granularity, scale)
        for bits in (1, 2, 8)
        for k in (0.0, 0.5)
        for granularity in ("channel", "tensor")
        for scale in ("lse", "absmax")
    ]
    ids = {Plan({"a": one}).id for one in settings}
    assert len(ids) == len(settings) - 4  # at one bit, the scale says nothing
    assert Plan({"a": LayerSetting(4)}).id != Plan({"b": LayerSetting(4)}).id


def test_one_bit_does_not_depend_on_how_its_scale_is_found() -> None:
    import torch

    from lcc_core.compression.quantizers.symmetric import quantize

    weight = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    for granularity in ("channel", "tensor"):
        made = [quantize(weight, Symmetric(1, granularity, s)) for s in ("lse", "absmax")]
        assert torch.equal(made[0].dequantize(), made[1].dequantize())
    one, other = (quantize(weight, Symmetric(1, g)) for g in ("channel", "tensor"))
    assert not torch.equal(one.dequantize(), other.dequantize())


@pytest.mark.parametrize(
    "settings",
    [
        SearchSettings(recalibrate=512),
        SearchSettings.of("laq+lap", **PAPERS, t_margin=0.25, margin="adaptive"),
        SearchSettings.of("uniform", recalibrate=512, bits=3, k=0.5, spare_depthwise=False),
        SearchSettings.of(
            "size", Symmetric(scale="absmax"), 512, w_share=0.25, w_entropy=0.5, half_ends=False,
            plus_variance=True,
        ),
    ],
)  # fmt: skip
def test_the_words_of_a_search_say_all_of_it(settings: SearchSettings) -> None:
    from lcc_core.cli import make_parser
    from lcc_core.commands.searching import search_words, settings_said

    words = search_words("c" * 12, settings, Selection("test", 7))
    said = make_parser().parse_args(words)
    assert settings_said(said) == settings
    assert (said.select_on, said.tiles, said.checkpoint) == ("test", 7, "c" * 12)
