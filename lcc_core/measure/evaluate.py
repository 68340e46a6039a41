"""Classifiers on tiles: predictions and accuracies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import Classifier
from lcc_core.models.device import Compute, autocast, choose_device, choose_precision, layout

ON_CPU = Compute()


@torch.inference_mode()
def logits(
    model: Classifier,
    tiles: TileSet,
    ids: np.ndarray,
    compute: Compute = ON_CPU,
    hooks: Hooks = QUIET,
) -> torch.Tensor:
    """Logits float32 (n, classes) of the tiles ``ids``, in evaluation mode."""
    where, batch = choose_device(compute.device), compute.batch
    precision = choose_precision(compute.precision, where)
    was_training = model.training
    model = model.eval().to(where, memory_format=layout(model))
    parts = []
    try:
        with autocast(where, precision):
            for start in range(0, len(ids), batch):
                hooks.check()
                images = torch.from_numpy(np.ascontiguousarray(tiles.images[ids[start:][:batch]]))
                parts.append(model(images.permute(0, 3, 1, 2).to(where)).float().cpu())
                hooks.progress(Progress("measure", min(start + batch, len(ids)), len(ids)))
    finally:
        model.train(was_training)
    return torch.cat(parts)


def predict(
    model: Classifier,
    tiles: TileSet,
    ids: np.ndarray,
    compute: Compute = ON_CPU,
    hooks: Hooks = QUIET,
) -> np.ndarray:
    """Predicted classes int64 (n,) of the tiles ``ids``."""
    return logits(model, tiles, ids, compute, hooks).argmax(1).numpy()


def accuracies(
    model: Classifier,
    tiles: TileSet,
    split: Split,
    compute: Compute = ON_CPU,
    hooks: Hooks = QUIET,
) -> dict[str, dict[str, Any]]:
    """Overall accuracy on the validation and the test part, as checkpoints remember it."""
    found = {}
    for part in ("validation", "test"):
        if len(ids := getattr(split, part)):
            found[part] = {
                "oa": accuracy(model, tiles, ids, compute, hooks),
                "tiles": len(ids),
                "precision": choose_precision(compute.precision, choose_device(compute.device)),
            }
    return found


def accuracy(
    model: Classifier,
    tiles: TileSet,
    ids: np.ndarray,
    compute: Compute = ON_CPU,
    hooks: Hooks = QUIET,
) -> float:
    """Overall accuracy on the tiles ``ids``, 0…1."""
    return float((predict(model, tiles, ids, compute, hooks) == tiles.labels[ids]).mean())
