"""Batch norms that were folded into a scale and a shift, made norms with statistics again.

A packed file keeps one scale and one shift a channel, no statistics. Whoever estimates statistics
anew on such a net, by recalibration or by training on, would apply them on top of that scale.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lcc_core.models import Classifier
from lcc_core.models.bases import NormLayer

BATCH = 128


def _norms(net: nn.Module) -> Iterator[NormLayer]:
    for module in net.modules():
        if isinstance(module, NormLayer) and module.running_var is not None and module.affine:
            yield module


def is_folded(net: nn.Module) -> bool:
    """Whether the net has batch norms, and all of them have mean 0 and variance 1 − ε."""
    norms = list(_norms(net))
    return bool(norms) and all(
        not module.get_buffer("running_mean").any()
        and bool((module.get_buffer("running_var") == 1 - module.eps).all())
        for module in norms
    )


@torch.no_grad()
def unfold_norms(model: Classifier, tiles: Tensor) -> None:
    """Give every batch norm the statistics of its input, in place; the answers stay the same.

    With mean μ and variance v of what it gets, scale w and shift b become w·√(v + ε) and b + w·μ.

    Args:
        model: a classifier whose norms are folded; it is left in evaluation mode.
        tiles: uint8 (n, C, H, W), of the training part; no labels are needed.
    """
    sums: dict[NormLayer, tuple[int, Tensor, Tensor]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, NormLayer)
        x = inputs[0].double().transpose(0, 1).flatten(1)
        count, total, squares = sums.get(module, (0, 0.0, 0.0))
        sums[module] = (count + x.shape[1], total + x.sum(1), squares + x.square().sum(1))

    handles = [module.register_forward_pre_hook(note) for module in _norms(model.net)]
    model.eval()
    try:
        for part in tiles.split(BATCH):
            model(part)
    finally:
        for handle in handles:
            handle.remove()
    for module, (count, total, squares) in sums.items():
        mean = total / count
        variance = (squares / count - mean.square()).clamp(min=0)
        scale = module.weight.double()
        module.get_buffer("running_mean").copy_(mean)
        module.get_buffer("running_var").copy_(variance)
        module.bias.copy_(module.bias + scale * mean)
        module.weight.copy_(scale * (variance + module.eps).sqrt())
