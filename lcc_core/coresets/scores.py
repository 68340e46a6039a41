"""What each training tile is worth, by what the network did on it while it learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Scores:
    """One value a training tile each, float32 (n,), in the order of the dynamics' columns.

    ``forgetting``: events, ∞ for a tile that was never right (Toneva et al. 2019); ``margin``
    p₁ − p₂ and ``confidence`` p of the true class in the last epoch; ``aum``: mean over the epochs
    of p of the true class − the best other, the area under the margin (Pleiss et al. 2020).
    """

    forgetting: np.ndarray
    margin: np.ndarray
    confidence: np.ndarray
    aum: np.ndarray

    NAMES = ("forgetting", "margin", "confidence", "aum")

    def __len__(self) -> int:
        return len(self.margin)

    def named(self, name: str) -> np.ndarray:
        return getattr(self, name)


def scores_of(dynamics: Mapping[str, np.ndarray]) -> Scores:
    """Every score from one instrumented run; tables are (epochs, tiles)."""
    return Scores(
        forgetting=forgetting_events(dynamics["correct"]),
        margin=dynamics["margin"][-1].astype(np.float32),
        confidence=dynamics["confidence"][-1].astype(np.float32),
        aum=dynamics["true_margin"].mean(0, dtype=np.float32),
    )


def forgetting_events(correct: np.ndarray) -> np.ndarray:
    """How often a tile went from right to wrong between two presentations; ``correct`` 0 or 1."""
    events = ((correct[:-1] == 1) & (correct[1:] == 0)).sum(0).astype(np.float32)
    events[~correct.any(0)] = np.inf
    return events
