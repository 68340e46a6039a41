"""What a channel is worth. All scores are of one group: higher stays longer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lcc_core.channels.groups import NORM, OUT, ChannelGroup, Member
from lcc_core.models.bases import NormLayer
from lcc_core.models.layers import weight_in

FALLBACK = "l2"


@torch.no_grad()
def channel_scores(
    net: nn.Module, group: ChannelGroup, criterion: str, generator: torch.Generator
) -> tuple[Tensor, str]:
    """Score the channels of a group.

    ``norm``: mean |γ| over the group's norms (Liu et al. 2017; DESIGN §3). ``attention``: the same;
    it needs a net whose γ took the attention in. ``l1``, ``l2``: mean norm of the filters that
    make the channel (Li et al. 2017). Groups without a norm are scored by ``l2`` where norms are
    asked for.
    """
    if criterion == "random":
        return torch.rand(group.channels, generator=generator), criterion
    if criterion in ("attention", "norm"):
        scales = [
            _spread(weight_in(module).abs(), member, group.channels)
            for member in group.members
            if member.kind == NORM and (module := _norm(net, member.layer)) is not None
        ]
        if scales:
            return torch.stack(scales).mean(0), criterion
        criterion = FALLBACK
    order = 1 if criterion == "l1" else 2
    filters = []
    for member in group.members:
        if member.kind == OUT:
            weight = weight_in(net.get_submodule(member.layer)).float().flatten(1)
            filters.append(_spread(weight.norm(order, dim=1), member, group.channels))
    return torch.stack(filters).mean(0), criterion


def _norm(net: nn.Module, name: str) -> nn.Module | None:
    try:
        module = net.get_submodule(name)
    except AttributeError:  # a free parameter
        return None
    return module if isinstance(module, (NormLayer, nn.LayerNorm)) else None


def _spread(values: Tensor, member: Member, channels: int) -> Tensor:
    """A layer's values in the order of the group; the mean where a channel has several."""
    total, count = torch.zeros(channels), torch.zeros(channels)
    total.index_add_(0, member.root, values.float().cpu()[member.index])
    count.index_add_(0, member.root, torch.ones(len(member.root)))
    return total / count.clamp(min=1)
