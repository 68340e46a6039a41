"""Channel pruning → a narrower classifier, and what was kept of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lcc_core.channels.criteria import channel_scores
from lcc_core.channels.groups import IN, NORM, ChannelGroup, channel_groups
from lcc_core.channels.pruning import ChannelPruning
from lcc_core.errors import ModelError
from lcc_core.models import Classifier, skeleton
from lcc_core.models.widths import Widths, cut, narrower, widths


@dataclass(frozen=True, eq=False)
class PrunedGroup:
    """One group: channels ``kept`` (indices) of so many, and the ``scores`` by ``criterion``."""

    name: str
    of: int
    kept: Tensor
    scores: Tensor
    criterion: str


@dataclass(frozen=True, eq=False)
class Narrowed:
    """The narrower ``model``, what became of every group, and what could not be narrowed."""

    model: Classifier
    groups: tuple[PrunedGroup, ...]
    note: str

    @property
    def kept(self) -> int:
        """Channels that stay."""
        return sum(len(group.kept) for group in self.groups)

    @property
    def of(self) -> int:
        """Channels before."""
        return sum(group.of for group in self.groups)


@torch.no_grad()
def prune_channels(model: Classifier, settings: ChannelPruning) -> Narrowed:
    """Remove channels from a copy of ``model``; the original is never touched.

    Args:
        model: any classifier; its own weights rank the channels.
        settings: which channels go.

    Raises:
        ModelError: nothing in the architecture can be narrowed, or ``settings.only`` names groups
            that it does not have.
    """
    found = channel_groups(model.spec)
    unknown = set(settings.only) - {group.name for group in found}
    if unknown:
        raise ModelError(
            f"{model.spec.arch} has no channel group {sorted(unknown)[0]!r}.",
            f"It has: {', '.join(group.name for group in found)}.",
        )
    generator = torch.Generator().manual_seed(settings.seed)
    # Every group draws, so that a group's numbers do not depend on which others are touched.
    scored = [
        (group, *channel_scores(model.net, group, settings.criterion, generator)) for group in found
    ]
    if settings.only:
        scored = [one for one in scored if one[0].name in settings.only]
    counts = _counts([(group, scores) for group, scores, _ in scored], settings)
    chosen = tuple(
        PrunedGroup(group.name, group.channels, _choose(group, scores, count), scores, criterion)
        for (group, scores, criterion), count in zip(scored, counts, strict=True)
    )
    groups = {group.name: group for group in found}
    return Narrowed(_remove(model, {one.name: one for one in chosen}, groups), chosen, found.note)


def _counts(scored: list[tuple[ChannelGroup, Tensor]], settings: ChannelPruning) -> list[int]:
    """Channels to keep of each group."""
    least = [_even(group, min(settings.floor, group.channels)) for group, _ in scored]
    if settings.scope == "group":
        return [
            max(low, _even(group, round(group.channels * (1 - settings.ratio))))
            for (group, _), low in zip(scored, least, strict=True)
        ]
    # Groups differ in scale: a channel counts by its score over the group's mean.
    shares = [scores / scores.mean().clamp(min=1e-12) for _, scores in scored]
    everything = torch.cat(shares)
    removed = int(len(everything) * settings.ratio)
    limit = everything.sort().values[removed] if removed else everything.min()
    return [
        max(low, _even(group, int((share >= limit).sum())))
        for (group, _), share, low in zip(scored, shares, least, strict=True)
    ]


def _even(group: ChannelGroup, count: int) -> int:
    """As many from each block, one at least."""
    return group.blocks * max(1, math.ceil(count / group.blocks))


def _choose(group: ChannelGroup, scores: Tensor, count: int) -> Tensor:
    """The best ``count`` channels in rising order; equally many of each block."""
    kept = []
    for block in range(group.blocks):
        inside = torch.nonzero(group.block == block)[:, 0]
        order = scores[inside].argsort(descending=True, stable=True)
        kept.append(inside[order[: count // group.blocks]])
    return torch.cat(kept).sort().values


def _remove(
    model: Classifier, pruned: Mapping[str, PrunedGroup], groups: Mapping[str, ChannelGroup]
) -> Classifier:
    result = copy.deepcopy(model)
    sides = _kept_sides(widths(model.net), pruned, groups)
    for layer, (inputs, outputs) in sides.items():
        cut(result.net, layer, inputs, outputs)
    plain = skeleton(replace(model.spec, channels={}))
    result.spec = replace(model.spec, channels=narrower(result.net, plain.net))
    return result


def _kept_sides(
    before: Widths, pruned: Mapping[str, PrunedGroup], groups: Mapping[str, ChannelGroup]
) -> dict[str, tuple[Tensor, Tensor]]:
    """For each layer that changes: the inputs and outputs that stay."""
    stays: dict[str, list[Tensor]] = {}
    for name, one in pruned.items():
        gone = torch.ones(one.of, dtype=torch.bool)
        gone[one.kept] = False
        for member in groups[name].members:
            if member.layer not in stays:
                stays[member.layer] = [
                    torch.ones(n, dtype=torch.bool) for n in before[member.layer]
                ]
            inputs, outputs = stays[member.layer]
            leaving = member.index[gone[member.root]]
            for side, there in ((inputs, member.kind in (IN, NORM)), (outputs, member.kind != IN)):
                if there:
                    side[leaving] = False
    return {
        layer: tuple(torch.nonzero(side)[:, 0] for side in sides) for layer, sides in stays.items()
    }
