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
from lcc_core.models import Classifier, ModelSpec

TILES = torch.from_numpy(make_tiles().images).permute(0, 3, 1, 2)


def packed(arch: str = "compact") -> Classifier:
    model = lived_in(arch)
    return load_packed(pack(apply(model, uniform_plan(model, 8))))


def inputs_of_norms(model: Classifier) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    handles = []
    for name, module in model.net.named_modules():
        if isinstance(module, nn.BatchNorm2d):

            def note(_: nn.Module, x: tuple[torch.Tensor], name: str = name) -> None:
                found[name] = x[0].detach()

            handles.append(module.register_forward_pre_hook(note))
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


def test_folded_is_what_has_mean_0_and_variance_1_in_every_norm() -> None:
    norm = nn.BatchNorm2d(2, eps=0.25)
    net = nn.Sequential(norm, nn.BatchNorm2d(2, affine=False), nn.ReLU())
    assert not is_folded(net)  # variance 1, not 1 − ε
    norm.running_var.fill_(0.75)
    assert is_folded(net)  # a norm without scales is not folded, and none is asked of it
    for change in (lambda: norm.running_var[0].fill_(1), lambda: norm.running_mean[1].fill_(2)):
        change()
        assert not is_folded(net)
        norm.running_var.fill_(0.75)
        norm.running_mean.fill_(0)
    assert not is_folded(nn.Sequential(nn.Linear(2, 2)))
    assert not is_folded(nn.Sequential(norm, nn.BatchNorm2d(2)))


def test_statistics_by_hand() -> None:
    """Channels of 0 and 4, and of 1 everywhere: means 2 and 1, variances 4 and 0."""
    spec = ModelSpec("compact", ("a", "b"), (0.0,) * 2, (1.0,) * 2)
    norm = nn.BatchNorm2d(2, eps=0.25)
    model = Classifier(nn.Sequential(norm), spec).train()
    with torch.no_grad():
        norm.running_var.fill_(0.75)
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([0.5, -1.0]))
    tiles = torch.ones((200, 2, 1, 2), dtype=torch.uint8)
    tiles[:, 0, 0] = torch.tensor([0, 4], dtype=torch.uint8)
    scale = float(model.normalise(tiles)[0, 0, 0, 1] / 4)  # of pixels to what the net is given
    unfold_norms(model, tiles)
    assert norm.running_mean.tolist() == pytest.approx([2 * scale, scale])
    assert norm.running_var.tolist() == pytest.approx([4 * scale**2, 0], abs=1e-9)
    assert norm.bias.tolist() == pytest.approx([0.5 + 2 * 2 * scale, -1 + 3 * scale])
    spread = [(4 * scale**2 + 0.25) ** 0.5, 0.5]
    assert norm.weight.tolist() == pytest.approx([2 * spread[0], 3 * spread[1]])
    assert not model.training and not norm._forward_pre_hooks
