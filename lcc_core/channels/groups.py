"""Which channels must go together: torch-pruning's dependency groups behind a small interface."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from lcc_core.errors import ModelError
from lcc_core.models import ModelSpec, compressible_layers, skeleton
from lcc_core.models.bases import ConvLayer

SIDE = 64  # pixels of the tile that is traced; groups do not depend on it
IN, OUT, NORM = "in", "out", "norm"
ATTENTION = (
    "Attention ties its channels to heads and windows in ways that no dependency graph follows "
    "yet: only the hidden layers of its MLPs are narrowed."
)


@dataclass(frozen=True, eq=False)
class Member:
    """One side of one layer: its channel ``index[i]`` goes when the group's ``root[i]`` goes.

    ``kind``: ``out`` or ``in`` of a convolution or linear layer; ``norm`` for a batch norm, a layer
    norm or a free parameter.
    """

    layer: str
    kind: str
    root: torch.Tensor
    index: torch.Tensor


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """``channels`` that only go together, named after the first layer in the graph to make them.

    ``blocks`` > 1 where a grouped convolution needs equally many from each of so many blocks;
    ``block`` tells which block each channel is of.
    """

    name: str
    channels: int
    members: tuple[Member, ...]
    blocks: int
    block: torch.Tensor

    def makers(self) -> list[Member]:
        """The layers that compute these channels."""
        return [member for member in self.members if member.kind == OUT]


@dataclass(frozen=True, eq=False)
class Groups:
    """All groups of an architecture; ``note`` says what cannot be narrowed and why."""

    groups: tuple[ChannelGroup, ...]
    note: str = ""

    def __iter__(self) -> Iterator[ChannelGroup]:
        return iter(self.groups)


def channel_groups(spec: ModelSpec) -> Groups:
    """The groups of the network that ``spec`` describes, in graph order, without its weights.

    Raises ``ModelError`` when nothing in it can be narrowed.
    """
    model = skeleton(spec).eval()
    place = {layer.name: i for i, layer in enumerate(compressible_layers(model))}
    net = model.net
    mlps = _mlps_beside_attention(net)
    if mlps:
        found = [
            group
            for name, width in mlps
            for group in _trace(net.get_submodule(name), (1, 4, width), f"{name}.")
        ]
    else:
        side = spec.patch or SIDE
        found = _trace(net, (1, spec.bands, side, side), "")
    if not found:
        raise ModelError(
            f"No channel of {spec.arch} can be removed.", "Prune its weights (k) instead."
        )
    named = [
        replace(group, name=min((m.layer for m in group.makers()), key=place.__getitem__))
        for group in found
    ]
    named.sort(key=lambda group: place[group.name])
    return Groups(tuple(named), ATTENTION if mlps else "")


def _mlps_beside_attention(net: nn.Module) -> list[tuple[str, int]]:
    """Name and width of every MLP in a net with attention; empty for nets without."""
    if not any(hasattr(module, "qkv") for module in net.modules()):
        return []
    found = []
    for name, module in net.named_modules():
        layers = [part for part in module.children() if isinstance(part, nn.Linear)]
        if isinstance(module, nn.Sequential) and len(layers) == 2:
            found.append((name, layers[0].in_features))
    return found


def _trace(net: nn.Module, shape: tuple[int, ...], prefix: str) -> list[ChannelGroup]:
    import torch_pruning as tp

    device = next(net.parameters()).device
    # It traces through autograd, which needs weights that ask for gradients.
    with torch.enable_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # free parameters are checked below
        net.requires_grad_(True)
        graph = tp.DependencyGraph().build_dependency(
            net, torch.zeros(shape, device=device), verbose=False
        )
        traced = list(graph.get_all_groups(root_module_types=[ConvLayer, nn.Linear]))
    names = {module: name for name, module in net.named_modules()}
    names |= {parameter: name for name, parameter in net.named_parameters()}
    found = [_read(group, graph, names, prefix) for group in traced if not _ends(group, graph)]
    return [group for group in found if group is not None]


def _ends(group: Any, graph: Any) -> bool:
    """The channels are the classes (or, of a part of a net, what it hands on)."""
    return any(
        not dep.target.outputs and graph.is_out_channel_pruning_fn(dep.handler) for dep, _ in group
    )


def _read(group: Any, graph: Any, names: dict[Any, str], prefix: str) -> ChannelGroup | None:
    members, blocks, block = [], 1, None
    channels = len(group[0].idxs)
    for item in group:
        module = item.dep.target.module
        if module not in names:  # an operation without weights
            continue
        root, index = torch.as_tensor(item.root_idxs), torch.as_tensor(item.idxs)
        outwards = graph.is_out_channel_pruning_fn(item.dep.handler)
        weighted = isinstance(module, (ConvLayer, nn.Linear))
        kind = (OUT if outwards else IN) if weighted else NORM
        members.append(Member(prefix + names[module], kind, root, index))
        if not isinstance(module, ConvLayer) or module.groups == 1:
            continue
        size = module.out_channels if outwards else module.in_channels
        if module.groups == module.in_channels == module.out_channels:
            continue
        own = torch.empty(channels, dtype=torch.long)
        own[root] = index // (size // module.groups)
        if block is not None and not torch.equal(own, block):
            return None  # two grouped convolutions that share channels differently
        blocks, block = module.groups, own
    name = prefix + names[group[0].dep.target.module]
    block = torch.zeros(channels, dtype=torch.long) if block is None else block
    return ChannelGroup(name, channels, tuple(members), blocks, block)
