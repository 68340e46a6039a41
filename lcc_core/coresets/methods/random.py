"""Tiles drawn by lot: what every other method has to beat."""

from __future__ import annotations

import numpy as np

from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, NoSettings, Pick


def draw(_: NoSettings, __: Candidates, generator: np.random.Generator) -> Pick:
    """Take a random part of the pool."""

    def pick(pool: np.ndarray, n: int) -> np.ndarray:
        return generator.permutation(pool)[:n]

    return pick


METHODS.register(
    CoresetMethod("random", "Drawn by lot; needs no training.", draw, needs_dynamics=False)
)
