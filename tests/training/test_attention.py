"""Gates in, their mean measured, gates folded away."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from tiny import images, lived_in, make_tiles, part

from lcc_core.errors import Cancelled, ModelError
from lcc_core.hooks import Hooks
from lcc_core.training.attention import (
    Attended,
    Gate,
    fold_attention,
    insert_attention,
    mean_attention,
)


def test_a_gate_is_squeeze_and_excite() -> None:
    torch.manual_seed(0)
    gate, x = Gate(32), torch.randn(3, 32, 5, 4)
    assert gate.squeeze.out_features == 2
    hidden = (x.mean((2, 3)) @ gate.squeeze.weight.T + gate.squeeze.bias).clamp(min=0)
    answer = 1 / (1 + torch.exp(-(hidden @ gate.excite.weight.T + gate.excite.bias)))
    torch.testing.assert_close(gate(x), answer)


@pytest.mark.parametrize("arch", ["compact", "resnet18", "mobilenet_v3_small"])
def test_folding_a_constant_gate_changes_nothing(arch: str) -> None:
    model = lived_in(arch)
    names = list(model.state_dict())
    insert_attention(model)
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, Gate):
            torch.nn.init.zeros_(module.excite.weight)  # the same for every tile
            torch.nn.init.normal_(module.excite.bias, 1.0)
    gated = model(images(4))
    tiles = make_tiles()
    means = mean_attention(model, tiles, np.arange(5), batch=2)
    gates = {n: m.gate for n, m in model.net.named_modules() if isinstance(m, Attended)}
    assert set(means) == set(gates)
    for name, gate in gates.items():
        torch.testing.assert_close(means[name], gate.excite.bias.sigmoid())
    fold_attention(model, means)
    assert list(model.state_dict()) == names
    torch.testing.assert_close(model(images(4)), gated, rtol=1e-4, atol=1e-4)


def test_means_are_over_all_tiles_whatever_the_batch() -> None:
    model, tiles = lived_in(), make_tiles()
    insert_attention(model)
    ids = np.arange(0, 48, 3)
    one, many = (mean_attention(model, tiles, ids, batch=size) for size in (3, 100))
    assert all(torch.allclose(one[name], many[name], atol=1e-5) for name in one)
    seen = []
    first = part(model, "stem.1").gate
    first.register_forward_hook(lambda _m, _i, out: seen.append(out.detach()))
    model(torch.from_numpy(tiles.images[ids]).permute(0, 3, 1, 2))
    torch.testing.assert_close(many["stem.1"], torch.cat(seen).mean(0))


def test_gates_begin_open_and_learn() -> None:
    model = lived_in()
    plain = copy.deepcopy(model)
    insert_attention(model)
    model.train()(images(4)).sum().backward()
    gate = part(model, "blocks.0.first.1").gate
    assert gate.excite.bias.grad.abs().sum() > 0
    assert torch.all(gate.excite.bias == 2)
    agree = (model.eval()(images(16)).argmax(1) == plain(images(16)).argmax(1)).float().mean()
    assert agree >= 0.5


def test_no_batch_norm_is_said() -> None:
    with pytest.raises(ModelError, match=r"no batch norm.*'l1'"):
        insert_attention(lived_in("convnext_tiny"))


def test_a_gate_squeezes_sixteenfold_and_never_to_nothing() -> None:
    sizes = {8: 1, 15: 1, 16: 1, 31: 1, 32: 2, 160: 10}
    assert {width: Gate(width).squeeze.out_features for width in sizes} == sizes
    gate = Gate(48)
    assert (gate.squeeze.in_features, gate.excite.in_features, gate.excite.out_features) == (
        48,
        3,
        48,
    )
    assert gate(torch.randn(2, 48, 3)).shape == gate(torch.randn(2, 48, 3, 3, 3)).shape == (2, 48)


def test_channels_are_weighed_tile_by_tile() -> None:
    for norm, shape in (
        (torch.nn.BatchNorm1d(4), (3, 4, 5)),
        (torch.nn.BatchNorm3d(4), (3, 4, 2, 2, 2)),
    ):
        attended, x = Attended(norm.eval()), torch.randn(shape)
        weights = attended.gate(norm(x))
        got = attended(x)
        for tile in range(3):
            for channel in range(4):
                expected = norm(x)[tile, channel] * weights[tile, channel]
                torch.testing.assert_close(got[tile, channel], expected)


@pytest.mark.parametrize("mode", [True, False])
def test_measuring_evaluates_and_leaves_no_trace(mode: bool) -> None:
    model, tiles = lived_in(), make_tiles()
    insert_attention(model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    expected = mean_attention(model.eval(), tiles, np.arange(7))
    model.train(mode)
    means = mean_attention(model, tiles, np.arange(7), batch=3)
    assert model.training is mode
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for name, value in means.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)
        assert value.dtype == torch.float32 and not part(model, name).gate._forward_hooks


def test_folding_by_hand() -> None:
    model = lived_in()
    scale, shift = (
        getattr(part(model, "stem.1"), side).detach().clone() for side in ("weight", "bias")
    )
    insert_attention(model)
    names = [name for name, layer in model.net.named_modules() if isinstance(layer, Attended)]
    weights = {n: torch.full((part(model, n).norm.num_features,), 0.25) for n in names}
    fold_attention(model, weights)
    assert torch.equal(part(model, "stem.1").weight, scale * 0.25)
    assert torch.equal(part(model, "stem.1").bias, shift * 0.25)


def test_measuring_can_be_stopped() -> None:
    model = lived_in()
    insert_attention(model)
    asked: list[int] = []
    stop = Hooks(should_stop=lambda: asked.append(1) or len(asked) > 2)
    with pytest.raises(Cancelled):
        mean_attention(model.train(), make_tiles(), np.arange(9), batch=2, hooks=stop)
    assert len(asked) == 3 and model.training
    assert not part(model, "stem.1").gate._forward_hooks
