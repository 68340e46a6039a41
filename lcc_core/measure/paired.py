"""Two models or more on the same tiles: what they differ in, and whether that is chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lcc_core.errors import require

Z = 1.959964
# Which tiles to look at; the first model is the baseline.
KINDS: dict[str, str] = {
    "differ": "answers differ",
    "one right": "exactly one right",
    "one wrong": "exactly one wrong",
    "lost": "first right, another wrong",
    "gained": "first wrong, another right",
    "all wrong": "all wrong",
    "wrong, each its own way": "all wrong, answers differ",
}


@dataclass(frozen=True)
class Paired:
    """A second model against a first on ``tiles`` tiles.

    ``gained``: tiles that only the second has right; ``lost``: that only the first has right.
    ``difference`` is accuracy of the second − of the first, with its 95 % ``interval``. ``p`` is
    McNemar's exact two-sided probability, ``mid_p`` the less cautious mid-p of the same test.
    """

    tiles: int
    gained: int
    lost: int
    both_right: int
    both_wrong: int
    difference: float
    interval: tuple[float, float]
    p: float
    mid_p: float


def compare_pair(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> Paired:
    """Answers (n,) of both models and the truth (n,). ``ValueError`` unless of one length ≥ 1."""
    require(len(labels) > 0, "labels", len(labels), "one tile or more")
    for name, answers in (("first", first), ("second", second)):
        require(answers.shape == labels.shape, name, answers.shape, f"of shape {labels.shape}")
    right, later = first == labels, second == labels
    gained, lost = int((later & ~right).sum()), int((right & ~later).sum())
    p, mid_p = mcnemar(gained, lost)
    return Paired(
        tiles=len(labels),
        gained=gained,
        lost=lost,
        both_right=int((right & later).sum()),
        both_wrong=int((~right & ~later).sum()),
        difference=(gained - lost) / len(labels),
        interval=difference_interval(gained, lost, len(labels)),
        p=p,
        mid_p=mid_p,
    )


def mcnemar(gained: int, lost: int) -> tuple[float, float]:
    """Exact two-sided p and mid-p (McNemar 1947; Fagerland, Lydersen & Laake 2013).

    Of n = gained + lost tiles that only one model has right, each falls to either with ½ if the
    models are equally good: p = 2·P(X ≤ min(gained, lost)) with X ~ Binomial(n, ½), at most 1.
    Mid-p counts outcomes as likely as the one seen by half: p less P(X = min), and where as many
    are gained as lost, where there is but one such outcome, 1 − ½·P(X = n/2).
    """
    for name, count in (("gained", gained), ("lost", lost)):
        require(count >= 0, name, count, "0 or more")
    total, least = gained + lost, min(gained, lost)
    # Down from the likeliest term, each from the one before: what is left out is below rounding.
    log = math.lgamma(total + 1) - math.lgamma(least + 1) - math.lgamma(total - least + 1)
    share, terms = 1.0, 1.0
    for count in range(least, 0, -1):
        share *= count / (total - count + 1)
        terms += share
        if share < 1e-17 * terms:
            break
    edge = math.exp(log - total * math.log(2))
    if gained == lost:
        return 1.0, 1 - edge / 2
    return min(1.0, 2 * edge * terms), min(1.0, 2 * edge * (terms - 0.5))


def difference_interval(gained: int, lost: int, tiles: int) -> tuple[float, float]:
    """95 % interval of the paired difference of two accuracies, after Bonett & Price (2012).

    Wald's interval with one tile added to either discordant count: it holds its 95 % for few
    tiles too, and does not shrink to a point where no tile differs.
    """
    require(gained + lost <= tiles, "gained + lost", gained + lost, f"at most {tiles}")
    up, down = (gained + 1) / (tiles + 2), (lost + 1) / (tiles + 2)
    half = Z * math.sqrt((up + down - (up - down) ** 2) / (tiles + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def holm(values: Sequence[float]) -> list[float]:
    """Probabilities corrected for there being several tests (Holm 1979), in the order given."""
    adjusted, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = highest
    return adjusted


def disagreement(labels: np.ndarray, answers: np.ndarray, kind: str) -> np.ndarray:
    """Positions, rising, of the tiles of one of ``KINDS``; answers (models, n), labels (n,)."""
    require(kind in KINDS, "kind", kind, f"one of {', '.join(KINDS)}")
    require(
        answers.ndim == 2 and len(answers) >= 2 and answers.shape[1:] == labels.shape,
        "answers.shape",
        answers.shape,
        f"(two or more, {len(labels)})",
    )
    right = answers == labels
    count = right.sum(0)
    differ = (answers != answers[0]).any(0)
    mask = {
        "differ": differ,
        "one right": count == 1,
        "one wrong": count == len(answers) - 1,
        "lost": right[0] & (count < len(answers)),
        "gained": ~right[0] & (count > 0),
        "all wrong": count == 0,
        "wrong, each its own way": (count == 0) & differ,
    }[kind]
    return np.flatnonzero(mask)
