"""Which layers of a network compression may touch, in the order in which data meets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, fx, nn

from lcc_core.models.classifier import Classifier
from lcc_core.models.tracing import graph_of

KINDS: dict[type[nn.Module], str] = {
    nn.Conv1d: "conv1d",
    nn.Conv2d: "conv2d",
    nn.Conv3d: "conv3d",
    nn.Linear: "linear",
}


DEPTHWISE = "depthwise "


@dataclass(frozen=True)
class LayerInfo:
    """One compressible layer: weight ``shape`` (out, in/groups, …) and number of ``weights``."""

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int


def _kind(module: nn.Module) -> str | None:
    kind = next((kind for type_, kind in KINDS.items() if isinstance(module, type_)), None)
    if kind and getattr(module, "groups", 1) > 1 and weight_in(module).shape[1] == 1:
        return DEPTHWISE + kind
    return kind


def is_compressible(net: nn.Module, name: str) -> bool:
    """Tell whether a layer of that name is one of :func:`compressible_layers`, without tracing."""
    try:
        return _kind(net.get_submodule(name)) is not None
    except AttributeError:
        return False


def first_not_finite(state: Mapping[str, Tensor]) -> str | None:
    """Name the first tensor that holds a NaN or an infinity."""
    for name, value in state.items():
        # A sum is quick, and only finite where all values are; a large one may not be.
        suspect = value.is_floating_point() and not torch.isfinite(value.sum())
        if suspect and not torch.isfinite(value).all():
            return name
    return None


def compressible_layers(model: Classifier) -> list[LayerInfo]:
    """List the convolutional and linear layers of ``model.net`` in graph order."""
    found: dict[str, nn.Module] = {n: m for n, m in model.net.named_modules() if _kind(m)}
    position = _graph_positions(graph_of(model), list(found))
    return [
        LayerInfo(
            name, str(_kind(module)), tuple(weight_in(module).shape), weight_in(module).numel()
        )
        for name, module in sorted(found.items(), key=lambda item: position[item[0]])
    ]


def _graph_positions(graph: fx.Graph, names: list[str]) -> dict[str, int]:
    """First use of each layer; attention blocks read weights without calling the module."""
    position: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        if node.op not in ("call_module", "get_attr"):
            continue
        target = str(node.target)
        for name in (target, target.rpartition(".")[0]):
            position.setdefault(name, index)
    return {name: position.get(name, len(position) + i) for i, name in enumerate(names)}


def weight_of(model: Classifier, name: str) -> Tensor:
    """The weight of the layer ``name`` of ``model.net``; in place, nothing is copied."""
    return weight_in(model.net.get_submodule(name))


def weight_in(layer: nn.Module) -> Tensor:
    """The weight of a convolutional or linear layer, or of a norm."""
    return cast(Tensor, layer.weight)
