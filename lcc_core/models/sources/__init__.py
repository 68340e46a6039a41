"""The architectures: a file for each place they come from, found by itself. Free of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lcc_core.errors import ModelError
from lcc_core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from lcc_core.models.spec import ModelSpec

TILES, SPECTRA, PATCHES = "tiles", "spectra", "patches"


@dataclass(frozen=True)
class Pretrained:
    """Weights that training may start from.

    Attributes:
        name: as recipes have it.
        mean: of each band on the 0…1 scale, as these weights expect it.
        std: likewise.
    """

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


IMAGENET = Pretrained("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def _no_options(_: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Architecture:
    """A network that can be trained.

    Attributes:
        name: as recipes, checkpoints and packed files have it.
        title: for people.
        summary: one sentence on what it is.
        source: who wrote it.
        weights_m: millions of weights with ten classes.
        build: spec and name of pretrained weights, or ``""`` → a network from float
            (N, C, H, W), normalised, to logits (N, classes). Its last linear layer is the head.
        reads: tiles, or of a scene the spectrum of a pixel or the patch around it.
        pretrained: weights that it can start from.
        rate: peak learning rate of the default recipe; ``None``: the recipe's own.
        limits: option of the spec → the largest whole number it may be.
        options: number of bands → the options of a new model.
        fit: network and standardised training spectra (n, B) → fills what is not trained.
    """

    name: str
    title: str
    summary: str
    source: str
    weights_m: float
    build: Callable[[ModelSpec, str], nn.Module]
    reads: str = TILES
    pretrained: tuple[Pretrained, ...] = ()
    rate: float | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    options: Callable[[int], dict[str, Any]] = _no_options
    fit: Callable[[nn.Module, np.ndarray], None] | None = None

    @property
    def for_scenes(self) -> bool:
        """Whether it reads scenes, not tiles."""
        return self.reads != TILES

    def weights(self, name: str) -> Pretrained:
        """Find pretrained weights by name. Raises ``ModelError`` naming those there are."""
        for one in self.pretrained:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.pretrained)
        raise ModelError(
            f"{self.name} has no {name} weights.",
            f"It has {known}." if known else "Train it from scratch.",
        )


ARCHITECTURES: Registry[Architecture] = Registry("architecture", __name__, ModelError)


def architectures(scene: bool) -> list[str]:
    """Name those that read scenes, or those that read tiles."""
    return [one.name for one in ARCHITECTURES if one.for_scenes == scene]


def pretrained_names() -> tuple[str, ...]:
    """Name every kind of pretrained weights that some architecture has."""
    return tuple(dict.fromkeys(one.name for arch in ARCHITECTURES for one in arch.pretrained))
