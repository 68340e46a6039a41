"""The fast search against the plain one, and what recalibration does."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import asdict
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_compression import Rung, cost, rungs
from plain_search import PlainResult, PlainSettings, count_right, decisions, plain_search
from tiny import scene_spec
from torch import Tensor, nn

from lcc_core.compression import LayerSetting, Plan, apply, uniform_plan
from lcc_core.compression.greedy.ladder import ladder
from lcc_core.compression.planning import BUDGET
from lcc_core.compression.quantizers.symmetric import Symmetric
from lcc_core.compression.recalibration import Calibration
from lcc_core.compression.replay.replay import Replay
from lcc_core.compression.search import PlanningInput, SearchResult, SearchSettings, search
from lcc_core.errors import Cancelled, LccError
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import (
    ARCHITECTURES,
    Classifier,
    ModelSpec,
    build,
    compressible_layers,
    weight_of,
)
from lcc_core.models.spectral import Components

NAMES = ("field", "forest", "river", "town")
SPEC = ModelSpec("compact", NAMES, (0.5,) * 3, (0.25,) * 3)


class Residual(nn.Module):
    """In-place operations, a shared input, a depthwise layer, a norm that stands alone."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12))
        self.relu = nn.ReLU(inplace=True)
        self.alone = nn.BatchNorm2d(12)
        self.depth = nn.Conv2d(12, 12, 3, 1, 1, groups=12)
        self.depth_norm = nn.BatchNorm2d(12)
        self.act = nn.Hardswish(inplace=True)
        self.point = nn.Conv2d(12, 12, 1)
        self.down = nn.Conv2d(12, 20, 3, 2, 1)
        self.down_norm = nn.BatchNorm2d(20)
        self.head = nn.Linear(20, len(NAMES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        y = self.act(self.depth_norm(self.depth(self.alone(x))))
        y = self.point(y)
        y += x
        y = self.relu(self.down_norm(self.down(self.relu(y))))
        return self.head(y.mean((2, 3)))


class NoNorm(nn.Module):
    """No batch norm at all: bias correction alone."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 10, 4, 4), nn.GELU(), nn.Conv2d(10, 16, 2, 2))
        self.norm = nn.LayerNorm(16)
        self.wide, self.narrow = nn.Linear(16, 40), nn.Linear(40, 16)
        self.head = nn.Linear(16, len(NAMES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x).permute(0, 2, 3, 1)
        x = x + self.narrow(torch.relu(self.wide(self.norm(x))))
        return self.head(x.mean((1, 2)))


def make(kind: type[nn.Module], seed: int) -> tuple[Classifier, Tensor, Tensor, Calibration]:
    """A net and tiles that it knows some of: labels are its own answers, a sixth of them wrong."""
    torch.manual_seed(seed)
    model = Classifier(kind(), SPEC).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            module.momentum = None  # statistics of all tiles, as training leaves them
    tiles = torch.randint(0, 256, (360, 3, 16, 16), dtype=torch.uint8)
    with torch.no_grad():
        model.train()(tiles)
        model.eval()
        logits = model(tiles)
        labels = (logits - logits.mean(0)).argmax(1)
        model.net.head.bias -= logits.mean(0)
    flips = torch.rand(len(labels)) < 1 / 6
    labels[flips] = torch.randint(0, len(NAMES), (int(flips.sum()),))
    return model, tiles[:300], labels[:300], Calibration(tiles[300:], "float32")


CASES = [
    PlainSettings(t_margin=4, granularity="tensor", scale="absmax"),
    PlainSettings(t_margin=3, direction="down", order="built"),
    PlainSettings(t_margin=6, margin="adaptive", order="rising", recalibrate=60),
    PlainSettings(t_margin=4, method="lap", half_ends=False),
    PlainSettings(t_margin=15, method="laq+lap", reference="float", recalibrate=60),
    PlainSettings(t_margin=2, method="laq+lap", direction="down", plus_variance=True),
    PlainSettings(t_margin=20, method="lap", recalibrate=60),
    PlainSettings(t_margin=8, method="size", margin="shared", recalibrate=60),
]


def fast(case: PlainSettings) -> SearchSettings:
    """The same as the engine is told it."""
    asked = asdict(case)
    assert asked.pop("w_variance") == 1 - case.w_share
    quantizer = Symmetric(granularity=asked.pop("granularity"), scale=asked.pop("scale"))
    return SearchSettings.of(quantizer=quantizer, **asked)


def searched(
    case: PlainSettings,
    made: tuple[Classifier, Tensor, Tensor, Calibration],
    hooks: Hooks = QUIET,
    precision: str = "auto",
    budget: int = BUDGET,
) -> SearchResult:
    model, tiles, labels, calibration = made
    given = PlanningInput(
        model, tiles, labels, calibration=calibration, precision=precision, budget=budget
    )
    return search(fast(case), given, hooks)


@cache
def plain_of(kind: type[nn.Module], case: int) -> PlainResult:
    """What the oracle decides, which no budget bears on."""
    model, tiles, labels, calibration = make(kind, seed=case)
    return plain_search(model, tiles, labels, CASES[case], calibration, ladders_of(model))


def ladders_of(model: Classifier) -> dict[str, list[LayerSetting]]:
    layers = compressible_layers(model)
    return {layer.name: ladder(weight_of(model, layer.name)) for layer in layers}


@pytest.mark.parametrize("seed", [7, 1])
@pytest.mark.parametrize("kind", [Residual, NoNorm])
def test_ladders_cost_what_plain_arithmetic_finds(kind: type[nn.Module], seed: int) -> None:
    """Size and error of each rung; among settings of one cost any may stand for it."""
    model = make(kind, seed)[0]
    for name, settings_ in ladders_of(model).items():
        weight = weight_of(model, name).detach().numpy().copy()
        ours = [cost(weight, as_rung(one)) for one in settings_]
        plain = [cost(weight, rung) for rung in rungs(weight)]
        np.testing.assert_allclose(ours, plain, rtol=1e-4)


def as_rung(one: LayerSetting) -> Rung:
    return Rung(one.bits, one.prune_k, one.granularity == "channel", one.scale == "lse")


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("kind", [Residual, NoNorm])
@pytest.mark.parametrize("budget", [2**30, 150_000, 0])
def test_same_decisions_as_the_plain_search(case: int, kind: type[nn.Module], budget: int) -> None:
    chosen = CASES[case]
    model, tiles, labels, calibration = make(kind, seed=case)
    before = digest(model)
    made = (model, tiles, labels, calibration)
    ours = searched(chosen, made, precision="float32", budget=budget)
    plain = plain_of(kind, case)
    assert decisions(ours) == plain.decisions
    assert (ours.plan.id, ours.reference) == (plain.plan.id, plain.reference)
    assert ours.peak_bytes <= budget
    assert {t.kept for t in ours.trace} == {True, False}  # the case decides something
    assert ours.equivalents < plain.evaluations
    assert digest(model) == before


@pytest.mark.parametrize("case", [0, 1, 3])
def test_bf16_replay_decides_as_float32_does(case: int) -> None:
    model, tiles, labels, _ = made = make(Residual, seed=10 + case)
    ours = searched(CASES[case], made, precision="bf16")
    plain = plain_search(model, tiles, labels, CASES[case])
    assert decisions(ours) == plain.decisions


def digest(model: Classifier) -> str:
    values = [value.numpy().tobytes() for value in model.state_dict().values()]
    return hashlib.sha256(b"".join(values)).hexdigest()


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bounds_hold_whatever_is_asked_and_in_any_order(data: st.DataObject) -> None:
    """Judge, drop and accept at random: counts always enclose the plain count of the state."""
    model, tiles, labels, calibration = make(Residual, data.draw(st.integers(0, 3)))
    names = [layer.name for layer in compressible_layers(model)]
    n = data.draw(st.sampled_from([0, 60]))
    given_ = PlanningInput(
        model, tiles, labels, calibration=calibration,
        precision=data.draw(st.sampled_from(["float32", "bf16"])),
        budget=data.draw(st.sampled_from([0, 100_000, 10**9])),
    )  # fmt: skip
    replay = Replay(given_, uniform_plan(model, 8, recalibrate=n))
    assert replay.start(names) == count_right(
        apply(model, replay.plan, calibration).model, tiles, labels
    )
    for _ in range(data.draw(st.integers(1, 4))):
        name = data.draw(st.sampled_from(names))
        setting = LayerSetting(
            data.draw(st.integers(1, 8)), data.draw(st.sampled_from([0.0, 0.5, 1.5]))
        )
        need = data.draw(st.integers(0, len(labels) + 1))
        later = data.draw(st.permutations(names))
        verdict = replay.judge(name, setting, need, [name, *later])
        plan = Plan({**replay.plan.layers, name: setting}, recalibrate=n)
        truth = count_right(apply(model, plan, calibration).model, tiles, labels)
        assert verdict.low <= truth <= verdict.high
        assert verdict.accepted == (truth >= need)
        if data.draw(st.booleans()):
            replay.accept()
            assert replay.plan.id == plan.id


# VGG-19 is VGG-16 with three layers more, and they take seconds.
@pytest.mark.parametrize("arch", [name for name in ARCHITECTURES.names() if name != "vgg19"])
def test_replay_fits_every_architecture(arch: str) -> None:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    if ARCHITECTURES[arch].for_scenes:
        model = build(scene_spec(arch, 12)).eval()
        for module in model.net.modules():
            if isinstance(module, Components):
                module.fit(np.random.default_rng(0).normal(size=(50, 12)))
        tiles = torch.randn((4, 12, 5, 5), generator=generator)
    else:
        model = build(ModelSpec(arch, NAMES, (0.5,) * 3, (0.25,) * 3)).eval()
        tiles = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=generator)
    names = [layer.name for layer in compressible_layers(model)]
    small = [layer for layer in compressible_layers(model) if layer.weights < 200_000]
    chosen = small[len(small) // 2]
    labels = torch.zeros(4, dtype=torch.long)
    replay = Replay(PlanningInput(model, tiles, labels, precision="float32"), Plan({}))
    replay.start([chosen.name])
    replay.judge(chosen.name, LayerSetting(32, 1.0), 4, names)
    with torch.no_grad():
        expected = apply(model, Plan({chosen.name: LayerSetting(32, 1.0)})).model(replay.tiles)
        got = replay.fast.run(torch.arange(4), replay.program.at[chosen.name])
    scale = float(expected.abs().max())
    assert float((got - expected).abs().max()) < 1e-3 * scale


def test_recalibration_restores_statistics() -> None:
    """Identity plans but for rounding: the new statistics are those of the tiles themselves."""
    model, tiles, _, _ = make(Residual, 0)
    calibration = Calibration(tiles, "float32")
    setting = LayerSetting(8)
    plan = Plan({"down": setting}, sides="float32", recalibrate=len(tiles))
    result = apply(model, plan, calibration)
    inputs = []
    hook = model.net.stem[0].register_forward_hook(lambda _m, _i, out: inputs.append(out))
    with torch.no_grad():
        model(tiles)
    hook.remove()
    norm = result.model.net.stem[1]
    torch.testing.assert_close(norm.running_mean, inputs[0].mean((0, 2, 3)), rtol=1e-3, atol=1e-3)
    variance = inputs[0].var((0, 2, 3), correction=0)
    torch.testing.assert_close(norm.running_var, variance, rtol=2e-2, atol=1e-3)
    assert result.recalibrated == len(tiles) and result.recalibration_s > 0


@pytest.mark.parametrize("kind", [Residual, NoNorm])
def test_recalibration_brings_outputs_back(kind: type[nn.Module]) -> None:
    model, tiles, _, _ = make(kind, 3)
    calibration = Calibration(tiles, "float32")
    with torch.no_grad():
        truth = model(tiles)
        errors = [
            float(
                (apply(model, uniform_plan(model, 2, recalibrate=n), calibration).model(tiles))
                .sub(truth)
                .mean(0)
                .abs()
                .max()
            )
            for n in (0, len(tiles))
        ]
    assert errors[1] < 0.2 * errors[0]


def test_a_plan_that_recalibrates_asks_for_tiles() -> None:
    model, *_ = make(NoNorm, 0)
    with pytest.raises(LccError, match="training tiles"):
        apply(model, uniform_plan(model, 4, recalibrate=32))
    assert apply(model, uniform_plan(model, 32, recalibrate=32)).recalibrated == 0


def test_a_stopped_search_keeps_what_it_found() -> None:
    model, *_ = made = make(Residual, 0)
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 25

    result = searched(CASES[0], made, Hooks(should_stop=stop))
    whole = searched(CASES[0], made)
    assert result.stopped and not whole.stopped
    assert result.trace == () or [
        (t.layer, t.bits, t.kept) for t in whole.trace[: len(result.trace)]
    ] == [(t.layer, t.bits, t.kept) for t in result.trace]
    kept = {t.layer: t.bits for t in result.trace if t.kept}
    assert {n: s.bits for n, s in result.plan.layers.items()} == {
        layer.name: kept.get(layer.name, 8) for layer in compressible_layers(model)
    }
    with pytest.raises(Cancelled):
        searched(CASES[0], made, Hooks(should_stop=lambda: True))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "x"}, "no planner 'x'. Known are: .*laq"),
        ({"t_margin": -1}, "t_margin=-1"),
        ({"order": "random"}, "order='random'"),
        ({"recalibrate": -1}, "recalibrate=-1"),
        ({"bits": 4}, "planner laq has no setting 'bits'"),
        ({"w_share": 1.5}, "w_share=1.5"),
        ({"w_entropy": -1.0}, "w_entropy=-1"),
    ],
)
def test_bad_settings_are_named(wrong: dict, said: str) -> None:
    with pytest.raises((ValueError, LccError), match=said):
        SearchSettings.of(**wrong)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), rows=st.integers(1, 12), columns=st.integers(1, 40))
def test_each_rung_is_the_best_of_its_size(seed: int, rows: int, columns: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn((rows, columns), generator=generator)
    costs = []
    for setting in ladder(weight):
        costs.append(cost(weight.numpy(), as_rung(setting)))
    assert all(b[0] > a[0] * 1.14 and b[1] < a[1] for a, b in itertools.pairwise(costs))
    assert len(costs) > 0
