"""Squeeze-excite attention for training, and folded into the batch norms after it.

Channel attention pruning (RemoteTrimmer; DESIGN §3): what the attention thinks of each channel, on
average over the training tiles, becomes part of γ, so that small γ mark channels to remove.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from lcc_core.data.tiles import TileSet
from lcc_core.errors import ModelError
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import Classifier
from lcc_core.models.bases import NormLayer

REDUCTION = 16
# σ(2) = 0.88: a trained net keeps working when the gates come in, and they still learn.
OPEN = 2.0


class Gate(nn.Module):
    """σ(W₂·ReLU(W₁·mean(x))): features (N, C, …) → weights (N, C) in 0…1 (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, max(1, channels // REDUCTION))
        self.excite = nn.Linear(self.squeeze.out_features, channels)
        nn.init.constant_(self.excite.bias, OPEN)

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.flatten(2).mean(2)
        return self.excite(self.squeeze(pooled).relu()).sigmoid()


class Attended(nn.Module):
    """A batch norm whose channels a gate weighs, tile by tile."""

    def __init__(self, norm: NormLayer) -> None:
        super().__init__()
        self.norm = norm
        self.gate = Gate(norm.num_features)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        weights = self.gate(y)
        return y * weights.view(*weights.shape, *[1] * (y.ndim - 2))


def insert_attention(model: Classifier) -> None:
    """A gate after each batch norm, in place.

    Raises ``ModelError`` for architectures without batch norm: there is no γ to fold into.
    """
    norms = {name: part for name, part in model.net.named_modules() if isinstance(part, NormLayer)}
    if not norms:
        raise ModelError(
            f"{model.spec.arch} has no batch norm that channel attention could be folded into.",
            "Prune it by 'norm', 'l1', 'l2' or 'random'.",
        )
    for name, norm in norms.items():
        _replace(model.net, name, Attended(norm))


def _attended(model: Classifier) -> Iterator[tuple[str, Attended]]:
    found = [(n, part) for n, part in model.net.named_modules() if isinstance(part, Attended)]
    yield from found


@torch.inference_mode()
def mean_attention(
    model: Classifier,
    tiles: TileSet,
    ids: np.ndarray,
    *,
    batch: int = 128,
    hooks: Hooks = QUIET,
) -> dict[str, Tensor]:
    """s̄ of each batch norm: the gates' mean output over the tiles ``ids``, float32 (C,)."""
    sums: dict[str, Tensor] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, weights: Tensor) -> None:
            total = weights.float().sum(0).cpu()
            sums[name] = sums[name] + total if name in sums else total

        return hook

    handles = [part.gate.register_forward_hook(note(name)) for name, part in _attended(model)]
    was_training, device = model.training, next(model.parameters()).device
    model.eval()
    try:
        for start in range(0, len(ids), batch):
            hooks.check()
            images = torch.from_numpy(np.ascontiguousarray(tiles.images[ids[start:][:batch]]))
            model(images.permute(0, 3, 1, 2).to(device))
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return {name: total / len(ids) for name, total in sums.items()}


@torch.no_grad()
def fold_attention(model: Classifier, means: Mapping[str, Tensor]) -> None:
    """γ ← γ·s̄, β ← β·s̄, and the gates are gone: a plain network again, in place."""
    for name, part in _attended(model):
        norm, weight = part.norm, means[name].to(part.norm.weight.device)
        norm.weight.mul_(weight)
        norm.bias.mul_(weight)
        _replace(model.net, name, norm)


def _replace(net: nn.Module, name: str, part: nn.Module) -> None:
    path, _, attribute = name.rpartition(".")
    setattr(net.get_submodule(path), attribute, part)
