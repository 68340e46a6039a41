"""Scores against loops that say the same more slowly."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import lived_in, part, spec

from lcc_core.channels.criteria import channel_scores
from lcc_core.channels.groups import (
    NORM,
    OUT,
    ChannelGroup,
    Member,
    channel_groups,
)

GROUPS = {group.name: group for group in channel_groups(spec())}
DRAW = torch.Generator()


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(sorted(GROUPS)), order=st.sampled_from([1, 2]), seed=st.integers(0, 99))
def test_magnitudes_are_mean_filter_norms(name: str, order: int, seed: int) -> None:
    model, group = lived_in(seed=seed), GROUPS[name]
    found, by = channel_scores(model.net, group, f"l{order}", DRAW)
    makers = [m.layer for m in group.members if m.kind == OUT]
    assert by == f"l{order}" and makers
    for channel in range(0, group.channels, 7):
        norms = []
        for layer in makers:
            weights = part(model, layer).weight[channel].flatten().tolist()
            norms.append(sum(abs(w) ** order for w in weights) ** (1 / order))
        assert found[channel].item() == pytest.approx(sum(norms) / len(norms), rel=1e-4)


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_norm_is_the_mean_scale(name: str) -> None:
    model, group = lived_in(), GROUPS[name]
    with torch.no_grad():
        part(model, "stem.1").weight.mul_(-1)  # the sign does not count
    found, by = channel_scores(model.net, group, "norm", DRAW)
    norms = [m.layer for m in group.members if m.kind == NORM]
    for channel in (0, group.channels - 1):
        scales = [abs(part(model, n).weight[channel].item()) for n in norms]
        assert found[channel].item() == pytest.approx(sum(scales) / len(scales), rel=1e-5)
    assert by == "norm"


def test_groups_without_a_norm_fall_back_to_filters() -> None:
    model = lived_in("mobilenet_v3_small")
    groups = {group.name: group for group in channel_groups(model.spec)}
    squeeze = groups["features.1.block.1.fc1"]
    assert not [m for m in squeeze.members if m.kind == NORM]
    scores, by = channel_scores(model.net, squeeze, "norm", DRAW)
    assert by == "l2"
    assert torch.equal(scores, channel_scores(model.net, squeeze, "l2", DRAW)[0])


def test_random_is_drawn_from_the_seed() -> None:
    group = GROUPS["stem.0"]
    draw = [
        channel_scores(lived_in().net, group, "random", torch.Generator().manual_seed(seed))[0]
        for seed in (1, 1, 2)
    ]
    assert torch.equal(draw[0], draw[1]) and not torch.equal(draw[0], draw[2])


def test_residual_layers_share_a_group_and_the_class_layer_stays() -> None:
    makers = {m.layer for m in GROUPS["stem.0"].makers()}
    assert makers == {"stem.0", "blocks.0.second.0"}
    assert not any(m.layer == "head" for g in GROUPS.values() for m in g.makers())
    assert sum(group.channels for group in GROUPS.values()) == 32 + 32 + 3 * 48 + 3 * 80


def test_groups_come_in_graph_order() -> None:
    names = [group.name for group in channel_groups(spec("resnet18"))]
    assert names[:4] == ["conv1", "layer1.0.conv1", "layer1.1.conv1", "layer2.0.conv1"]
    assert names[-1] == "layer4.1.conv1"


def test_a_channel_of_several_places_is_their_mean() -> None:
    """Two channels: the first makes places 0 and 2, the second place 1; a third has none here."""
    layer = torch.nn.Linear(2, 3, bias=False)
    net = torch.nn.Sequential(layer)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 4.0], [0.0, -1.0], [0.0, 2.0]]))
    root, index = torch.tensor([0, 1, 0]), torch.tensor([0, 1, 2])
    group = ChannelGroup("0", 3, (Member("0", "out", root, index),), 1, torch.zeros(3))
    assert channel_scores(net, group, "l2", DRAW)[0].tolist() == [3.5, 1, 0]
    assert channel_scores(net, group, "l1", DRAW)[0].tolist() == [4.5, 1, 0]
