"""What removing channels would leave, before anything is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lcc_core.channels import ChannelPruning, channel_groups, prune_channels
from lcc_core.channels.groups import NORM
from lcc_core.measure.cost import macs, parameters
from lcc_core.models import Classifier
from lcc_core.results.against import LayerWidth, layer_widths


@dataclass(frozen=True, eq=False)
class RankedGroup:
    """Channels that go together: ``scores`` float (n,) by ``criterion``; ``staying`` bool (n,).

    ``norms``: the batch norms among its members.
    """

    name: str
    scores: np.ndarray
    staying: np.ndarray
    criterion: str
    norms: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Preview:
    """Pairs are (left, of the whole model). ``note`` says what cannot be narrowed.

    ``scales``: weight (channels,) of each norm that has one; ``norms``: all their names, in order.
    """

    channels: tuple[int, int]
    parameters: tuple[int, int]
    macs: tuple[int, int]
    widths: tuple[LayerWidth, ...]
    groups: tuple[RankedGroup, ...]
    scales: dict[str, np.ndarray]
    note: str


def preview_pruning(model: Classifier, pruning: ChannelPruning, size: tuple[int, int]) -> Preview:
    """Narrow a copy of ``model`` and tell what is left of it.

    Args:
        model: the trained model whose channels are ranked.
        pruning: which channels go.
        size: height and width of a tile in pixels, for the multiply-accumulates.

    Raises:
        ModelError: nothing in the architecture can be narrowed.
    """
    narrow = prune_channels(model, pruning)
    norms = {
        group.name: tuple(m.layer for m in group.members if m.kind == NORM)
        for group in channel_groups(model.spec)
    }
    groups = []
    for one in narrow.groups:
        staying = np.zeros(one.of, bool)
        staying[one.kept.numpy()] = True
        scores = one.scores.numpy()
        groups.append(RankedGroup(one.name, scores, staying, one.criterion, norms[one.name]))
    named = {name for names in norms.values() for name in names}
    scales = {
        name: module.weight.detach().numpy()
        for name, module in model.net.named_modules()
        if name in named and getattr(module, "weight", None) is not None
    }
    return Preview(
        channels=(narrow.kept, narrow.of),
        parameters=(parameters(narrow.model), parameters(model)),
        macs=(macs(narrow.model, size), macs(model, size)),
        widths=tuple(layer_widths(narrow.model.spec)),
        groups=tuple(groups),
        scales=scales,
        note=narrow.note,
    )
