"""Widths as data: what is written down, and what goes without saying."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import spec

from lcc_core.errors import ModelError
from lcc_core.models import build
from lcc_core.models.widths import cut, narrow, narrower, widths


def test_norms_go_without_saying_unless_they_differ() -> None:
    net, plain = build(spec()).net, build(spec()).net
    half = torch.arange(16)
    cut(net, "stem.0", torch.arange(3), half)
    cut(net, "stem.1", half, half)
    assert narrower(net, plain) == {"stem.0": (3, 16)}
    cut(net, "stem.1", torch.arange(9), torch.arange(9))
    said = narrower(net, plain)
    assert said == {"stem.0": (3, 16), "stem.1": (9, 9)}
    again = narrow(plain, said)
    assert widths(again) == widths(net)


def test_every_part_of_a_layer_is_cut() -> None:
    net: Any = build(spec()).net
    before = {name: value.clone() for name, value in net.state_dict().items()}
    inputs, outputs = torch.tensor([2, 0]), torch.tensor([5, 7, 31])
    cut(net, "stem.0", inputs, outputs)
    assert torch.equal(net.stem[0].weight, before["stem.0.weight"][outputs][:, inputs])
    cut(net, "head", torch.tensor([1, 79]), torch.tensor([3]))
    assert torch.equal(net.head.weight, before["head.weight"][3:, [1, 79]])
    assert torch.equal(net.head.bias, before["head.bias"][3:])
    assert (net.head.in_features, net.head.out_features) == (2, 1)


def test_groups_share_evenly_or_not_at_all() -> None:
    grouped = torch.nn.Conv2d(8, 12, 3, groups=4)
    weight = grouped.weight.detach().clone()
    net = torch.nn.Sequential(grouped)
    with pytest.raises(ModelError, match="4 groups cannot share 6 inputs"):
        cut(net, "0", torch.arange(6), torch.arange(12))
    kept = torch.tensor([1, 2, 5, 7]), torch.tensor([0, 2, 3, 5, 7, 8, 9, 10])
    x = torch.randn(1, 8, 5, 5)
    silent = x.clone()
    silent[:, [0, 3, 4, 6]] = 0
    full = torch.nn.functional.conv2d(silent, weight, grouped.bias, groups=4)
    cut(net, "0", *kept)
    torch.testing.assert_close(net(x[:, kept[0]]), full[:, kept[1]])
