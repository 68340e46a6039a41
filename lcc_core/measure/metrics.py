"""Accuracy measures of a confusion matrix."""

from __future__ import annotations

import math

import numpy as np


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 (classes, classes): rows are the truth, columns the answers."""
    flat = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes)


def overall_accuracy(confusion: np.ndarray) -> float:
    """Share of all tiles that were answered right."""
    return float(np.trace(confusion) / confusion.sum())


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Share of each class's tiles that were found; NaN for a class without tiles."""
    with np.errstate(invalid="ignore"):
        return np.diag(confusion) / confusion.sum(1)


def kappa(confusion: np.ndarray) -> float:
    """Cohen's κ; 0 where chance agreement is certain."""
    total = confusion.sum()
    expected = float((confusion.sum(0) * confusion.sum(1)).sum() / total**2)
    return 0.0 if expected == 1 else (overall_accuracy(confusion) - expected) / (1 - expected)


def wilson_interval(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson (1927): sound near 0 and 1 and for small n."""
    if total == 0:
        return 0.0, 1.0
    share, square = right / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)
