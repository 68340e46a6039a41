"""Tiles between two classes first."""

from __future__ import annotations

import numpy as np

from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, NoSettings, Pick, lowest


def smallest_margin(_: NoSettings, candidates: Candidates, generator: np.random.Generator) -> Pick:
    """Take the smallest margin p₁ − p₂ of the last epoch first."""
    return lowest(candidates.known.margin, generator)


METHODS.register(
    CoresetMethod(
        "margin",
        "Those between two classes first: the smallest gap between the two likeliest.",
        smallest_margin,
    )
)
