"""What every training tile did at each presentation: the raw material of coresets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

MOST = 6e4  # what two bytes hold of a logit's margin: only a run that diverges goes beyond


class Dynamics:
    """Rows are epochs, columns the training tiles in the order of the split.

    ``correct`` uint8; ``confidence`` p of the true class; ``margin`` p₁ − p₂ of the two most
    likely classes; ``true_margin`` p of the true class − the best other; ``logit_margin`` the same
    of the logits, whose mean over the epochs is the area under the margin. Checkpoints from before
    it was recorded lack the last.
    """

    FLOATS = ("confidence", "margin", "true_margin", "logit_margin")

    def __init__(self, epochs: int, tiles: int) -> None:
        self.tables = {"correct": np.zeros((epochs, tiles), np.uint8)}
        self.tables |= {name: np.zeros((epochs, tiles), np.float16) for name in self.FLOATS}

    def record(self, epoch: int, columns: np.ndarray, logits: Tensor, labels: Tensor) -> int:
        """Note one batch: ``logits`` (n, classes). Returns how many were right."""
        values = logits.detach().float()
        probabilities = values.softmax(1)
        top, which = probabilities.topk(2, dim=1)
        truth = probabilities.gather(1, labels[:, None])[:, 0]
        correct = which[:, 0] == labels
        other = torch.where(correct, top[:, 1], top[:, 0])
        others = values.scatter(1, labels[:, None], -torch.inf).amax(1)
        tables = {
            "correct": correct,
            "confidence": truth,
            "margin": top[:, 0] - top[:, 1],
            "true_margin": truth - other,
            "logit_margin": (values.gather(1, labels[:, None])[:, 0] - others).clamp(-MOST, MOST),
        }
        for name in self.tables:
            self.tables[name][epoch, columns] = tables[name].cpu().numpy()
        return int(correct.sum())

    def restore(self, tables: Mapping[str, np.ndarray], epochs: int) -> None:
        """Take over the first ``epochs`` of an earlier run; what that did not record is left out
        of the whole, because an area over some of the epochs is none."""
        self.tables = {name: table for name, table in self.tables.items() if name in tables}
        for name, table in self.tables.items():
            table[:epochs] = tables[name]

    def upto(self, epochs: int) -> dict[str, np.ndarray]:
        return {name: table[:epochs] for name, table in self.tables.items()}
