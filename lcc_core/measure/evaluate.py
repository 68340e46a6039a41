"""Classifiers on tiles: predictions and accuracies."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import Classifier
from lcc_core.models.device import autocast, choose_device, choose_precision, layout


@torch.inference_mode()
def logits(
    model: Classifier,
    tiles: TileSet,
    ids: np.ndarray,
    *,
    device: str = "cpu",
    precision: str = "auto",
    batch: int = 128,
    hooks: Hooks = QUIET,
) -> torch.Tensor:
    """Logits float32 (n, classes) of the tiles ``ids``, in evaluation mode."""
    where = choose_device(device)
    precision = choose_precision(precision, where)
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


def predict(model: Classifier, tiles: TileSet, ids: np.ndarray, **options: object) -> np.ndarray:
    """Predicted classes int64 (n,); options as in :func:`logits`."""
    return logits(model, tiles, ids, **options).argmax(1).numpy()


def accuracies(
    model: Classifier, tiles: TileSet, split: Split, device: str = "cpu", **options: Any
) -> dict[str, dict[str, Any]]:
    """Overall accuracy on the validation and the test part, as checkpoints remember it."""
    found = {}
    for part in ("validation", "test"):
        if len(ids := getattr(split, part)):
            found[part] = {
                "oa": accuracy(model, tiles, ids, device=device, **options),
                "tiles": len(ids),
                "precision": choose_precision("auto", choose_device(device)),
            }
    return found


def accuracy(model: Classifier, tiles: TileSet, ids: np.ndarray, **options: object) -> float:
    """Overall accuracy on the tiles ``ids``, 0…1."""
    return float((predict(model, tiles, ids, **options) == tiles.labels[ids]).mean())
