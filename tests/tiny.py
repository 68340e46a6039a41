"""Small things that tests share: tiles made at once, specs, and nets that are not fresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from lcc_core.data.stored import band_statistics, fingerprint
from lcc_core.data.tiles import TileSet
from lcc_core.models import Classifier, ModelSpec, build

NAMES = ("field", "forest", "lake", "town")


def make_tiles() -> TileSet:
    """4 classes × 12 tiles of 16×16, each class with a colour of its own."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 12)
    colours = generator.integers(40, 216, (4, 3))[labels][:, None, None]
    noise = generator.normal(0, 20, (48, 16, 16, 3))
    images = np.clip(colours + noise, 0, 255).astype(np.uint8)
    mean, std = band_statistics(images)
    return TileSet("tiny", images, labels, NAMES, mean, std, fingerprint(images, labels, NAMES))


def spec(arch: str = "compact") -> ModelSpec:
    return ModelSpec(arch, NAMES, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))


def scene_spec(arch: str, bands: int = 16, patch: int = 5) -> ModelSpec:
    options = {"patch": patch} | ({"components": 4} if arch == "cnn2d" else {})
    return ModelSpec(arch, NAMES, (0.0,) * bands, (1.0,) * bands, options)


@torch.no_grad()
def lived_in(arch: str = "compact", seed: int = 0) -> Classifier:
    """A net whose norms have statistics, scales and shifts of their own."""
    torch.manual_seed(seed)
    model = build(spec(arch)).eval()
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            assert module.running_mean is not None and module.running_var is not None
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(0, 0.3)
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    return model


def part(model: Classifier, name: str) -> Any:
    """A layer of the net, of whatever class it is."""
    return model.net.get_submodule(name)


def images(n: int = 2, side: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, 3, side, side), dtype=torch.uint8, generator=generator)
