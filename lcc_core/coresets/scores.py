"""What each training tile is worth, by what the network did on it while it learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lcc_core.errors import require

AUMS = ("logits", "probabilities")


@dataclass(frozen=True, eq=False)
class Scores:
    """One value a training tile each, float32 (n,), in the order of the dynamics' columns.

    ``forgetting``: events, ∞ for a tile that was never right (Toneva et al. 2019); ``margin``
    p₁ − p₂ and ``confidence`` p of the true class in the last epoch; ``aum``: mean over the epochs
    of the true class − the best other, the area under the margin, of the logits as its paper has
    it (Pleiss et al. 2020) or of probabilities; ``aum_of`` says which.
    """

    forgetting: np.ndarray
    margin: np.ndarray
    confidence: np.ndarray
    aum: np.ndarray
    aum_of: str = "logits"

    NAMES = ("forgetting", "margin", "confidence", "aum")

    def __len__(self) -> int:
        return len(self.margin)

    def named(self, name: str) -> np.ndarray:
        return getattr(self, name)


def scores_of(dynamics: Mapping[str, np.ndarray], aum: str = "logits") -> Scores:
    """Score the tiles of one instrumented run; tables are (epochs, tiles).

    ``aum``: of what the area under the margin is taken. Runs from before logits were recorded know
    it of probabilities alone, and ``aum_of`` of the result says so.
    """
    require(aum in AUMS, "aum", aum, f"one of {', '.join(AUMS)}")
    by_logits = aum == "logits" and "logit_margin" in dynamics
    margins = dynamics["logit_margin" if by_logits else "true_margin"]
    return Scores(
        forgetting=forgetting_events(dynamics["correct"]),
        margin=dynamics["margin"][-1].astype(np.float32),
        confidence=dynamics["confidence"][-1].astype(np.float32),
        aum=margins.mean(0, dtype=np.float32),
        aum_of="logits" if by_logits else "probabilities",
    )


def forgetting_events(correct: np.ndarray) -> np.ndarray:
    """Count how often each tile went from right to wrong between two presentations [toneva2019].

    Args:
        correct: 0 or 1, (epochs, tiles).

    Returns:
        float32 (tiles,); ∞ for a tile that was never right.
    """
    events = ((correct[:-1] == 1) & (correct[1:] == 0)).sum(0).astype(np.float32)
    events[~correct.any(0)] = np.inf
    return events
