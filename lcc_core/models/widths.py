"""How wide each layer is, as data: a narrowed network built again from its plain architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import nn

from lcc_core.errors import ModelError
from lcc_core.models.bases import ConvLayer, NormLayer
from lcc_core.models.layers import weight_in

Widths = dict[str, tuple[int, int]]


def widths(net: nn.Module) -> Widths:
    """Inputs and outputs of every layer with weights; a free parameter counts as one of its own.

    Norms and free parameters (ConvNeXt's layer scales) have as many outputs as inputs.
    """
    found: Widths = {}
    for name, module in net.named_modules():
        if (width := _width(module)) is not None:
            found[name] = width
        else:
            for own, parameter in module.named_parameters(name, recurse=False):
                found[own] = (len(parameter), len(parameter))
    return found


def narrower(net: nn.Module, plain: nn.Module) -> Widths:
    """List the layers of ``net`` that are narrower than in ``plain``, as :func:`narrow` has it.

    Norms that are as wide as the layer before them go without saying.
    """
    before, found, weighted = widths(plain), widths(net), _weighted(plain)
    channels = {n: found[n] for n in before if n in weighted and found[n] != before[n]}
    said = _expand(before, weighted, channels)
    return channels | {name: width for name, width in found.items() if width != said[name]}


def narrow(net: nn.Module, channels: Mapping[str, tuple[int, int]]) -> nn.Module:
    """Give the layers of a plain ``net`` their widths, in place; weights are cut.

    Raises ``ModelError`` for layers that are not there and for widths beyond the plain ones:
    a file must not make a network grow.
    """
    plain = widths(net)
    for name, (inputs, outputs) in channels.items():
        if name not in plain:
            raise ModelError(
                f"There is no layer {name!r} to narrow.", "The file is for another architecture."
            )
        most = plain[name]
        if not (1 <= inputs <= most[0] and 1 <= outputs <= most[1]):
            raise ModelError(
                f"Layer {name!r} cannot have {inputs} inputs and {outputs} outputs.",
                f"It has {most[0]} and {most[1]} in the plain architecture; give fewer.",
            )
    for name, width in _expand(plain, _weighted(net), channels).items():
        if width != plain[name]:
            cut(net, name, *(torch.arange(count) for count in width))
    return net


def _weighted(net: nn.Module) -> set[str]:
    return {name for name, part in net.named_modules() if isinstance(part, (ConvLayer, nn.Linear))}


def _expand(plain: Widths, weighted: set[str], channels: Mapping[str, tuple[int, int]]) -> Widths:
    """Find every layer's width: what ``channels`` says, else as the layer before if it was so."""
    full: Widths = {}
    last: str | None = None
    for name, width in plain.items():
        if name in channels:
            full[name] = channels[name]
        elif name in weighted or last is None or plain[last][1] != width[1]:
            full[name] = width
        else:
            full[name] = (full[last][1], full[last][1])
        if name in weighted:
            last = name
    return full


@torch.no_grad()
def cut(net: nn.Module, name: str, inputs: torch.Tensor, outputs: torch.Tensor) -> None:
    """Keep these input and output channels of a layer, in place, on any device, meta included."""
    path, _, attribute = name.rpartition(".")
    try:
        module = net.get_submodule(name)
    except AttributeError:  # a free parameter
        owner = net.get_submodule(path)
        setattr(owner, attribute, _part(getattr(owner, attribute), outputs))
        return
    if isinstance(module, ConvLayer):
        _cut_convolution(module, inputs, outputs)
    elif isinstance(module, nn.Linear):
        module.weight = _part(module.weight, outputs, inputs)
        module.in_features, module.out_features = len(inputs), len(outputs)
    else:
        module.weight = _part(weight_in(module), outputs)
        if isinstance(module, NormLayer):
            module.num_features = len(outputs)
            if module.running_mean is not None:
                for statistic in ("running_mean", "running_var"):
                    values = getattr(module, statistic)
                    setattr(module, statistic, values[outputs.to(values.device)].clone())
        else:
            cast(nn.LayerNorm, module).normalized_shape = (len(outputs),)
    bias = cast(torch.Tensor | None, module.bias)
    if bias is not None:
        module.bias = _part(bias, outputs)


def _cut_convolution(conv: ConvLayer, inputs: torch.Tensor, outputs: torch.Tensor) -> None:
    """Groups stay as many, each equally narrower; a depthwise one loses whole groups."""
    if _depthwise(conv):
        conv.weight = _part(conv.weight, outputs)
        conv.groups = len(outputs)
    elif conv.groups == 1:
        conv.weight = _part(conv.weight, outputs, inputs)
    else:
        if len(inputs) % conv.groups or len(outputs) % conv.groups:
            raise ModelError(
                f"{conv.groups} groups cannot share {len(inputs)} inputs and {len(outputs)} "
                "outputs evenly.",
                "Keep a multiple of the groups.",
            )
        # Rows: outputs of one group after the other, each with its own group's inputs.
        within = (inputs % (conv.in_channels // conv.groups)).view(conv.groups, -1)
        rows = outputs.view(conv.groups, -1)
        parts = [_part(conv.weight, *pair) for pair in zip(rows, within, strict=True)]
        conv.weight = nn.Parameter(torch.cat([part.detach() for part in parts]))
    conv.in_channels, conv.out_channels = len(inputs), len(outputs)


def _part(
    values: torch.Tensor, outputs: torch.Tensor, inputs: torch.Tensor | None = None
) -> nn.Parameter:
    kept = values.detach()[outputs.to(values.device)]
    if inputs is not None:
        kept = kept[:, inputs.to(values.device)]
    return nn.Parameter(kept.clone(), requires_grad=values.requires_grad)


def _depthwise(conv: ConvLayer) -> bool:
    return conv.groups > 1 and conv.groups == conv.in_channels == conv.out_channels


def _width(module: nn.Module) -> tuple[int, int] | None:
    if isinstance(module, ConvLayer):
        return module.in_channels, module.out_channels
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if isinstance(module, NormLayer):
        return module.num_features, module.num_features
    if isinstance(module, nn.LayerNorm) and len(module.normalized_shape) == 1:
        return module.normalized_shape[0], module.normalized_shape[0]
    return None
