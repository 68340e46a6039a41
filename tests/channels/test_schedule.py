"""Steps add up to the whole, whatever the schedule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.channels.schedule import Schedule, Step, step_ratio

KINDS = ("one-shot", "iterative", "multi-pass")
LAYERS = [f"layer{i}" for i in range(7)]


@given(st.sampled_from(KINDS), st.integers(0, 12), st.integers(1, 40))
def test_every_schedule_spends_the_same_epochs(kind: str, passes: int, epochs: int) -> None:
    schedule = Schedule(kind, passes)
    needed = {"one-shot": 1, "iterative": min(passes, len(LAYERS)), "multi-pass": passes}[kind]
    if needed > epochs:
        with pytest.raises(ValueError, match="epochs="):
            schedule.steps(LAYERS, epochs)
        return
    steps = schedule.steps(LAYERS, epochs)
    assert sum(step.epochs for step in steps) == epochs
    assert all(step.epochs >= 1 for step in steps)
    assert steps[-1].share == 1
    if kind == "iterative":
        assert [name for step in steps for name in step.layers] == LAYERS
        assert all(step.layers for step in steps)
    else:
        assert all(not step.layers for step in steps)
        shares = [step.share for step in steps]
        assert shares == sorted(set(shares))


@given(st.floats(0, 0.9), st.integers(1, 10))
def test_ratios_of_the_steps_make_the_whole(ratio: float, count: int) -> None:
    left, before = 1.0, 0.0
    for share in ((i + 1) / count for i in range(count)):
        step = step_ratio(ratio, before, share)
        assert 0 <= step <= ratio + 1e-12
        left, before = left * (1 - step), share
    assert left == pytest.approx(1 - ratio)


def test_defaults() -> None:
    assert len(Schedule().steps(LAYERS, 5)) == 1
    assert len(Schedule("multi-pass").steps(LAYERS, 5)) == 3
    assert len(Schedule("iterative").steps(LAYERS, 100)) == 7
    assert len(Schedule("iterative").steps(LAYERS, 5)) == 5
    wrong: tuple[dict[str, Any], ...] = ({"kind": "slow"}, {"passes": -1})
    for bad in wrong:
        with pytest.raises(ValueError, match=r"schedule=|passes="):
            Schedule(**bad)


def test_steps_by_hand() -> None:
    assert Schedule().steps(LAYERS, 5) == [Step(1.0, (), 5)]
    assert Schedule("multi-pass").steps(LAYERS, 2) == [Step(0.5, (), 1), Step(1.0, (), 1)]
    assert Schedule("multi-pass", 4).steps(LAYERS, 6) == [
        Step(0.25, (), 2),
        Step(0.5, (), 1),
        Step(0.75, (), 1),
        Step(1.0, (), 2),
    ]  # fmt: skip  round(1.5) = 2, round(3) = 3, round(4.5) = 4
    assert Schedule("iterative", 2).steps(LAYERS[:3], 5) == [
        Step(1.0, ("layer0", "layer1"), 2),
        Step(1.0, ("layer2",), 3),
    ]  # fmt: skip  round(1.5) = 2 layers, round(2.5) = 2 epochs
    assert Schedule("iterative", 9).steps(LAYERS[:2], 2) == [
        Step(1.0, ("layer0",), 1), Step(1.0, ("layer1",), 1),
    ]  # fmt: skip


def test_passes_that_are_allowed() -> None:
    assert Schedule() == Schedule("one-shot", 0)
    assert len(Schedule("multi-pass", 100).steps(LAYERS, 100)) == 100
    assert len(Schedule("multi-pass", 1).steps(LAYERS, 1)) == 1
    with pytest.raises(ValueError, match="passes=101"):
        Schedule("multi-pass", 101)
    with pytest.raises(ValueError, match=r"epochs=3 .* 4 or more"):
        Schedule("multi-pass", 4).steps(LAYERS, 3)


def test_a_step_of_the_ratio_by_hand() -> None:
    # 0.75 in two: half of them, and half of what is left.
    assert step_ratio(0.75, 0.0, 0.5) == pytest.approx(0.5)
    assert step_ratio(0.75, 0.5, 1.0) == pytest.approx(0.5)
    assert step_ratio(0.75, 0.0, 1.0) == pytest.approx(0.75)
    assert step_ratio(0.36, 0.5, 1.0) == pytest.approx(0.2)
