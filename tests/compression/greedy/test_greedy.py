"""Order, margins and candidates of a greedy search, by hand; what judges them is made up."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from plain_compression import entropy_bits, kept, quantized
from tiny import lived_in

from lcc_core.compression import LayerSetting, Plan
from lcc_core.compression.greedy.candidates import fewer_bits, smaller, stronger_pruning
from lcc_core.compression.greedy.config import GreedyConfig
from lcc_core.compression.greedy.ladder import ladder
from lcc_core.compression.greedy.search import _Greedy
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.quantizers.symmetric import SYMMETRIC, Symmetric
from lcc_core.compression.replay.early_decision import Verdict
from lcc_core.compression.search import SearchSettings, search
from lcc_core.errors import Cancelled
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import compressible_layers, weight_of

PAPERS = Symmetric(granularity="tensor", scale="absmax")
STAGES = {
    "laq": (fewer_bits,),
    "lap": (stronger_pruning,),
    "laq+lap": (fewer_bits, stronger_pruning),
    "size": (smaller,),
}
ROWS = {"stem.0": 0.3, "blocks.0.first.0": 0.5, "blocks.0.second.0": 0.2, "head": 0.4}
PARTS = {"stem.0": 0.1, "blocks.0.first.0": 0.4, "blocks.0.second.0": 0.3, "head": 0.2}


class Judge:
    """Says yes where it is told to, and notes what it was asked."""

    def __init__(self, holds: Callable[[LayerSetting], bool], tiles: int, bits: int = 8) -> None:
        self.holds, self.tiles, self.original = holds, range(tiles), lived_in()
        self.plan = Plan({name: LayerSetting(bits) for name in ROWS})
        self.asked: list[tuple[str, LayerSetting, int, list[str]]] = []
        self.trial: tuple[str, LayerSetting] | None = None

    def judge(self, layer: str, setting: LayerSetting, need: int, rest: list[str]) -> Verdict:
        self.asked.append((layer, setting, need, list(rest)))
        self.trial = layer, setting
        accepted = self.holds(setting)
        return Verdict(accepted, 50, 60, 100, 70)

    def accept(self) -> None:
        assert self.trial is not None
        layer, setting = self.trial
        self.plan = Plan({**self.plan.layers, layer: setting})


def walk(
    method: str,
    judge: Judge,
    config: GreedyConfig = GreedyConfig(),  # noqa: B008  it is frozen
    hooks: Hooks = QUIET,
    quantizer: Symmetric = SYMMETRIC,
) -> _Greedy:
    given = cast(Any, SimpleNamespace(model=judge.original, quantizer=quantizer))
    made = _Greedy(config, given, cast(Any, judge), ROWS, PARTS, hooks, reference=90)
    made.run(STAGES[method])
    return made


def of(**change: Any) -> _Greedy:
    judge = cast(Any, SimpleNamespace(tiles=range(1000)))
    return _Greedy(
        GreedyConfig(**change), cast(Any, None), judge, ROWS, PARTS, QUIET, reference=900
    )


def test_orders() -> None:
    assert of().order() == ["blocks.0.first.0", "head", "stem.0", "blocks.0.second.0"]
    assert of(order="rising").order() == ["blocks.0.second.0", "stem.0", "head", "blocks.0.first.0"]
    assert of(order="built").order() == list(ROWS)


@pytest.mark.parametrize(
    ("change", "margins"),
    [
        ({}, [0.01, 0.02, 0.02, 0.01]),
        ({"half_ends": False}, [0.02] * 4),
        ({"margin": "adaptive", "half_ends": False}, [0.006, 0.01, 0.004, 0.008]),
        ({"margin": "adaptive"}, [0.003, 0.01, 0.004, 0.004]),
        # Met one after the other: 0.4, then + 0.2 of the head, + 0.1 of the stem, + 0.3.
        ({"margin": "shared", "half_ends": False}, [0.014, 0.008, 0.02, 0.012]),
        ({"margin": "shared", "order": "built"}, [0.001, 0.01, 0.016, 0.01]),
    ],
)
def test_margins(change: dict, margins: list[float]) -> None:
    one = of(t_margin=2.0, **change)
    assert [one.margin(name) for name in ROWS] == pytest.approx(margins)
    # Of 1000 tiles and 900 right: what is needed is rounded up.
    assert [one.need(name) for name in ROWS] == [900 - round(1000 * margin) for margin in margins]


def test_parts_of_tiles_are_rounded_up() -> None:
    one = of(t_margin=0.25, half_ends=False)
    assert one.need("head") == 898  # 2.5 tiles may be lost: two
    assert of(t_margin=0.3, half_ends=False).need("head") == 897  # 3 but for rounding
    assert of(t_margin=0.0).need("head") == 900


def bits_of(judge: Judge, layer: str) -> list[int]:
    return [setting.bits for name, setting, *_ in judge.asked if name == layer]


def test_boldest_first_until_one_holds() -> None:
    judge = Judge(lambda setting: setting.bits >= 3, 100)
    found = walk("laq", judge, GreedyConfig(t_margin=4), quantizer=PAPERS)
    order = ["blocks.0.first.0", "head", "stem.0", "blocks.0.second.0"]
    assert [name for name, *_ in judge.asked] == [name for name in order for _ in range(3)]
    for layer in order:
        assert bits_of(judge, layer) == [1, 2, 3]
    assert {setting for _, setting, *_ in judge.asked} == {
        LayerSetting(bits, 0.0, "tensor", "absmax") for bits in (1, 2, 3)
    }
    assert {name: need for name, _, need, _ in judge.asked} == {
        "blocks.0.first.0": 86, "head": 88, "stem.0": 88, "blocks.0.second.0": 86,
    }  # fmt: skip
    assert [rest for *_, rest in judge.asked][::3] == [order[place:] for place in range(4)]
    assert {one.bits for one in judge.plan.layers.values()} == {3}
    first, *_, last = found.trace
    assert (first.layer, first.bits, first.kept) == ("blocks.0.first.0", 1, False)
    assert (last.layer, last.bits, last.kept) == ("blocks.0.second.0", 3, True)
    assert (last.k, last.granularity, last.scale, last.need) == (0, "tensor", "absmax", 86)
    assert (last.low, last.high, last.tiles, last.seen) == (50, 60, 100, 70)
    assert 0 <= last.seconds == round(last.seconds, 4) < 60


def test_mildest_first_until_one_fails() -> None:
    judge = Judge(lambda setting: setting.bits >= 5, 100)
    walk("laq", judge, GreedyConfig(direction="down"))
    for layer in ROWS:
        assert bits_of(judge, layer) == [7, 6, 5, 4]
    assert {one.bits for one in judge.plan.layers.values()} == {5}


def test_where_nothing_holds_all_is_tried_and_eight_bits_stay() -> None:
    judge = Judge(lambda setting: False, 100)
    walk("laq", judge)
    assert bits_of(judge, "head") == [1, 2, 3, 4, 5, 6, 7]
    assert {one.bits for one in judge.plan.layers.values()} == {8}


def test_pruning_in_quarters_of_sigma() -> None:
    judge = Judge(lambda setting: setting.prune_k <= 0.5, 100, bits=32)
    walk("lap", judge)
    tried = [setting for name, setting, *_ in judge.asked if name == "stem.0"]
    assert [one.prune_k for one in tried] == [step / 4 for step in range(12, 1, -1)]
    assert {one.bits for one in tried} == {32}
    down = Judge(lambda setting: setting.prune_k <= 0.5, 100, bits=32)
    walk("lap", down, GreedyConfig(direction="down"))
    ks = [setting.prune_k for name, setting, *_ in down.asked if name == "stem.0"]
    assert ks == [0.25, 0.5, 0.75]


def test_bits_first_and_then_pruning_from_what_was_kept() -> None:
    """Of candidates that would not make the codes cheaper none is tried: ternary ones, say."""
    judge = Judge(lambda setting: setting.bits == 1 and not setting.prune_k, 100)
    walk("laq+lap", judge)
    assert {one.bits for one in judge.plan.layers.values()} == {1}
    for layer in ROWS:
        weight = weight_of(judge.original, layer).detach().numpy().copy()
        tried = [s for name, s, *_ in judge.asked if name == layer]
        assert tried[0] == LayerSetting(1) and {one.bits for one in tried} == {1}
        plain = entropy_bits(quantized(weight, 1, True, True, kept(weight, 0.0)).codes)
        cheaper = [
            k
            for k in (step / 4 for step in range(12, 0, -1))
            if entropy_bits(quantized(weight, 1, True, True, kept(weight, k)).codes) < plain
        ]
        assert [one.prune_k for one in tried[1:]] == cheaper
        assert 0 < len(cheaper) < 12


def test_ladders_are_walked_from_below() -> None:
    judge = Judge(lambda setting: False, 100)
    walk("size", judge)
    rungs = ladder(weight_of(judge.original, "head"))
    assert [setting for name, setting, *_ in judge.asked if name == "head"] == rungs


def test_every_candidate_is_told() -> None:
    told: list[Progress] = []
    judge = Judge(lambda setting: setting.prune_k == 0.25, 100)
    walk("laq+lap", judge, GreedyConfig(direction="down"), Hooks(told.append))
    assert len(told) == len(judge.asked) and all(one.lasting for one in told)
    assert {one.stage for one in told} == {"search"}
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert {(one.done, one.total) for one in told} == {(place, 4) for place in range(4)}
    assert told[0].figures["bits"] == 7 and told[0].figures["reference"] == 90
    assert told[0].figures["kept"] is False
    assert told[0].message == "layer 1 of 4, blocks.0.first.0: 7 bits, too much lost"
    kept = next(one for one in told if one.figures["kept"])
    assert kept.message == "layer 1 of 4, blocks.0.first.0: 8 bits, k = 0.25, kept"


def test_a_whole_search_says_what_it_did() -> None:
    model = lived_in()
    tiles = torch.randint(0, 256, (24, 3, 16, 16), dtype=torch.uint8)
    with torch.no_grad():
        labels = model(tiles).argmax(1)
    told: list[Progress] = []
    settings = SearchSettings.of(t_margin=10, reference="float", order="built")
    given = PlanningInput(model, tiles, labels)
    result = search(settings, given, Hooks(told.append))
    names = [layer.name for layer in compressible_layers(model)]
    assert (result.tiles, result.reference, result.stopped) == (24, 24, False)
    assert result.plan.method == "laq" and list(result.plan.layers) == names
    assert dict(result.plan.facts) == settings.to_json() | {
        "tiles": 24, "reference_right": 24, "stopped": False,
    }  # fmt: skip
    assert list(result.importance) == names
    assert {one.need for one in result.trace if one.layer in names[1:-1]} == {22}
    assert {one.need for one in result.trace if one.layer in (names[0], names[-1])} == {23}
    first, *rest = told
    assert (first.stage, first.done, first.total) == ("search", 0, len(names))
    assert len(rest) == len(result.trace)
    assert result.seconds > 0 and result.calibrations == 0 and result.peak_bytes > 0
    # Both references are whole runs, with their nearest tiles (all 24) exactly: four in all.
    assert result.equivalents > 4


def test_a_search_that_is_stopped_says_so() -> None:
    model = lived_in()
    tiles = torch.randint(0, 256, (24, 3, 16, 16), dtype=torch.uint8)
    labels = torch.zeros(24, dtype=torch.long)
    told: list[Progress] = []
    stop = Hooks(told.append, lambda: len(told) > 3)
    given = PlanningInput(model, tiles, labels)
    result = search(SearchSettings.of(order="built"), given, stop)
    assert result.stopped and result.plan.facts["stopped"] is True and len(result.trace) == 3
    with pytest.raises(Cancelled):
        search(SearchSettings(), given, Hooks(should_stop=lambda: True))


def test_the_work_of_the_reference_counts_as_well() -> None:
    """Of the float model: one run of all tiles, and the nearest (all of them) in float32."""
    model = lived_in()
    tiles = torch.randint(0, 256, (24, 3, 16, 16), dtype=torch.uint8)
    with torch.no_grad():
        labels = model(tiles).argmax(1)
    given = PlanningInput(model, tiles, labels, precision="float32")
    eight, exact = (
        search(SearchSettings.of(t_margin=10, reference=reference), given)
        for reference in ("8-bit", "float")
    )
    assert [t.kept for t in eight.trace] == [t.kept for t in exact.trace]
    assert eight.reference == exact.reference == 24
    assert exact.equivalents - eight.equivalents == pytest.approx(2)
    assert 0 < exact.seconds < 600 and exact.peak_bytes == eight.peak_bytes > 0


def test_pruning_that_removes_nothing_is_not_tried() -> None:
    """All weights are ±1 and σ = 1: up to k = 1 none is removed, beyond it all are."""
    weight = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    tried = list(stronger_pruning(weight, LayerSetting(4), SYMMETRIC))
    assert tried == [LayerSetting(4, step / 4) for step in range(12, 4, -1)]
    assert list(fewer_bits(weight, LayerSetting(4), PAPERS)) == [
        LayerSetting(bits, 0.0, "tensor", "absmax") for bits in (1, 2, 3)
    ]


@pytest.mark.parametrize(("method", "bits"), [("lap", {32}), ("laq", {1}), ("laq+lap", {1})])
def test_planners_start_from_what_they_change(method: str, bits: set[int]) -> None:
    """Everything may be lost: bits go as far as they can, and pruning alone leaves floats."""
    model = lived_in()
    tiles = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    given = PlanningInput(model, tiles, torch.zeros(8, dtype=torch.long))
    plan = search(SearchSettings.of(method, PAPERS, t_margin=100, half_ends=False), given).plan
    assert {one.bits for one in plan.layers.values()} == bits
    assert {(one.granularity, one.scale) for one in plan.layers.values()} == {("tensor", "absmax")}
    strengths = {one.prune_k for one in plan.layers.values()}
    assert strengths == {0.0} if method == "laq" else max(strengths) == 3


def test_floats_are_their_own_reference() -> None:
    model = lived_in()
    tiles = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    given = PlanningInput(model, tiles, torch.zeros(8, dtype=torch.long), precision="float32")
    own, other = (
        search(SearchSettings.of("lap", t_margin=10, reference=reference), given)
        for reference in ("8-bit", "float")
    )
    assert own.equivalents == other.equivalents and own.reference == other.reference
