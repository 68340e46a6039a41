"""What a replay counts of its work, and the state it leaves behind."""

from __future__ import annotations

import pytest
import torch
from tiny import lived_in, part
from torch import Tensor

from lcc_core.compression import LayerSetting, Plan, apply, uniform_plan
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.recalibration import Calibration, Measuring, float_means
from lcc_core.compression.replay.program import Program
from lcc_core.compression.replay.replay import Replay
from lcc_core.compression.replay.trial import Trial
from lcc_core.errors import Cancelled
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import Classifier, compressible_layers

FIRST, MIDDLE, LAST = "stem.0", "blocks.2.first.0", "head"


@pytest.fixture(scope="module")
def model() -> Classifier:
    return lived_in()


@pytest.fixture(scope="module")
def tiles() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randint(0, 256, (20, 3, 16, 16), dtype=torch.uint8, generator=generator)


@torch.no_grad()
def right(model: Classifier, tiles: Tensor, labels: Tensor) -> int:
    return int((model(tiles).argmax(1) == labels).sum())


@torch.no_grad()
def labels_of(model: Classifier, tiles: Tensor) -> Tensor:
    labels = model(tiles).argmax(1)
    labels[:3] = (labels[:3] + 1) % 4
    return labels


def made(
    model: Classifier,
    tiles: Tensor,
    plan: Plan,
    budget: int = 2**30,
    calibration: Calibration | None = None,
    hooks: Hooks = QUIET,
) -> Replay:
    given = PlanningInput(
        model, tiles, labels_of(model, tiles),
        calibration=calibration, precision="float32", budget=budget,
    )  # fmt: skip
    return Replay(given, plan, hooks)


def test_whole_runs_are_counted(model: Classifier, tiles: Tensor) -> None:
    """One run of all tiles, and all twenty once more in float32: two evaluations."""
    replay = made(model, tiles, Plan({}), budget=0)
    assert replay.equivalents == 0 and replay.calibrations == 0
    assert replay.start([]) == 17
    assert replay.equivalents == pytest.approx(2)
    names = [layer.name for layer in compressible_layers(model)]
    replay.judge(LAST, LayerSetting(8), 0, names)
    assert replay.equivalents == pytest.approx(3)  # with nothing kept, a run is a whole one
    assert replay.peak == 0


def test_with_memory_a_candidate_costs_what_comes_after_it(
    model: Classifier, tiles: Tensor
) -> None:
    replay = made(model, tiles, Plan({}))
    replay.start([LAST])
    before = replay.equivalents
    held = replay.fast.bytes
    verdict = replay.judge(LAST, LayerSetting(8), 17, [LAST])
    assert verdict.seen == 20 and replay.equivalents - before < 0.05
    replay.judge(MIDDLE, LayerSetting(8), 17, [MIDDLE, LAST])
    assert replay.fast.bytes > held
    replay.drop()
    replay.judge(LAST, LayerSetting(8), 17, [LAST])
    replay.drop()
    assert replay.fast.bytes == held
    # 80 floats before the head are kept of each tile, nothing else.
    assert held == 20 * 80 * 4


