"""Norms of a packed file get statistics again, and are recalibrated as any others."""

from __future__ import annotations

import pytest
import torch
from tiny import lived_in, make_tiles
from torch import nn

from lcc_core.checkpoints.packed import load_packed, pack
from lcc_core.compression import Plan, apply, uniform_plan
from lcc_core.compression.recalibration import Calibration
from lcc_core.compression.unfold import is_folded, unfold_norms
from lcc_core.errors import ModelError
from lcc_core.models import Classifier

TILES = torch.from_numpy(make_tiles().images).permute(0, 3, 1, 2)


def packed(arch: str = "compact") -> Classifier:
    model = lived_in(arch)
    return load_packed(pack(apply(model, uniform_plan(model, 8))))


def inputs_of_norms(model: Classifier) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    handles = []
    for name, module in model.net.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            handles.append(
                module.register_forward_pre_hook(
                    lambda _, x, name=name: found.__setitem__(name, x[0].detach())
                )
            )
    model(TILES)
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("arch", ["compact", "mobilenet_v3_small"])
def test_the_answers_stay_and_the_statistics_are_those_of_the_input(arch: str) -> None:
    model = packed(arch)
    assert is_folded(model.net) and not is_folded(lived_in(arch).net)
    with torch.inference_mode():
        before = model(TILES)
        unfold_norms(model, TILES)
        torch.testing.assert_close(model(TILES), before, rtol=1e-4, atol=1e-4)
        assert not is_folded(model.net)
        for name, x in inputs_of_norms(model).items():
            norm = model.net.get_submodule(name)
            torch.testing.assert_close(norm.running_mean, x.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
            variance = x.var((0, 2, 3), unbiased=False)
            torch.testing.assert_close(norm.running_var, variance, rtol=1e-3, atol=1e-4)


def test_recalibration_no_longer_changes_what_it_should_not() -> None:
    """Eight bits on eight bits: hardly anything to correct."""
    model = packed()
    with torch.inference_mode():
        before = model(TILES)
    calibration = Calibration(TILES, "float32")
    plan = uniform_plan(model, 8, recalibrate=len(TILES))
    with pytest.raises(ModelError, match="no statistics to correct"):
        apply(model, plan, calibration)
    unfold_norms(model, TILES)
    again = apply(model, plan, calibration).model
    with torch.inference_mode():
        change = (again(TILES) - before).abs().max() / before.std()
    assert change < 0.1


def test_norms_without_statistics_are_left_alone() -> None:
    model = lived_in()
    weights = {name: value.clone() for name, value in model.net.state_dict().items()}
    assert not is_folded(nn.Sequential(nn.Linear(2, 2)))
    apply(model, Plan({}))
    assert all(torch.equal(weights[name], v) for name, v in model.net.state_dict().items())
