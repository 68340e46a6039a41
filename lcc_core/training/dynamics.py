"""What every training tile did at each presentation: the raw material of coresets."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class Dynamics:
    """Rows are epochs, columns the training tiles in the order of the split.

    ``correct`` uint8; ``confidence`` p of the true class; ``margin`` p₁ − p₂ of the two most
    likely classes; ``true_margin`` p of the true class − the best other (area under the margin).
    """

    FLOATS = ("confidence", "margin", "true_margin")

    def __init__(self, epochs: int, tiles: int) -> None:
        self.tables = {"correct": np.zeros((epochs, tiles), np.uint8)}
        self.tables |= {name: np.zeros((epochs, tiles), np.float16) for name in self.FLOATS}

    def record(self, epoch: int, columns: np.ndarray, logits: Tensor, labels: Tensor) -> int:
        """Note one batch: ``logits`` (n, classes). Returns how many were right."""
        probabilities = logits.detach().float().softmax(1)
        top, which = probabilities.topk(2, dim=1)
        truth = probabilities.gather(1, labels[:, None])[:, 0]
        correct = which[:, 0] == labels
        other = torch.where(correct, top[:, 1], top[:, 0])
        values = {
            "correct": correct,
            "confidence": truth,
            "margin": top[:, 0] - top[:, 1],
            "true_margin": truth - other,
        }
        for name, value in values.items():
            self.tables[name][epoch, columns] = value.cpu().numpy()
        return int(correct.sum())

    def upto(self, epochs: int) -> dict[str, np.ndarray]:
        return {name: table[:epochs] for name, table in self.tables.items()}