@pytest.mark.parametrize("budget", [0, 60_000, 2**30])
def test_taking_and_dropping_leave_the_state_that_was_decided(
    model: Classifier, tiles: Tensor, budget: int
) -> None:
    labels = labels_of(model, tiles)
    order = [FIRST, MIDDLE, LAST]
    replay = made(model, tiles, uniform_plan(model, 8), budget)
    replay.start(order)
    layers = dict(replay.plan.layers)
    for place, (name, setting, taken) in enumerate(
        (
            (FIRST, LayerSetting(2), True), (MIDDLE, LayerSetting(1), False),
            (MIDDLE, LayerSetting(3, 0.5), True), (FIRST, LayerSetting(1), False),
            (LAST, LayerSetting(2), True),
        )
    ):  # fmt: skip
        plan = Plan({**layers, name: setting})
        truth = right(apply(model, plan).model, tiles, labels)
        rest = order[min(place // 2, 2) :]
        assert replay.judge(name, setting, truth, [name, *rest]).accepted
        assert not replay.judge(name, setting, truth + 1, [name, *rest]).accepted
        if taken:
            replay.accept()
            layers[name] = setting
        else:
            replay.drop()
        state = apply(model, Plan(layers)).model
        assert replay.plan.id == Plan(layers).id
        for key, value in state.state_dict().items():
            torch.testing.assert_close(replay.model.state_dict()[key], value, rtol=1e-5, atol=1e-6)


def test_what_is_kept_of_the_plan(model: Classifier, tiles: Tensor) -> None:
    plan = uniform_plan(model, 8)
    plan = Plan(plan.layers, "mine", "float32", {"a": 1}, 0)
    replay = made(model, tiles, plan)
    replay.start([LAST])
    replay.judge(LAST, LayerSetting(3), 0, [LAST])
    replay.accept()
    assert (replay.plan.method, replay.plan.sides, replay.plan.facts) == ("mine", "float32", {})
    assert replay.plan.layers[LAST] == LayerSetting(3)


def test_recalibrations_are_counted_apart(model: Classifier, tiles: Tensor) -> None:
    calibration = Calibration(tiles[:8], "float32")
    plan = uniform_plan(model, 8, recalibrate=8)
    replay = made(model, tiles, plan, 0, calibration=calibration)
    replay.start([])
    assert replay.calibrations == 0 and replay.equivalents == pytest.approx(2)
    replay.judge(LAST, LayerSetting(3), 0, [LAST])
    assert replay.calibrations == pytest.approx(1)
    replay.judge(FIRST, LayerSetting(3), 0, [FIRST])
    assert replay.calibrations == pytest.approx(2)


def test_memory_is_shared_by_what_each_has_of_the_tiles(model: Classifier, tiles: Tensor) -> None:
    """Eight calibration tiles beside twenty: what is before the head fits both, or neither."""
    calibration = Calibration(tiles[:8], "float32")
    plan = uniform_plan(model, 8, recalibrate=8)
    need = 2 * 28 * 80 * 4
    for budget, kept in ((need, 28 * 80 * 4), (need - 28 * 4, 0)):
        replay = made(model, tiles, plan, budget, calibration=calibration)
        replay.start([LAST])
        replay.judge(LAST, LayerSetting(3), 0, [LAST])
        assert replay.peak == kept


@pytest.mark.parametrize("n", [0, 8])
def test_a_float_start_is_not_recalibrated_but_its_candidates_are(
    model: Classifier, tiles: Tensor, n: int
) -> None:
    calibration = Calibration(tiles[:8], "float32")
    labels = labels_of(model, tiles)
    replay = made(model, tiles, Plan({}, recalibrate=n), calibration=calibration)
    assert replay.start([MIDDLE]) == right(model, tiles, labels) == 17
    plan = Plan({MIDDLE: LayerSetting(2)}, recalibrate=n)
    truth = right(apply(model, plan, calibration).model, tiles, labels)
    assert replay.judge(MIDDLE, LayerSetting(2), truth, [MIDDLE]).accepted
    assert not replay.judge(MIDDLE, LayerSetting(2), truth + 1, [MIDDLE]).accepted


def test_it_can_be_stopped(model: Classifier, tiles: Tensor) -> None:
    stopped = Hooks(should_stop=lambda: True)
    with pytest.raises(Cancelled):
        made(model, tiles, Plan({}), hooks=stopped).start([])


@torch.no_grad()
def test_a_trial_changes_one_layer_and_undoes_it(model: Classifier) -> None:
    state = apply(model, Plan({})).model
    before = {name: value.clone() for name, value in state.net.state_dict().items()}
    setting = LayerSetting(2, 0.5)
    trial = Trial(Program(model), model.net, state.net, MIDDLE, setting)
    expected = apply(model, Plan({MIDDLE: setting}, sides="float32")).model
    assert torch.equal(trial.weight, part(expected, MIDDLE).weight)
    assert trial.changed == {MIDDLE} and trial.change == Program(model).at[MIDDLE]
    changed = {n for n, v in state.net.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == {f"{MIDDLE}.weight"}
    trial.undo()
    assert all(torch.equal(v, before[n]) for n, v in state.net.state_dict().items())


@torch.no_grad()
def test_a_trial_is_corrected_from_its_layer_on_and_undone(
    model: Classifier, tiles: Tensor
) -> None:
    """From the first layer on that is everywhere: what a recalibrated plan makes of the model."""
    calibration = Calibration(tiles, "float32")
    means = float_means(model, calibration)
    program, setting = Program(model), LayerSetting(3, 0.5)
    for sides, rounded in (("float32", False), ("float16", True)):
        state = apply(model, Plan({})).model
        before = {name: value.clone() for name, value in state.net.state_dict().items()}
        trial = Trial(program, model.net, state.net, FIRST, setting)
        measuring = Measuring(program, state.net, "float32", means)
        program.run(measuring.input(state.normalise(tiles)), 0, measuring.call)
        trial.correct(measuring.figures, rounded)
        plan = Plan({FIRST: setting}, sides=sides, recalibrate=20)
        expected = apply(model, plan, calibration).model.net.state_dict()
        corrected = {*program.norms, "head", FIRST}
        assert trial.changed == corrected
        for name, value in state.net.state_dict().items():
            if name.rpartition(".")[0] in corrected:
                torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5)
        trial.undo()
        assert all(torch.equal(v, before[n]) for n, v in state.net.state_dict().items())
    later = Trial(program, model.net, state.net, LAST, LayerSetting(2))
    later.correct(measuring.figures, False)
    assert later.changed == {LAST}


@pytest.mark.parametrize("budget", [0, 40_000, 2**30])
@pytest.mark.parametrize(("bits", "precision"), [(8, "float32"), (32, "float32"), (8, "bf16")])
def test_states_are_recalibrated_as_plans_are(
    model: Classifier, tiles: Tensor, budget: int, bits: int, precision: str
) -> None:
    """Judged, dropped and accepted in turn; from floats, as planners go, by pruning alone."""
    calibration = Calibration(tiles[:12], precision)
    order = [FIRST, MIDDLE, LAST]
    replay = made(model, tiles, uniform_plan(model, bits, recalibrate=12), budget, calibration)
    layers = dict(replay.plan.layers)
    replay.start(order)
    for name, low, k, accepted in (
        (FIRST, 2, 2.0, False), (MIDDLE, 2, 1.0, True), (LAST, 1, 1.5, False),
        (FIRST, 3, 0.5, True), (MIDDLE, 1, 1.5, False), (LAST, 2, 0.75, True),
    ):  # fmt: skip
        setting = LayerSetting(low if bits == 8 else 32, k)
        plan = Plan({**layers, name: setting}, recalibrate=12)
        replay.judge(name, setting, 0, order)
        expected = apply(model, plan, calibration).model.state_dict()
        for key, value in replay.model.state_dict().items():
            torch.testing.assert_close(value, expected[key], rtol=1e-3, atol=1e-4)
        with torch.no_grad():
            fast = replay.fast.run(torch.arange(20), replay.program.at[name])
            torch.testing.assert_close(fast, replay.model(tiles), rtol=1e-3, atol=1e-3)
        if accepted:
            replay.accept()
            layers[name] = setting
        else:
            replay.drop()
