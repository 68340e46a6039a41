"""A network together with what it needs to read raw tiles."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lcc_core.models.spec import ModelSpec


class Classifier(nn.Module):
    """Raw tiles in, logits out: uint8 (N, C, H, W) → float (N, classes).

    Patches of a scene are float32 in the cube's own unit.

    Layer names elsewhere in the engine are relative to ``net``.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.scale = 1.0 if spec.patch else 255.0
        # Not part of the state: the spec holds them.
        self.register_buffer("mean", torch.tensor(spec.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.std).view(1, -1, 1, 1), persistent=False)

    def normalise(self, tiles: Tensor) -> Tensor:
        """Bring tiles to the scale and the statistics that the network was trained with."""
        return (tiles.float() / self.scale - self.mean) / self.std

    def forward(self, tiles: Tensor) -> Tensor:
        return self.net(self.normalise(tiles))
