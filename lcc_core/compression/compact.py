"""Values that a packed file can hold in two bytes each, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from lcc_core.models.bases import NormLayer


def compact_round(values: Tensor) -> Tensor:
    """The nearest float16 × 2^e, with one exponent for the tensor so that the largest is near 1.

    The result is float32 and survives storage as float16 and e bit for bit.
    """
    largest = values.abs().max() if values.numel() else torch.zeros(())
    if not torch.isfinite(largest) or largest == 0:
        return values.clone()
    power = torch.exp2(torch.ceil(torch.log2(largest)))
    return (values / power).half().float() * power


@torch.no_grad()
def fold_norm(module: Any) -> None:
    """Batch norm as one scale and one shift a channel: running mean 0, running variance 1 − ε."""
    scale = module.weight / torch.sqrt(module.running_var + module.eps)
    module.bias.copy_(module.bias - module.running_mean * scale)
    module.weight.copy_(scale)
    module.running_mean.zero_()
    module.running_var.fill_(1 - module.eps)


@torch.no_grad()
def fold_statistics(net: nn.Module) -> None:
    """:func:`fold_norm` for every batch norm that keeps statistics."""
    for module in net.modules():
        if isinstance(module, NormLayer) and module.running_var is not None:
            fold_norm(module)


@torch.no_grad()
def round_sides(net: nn.Module, layers: set[str]) -> None:
    """Round every parameter that is not the weight of one of the compressible ``layers``."""
    for name, parameter in net.named_parameters():
        layer, _, attribute = name.rpartition(".")
        if not (attribute == "weight" and layer in layers):
            parameter.copy_(compact_round(parameter))


@torch.no_grad()
def round_some(net: nn.Module, norms: Iterable[str], biases: Iterable[str]) -> None:
    """Fold and round these ``norms``, and round the ``biases`` of these layers, and no others."""
    for name in norms:
        norm: Any = net.get_submodule(name)
        fold_norm(norm)
        norm.weight.copy_(compact_round(norm.weight))
        norm.bias.copy_(compact_round(norm.bias))
    for name in biases:
        bias = net.get_parameter(f"{name}.bias")
        bias.copy_(compact_round(bias))
