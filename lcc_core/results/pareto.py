"""Which results nobody beats: small is good on one axis, accurate on the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def front(cost: Sequence[float], gain: Sequence[float]) -> np.ndarray:
    """True where no other point costs no more and gains no less, one of them strictly."""
    x, y = np.asarray(cost, float), np.asarray(gain, float)
    keep = np.zeros(len(x), bool)
    best, best_x = -np.inf, np.inf
    for place in np.lexsort((-y, x)):
        equal = y[place] == best and x[place] == best_x
        if y[place] > best or equal:
            keep[place] = True
            best, best_x = y[place], x[place]
    return keep


def hypervolume(
    cost: Sequence[float], gain: Sequence[float], most: float, least: float = 0.0
) -> float:
    """Area between the points and the corner (``most``, ``least``): what they dominate there."""
    x, y = np.asarray(cost, float), np.asarray(gain, float)
    inside = (x < most) & (y > least)
    x, y = x[inside], y[inside]
    order = np.lexsort((-y, x))
    area, reached = 0.0, least
    for place in order:
        if y[place] > reached:
            area += (most - x[place]) * (y[place] - reached)
            reached = y[place]
    return float(area)
