"""Training that starts from a checkpoint, as it is or pruned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lcc_core.channels.prune import ChannelPruning, prune_channels
from lcc_core.checkpoints.store import Checkpoint, find_checkpoint
from lcc_core.compression.pruning import keep_mask
from lcc_core.data.tiles import TileSet
from lcc_core.errors import TrainingError, require
from lcc_core.files import Home
from lcc_core.models import Classifier, compressible_layers, weight_of


@dataclass(frozen=True)
class Start:
    """A checkpoint's id and what is done to its weights before training goes on.

    ``pruning`` removes channels. ``k`` > 0 zeroes weights below k·σ of their layer and holds all
    zeros at zero while training; ``layers`` limits it to some (all if empty).
    """

    checkpoint: str
    pruning: ChannelPruning | None = None
    k: float = 0.0
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(bool(self.checkpoint), "checkpoint", self.checkpoint, "the id of one")
        require(0 <= self.k <= 10, "k", self.k, "0…10")

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {"checkpoint": self.checkpoint}
        if self.pruning:
            content["cut"] = self.pruning.to_json()
        if self.k:
            content |= {"k": self.k, "layers": list(self.layers)}
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Start:
        cut = content.get("cut")
        return cls(
            str(content["checkpoint"]),
            ChannelPruning.from_json(cut) if cut else None,
            float(content.get("k", 0.0)),
            tuple(content.get("layers", ())),
        )

    def model(self, home: Home) -> Classifier:
        """The weights training starts from. Raises ``CheckpointError`` if they are gone."""
        model = find_checkpoint(home, self.checkpoint).model()
        if self.pruning:
            model = prune_channels(model, self.pruning).model
        if self.k:
            _zero(model, self.k, self.layers)
        return model


def same_classes(one: Checkpoint | Classifier, tiles: TileSet, what: str) -> None:
    """Raises ``TrainingError`` unless the model knows the tiles' classes and bands."""
    if one.spec.class_names != tiles.class_names or one.spec.bands != tiles.bands:
        raise TrainingError(
            f"The {what} ({one.spec.arch}) knows {one.spec.classes} classes in "
            f"{one.spec.bands} bands, and those of {tiles.name!r} are others.",
            "Take a checkpoint of the same data set.",
        )


@torch.no_grad()
def _zero(model: Classifier, k: float, only: tuple[str, ...]) -> None:
    names = [layer.name for layer in compressible_layers(model)]
    if unknown := set(only) - set(names):
        raise TrainingError(
            f"{model.spec.arch} has no layer {sorted(unknown)[0]!r}.",
            "See `lcc importance` for its layers.",
        )
    for name in only or names:
        weight = weight_of(model, name)
        weight.mul_(keep_mask(weight, k))


class HeldZeros:
    """Weights that are zero now stay zero."""

    def __init__(self, model: Classifier) -> None:
        self.held: list[tuple[Tensor, Tensor]] = []
        for layer in compressible_layers(model):
            weight = weight_of(model, layer.name)
            if bool((weight == 0).any()):
                self.held.append((weight, (weight != 0).to(weight.dtype)))

    @torch.no_grad()
    def again(self) -> None:
        for weight, kept in self.held:
            weight.mul_(kept)
