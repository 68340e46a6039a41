"""Tiles that are unlearnt most often first [toneva2019]."""

from __future__ import annotations

import numpy as np

from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, NoSettings, Pick, lowest


def most_forgotten(_: NoSettings, candidates: Candidates, generator: np.random.Generator) -> Pick:
    """Take the most forgetting events first; tiles that were never right count as infinite."""
    return lowest(-candidates.known.forgetting, generator)


METHODS.register(
    CoresetMethod(
        "forgetting",
        "Most often unlearnt first, those that were never learnt before all (Toneva et al. 2019).",
        most_forgotten,
    )
)
