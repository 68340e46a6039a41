"""Scores → which tiles stay: random, most forgotten, smallest margin, or coverage-centric.

A method lists the tiles it would take from a pool, the first choice first. Class-balanced, it is
asked class by class for equal shares; plain, once for all. Ties are broken by the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lcc_core.coresets.scores import AUMS, Scores
from lcc_core.errors import DataError, require

METHODS = ("random", "forgetting", "margin", "ccs")
BINS = 50
# Share of the hardest tiles that ``ccs`` leaves out, by the fraction kept: the less is kept, the
# less of it may be spent on tiles that nothing makes easier (Zheng et al. 2023, table 5).
HARDEST = ((0.05, 0.4), (0.1, 0.3), (0.2, 0.2), (0.3, 0.1))


@dataclass(frozen=True)
class CoresetSettings:
    """``fraction`` of the training tiles to keep; ``balanced``: equally many of each class.

    ``beta`` is for ``ccs``: the share of the hardest tiles left out; by default it follows from
    the fraction. ``aum``: of what its scores are taken, logits or probabilities.
    """

    method: str = "ccs"
    fraction: float = 0.1
    balanced: bool = False
    seed: int = 0
    beta: float | None = None
    aum: str = "logits"

    def __post_init__(self) -> None:
        require(self.method in METHODS, "method", self.method, f"one of {', '.join(METHODS)}")
        require(0 < self.fraction <= 1, "fraction", self.fraction, "above 0 and at most 1")
        require(0 <= self.seed < 2**31, "seed", self.seed, "0…2147483647")
        require(self.beta is None or 0 <= self.beta < 1, "beta", self.beta, "0 or more and below 1")
        require(self.aum in AUMS, "aum", self.aum, f"one of {', '.join(AUMS)}")

    @property
    def title(self) -> str:
        return f"{'balanced ' if self.balanced else ''}{self.method}"

    @property
    def hardest(self) -> float:
        """β as it is used."""
        if self.beta is not None:
            return self.beta
        return next((beta for most, beta in HARDEST if self.fraction <= most), 0.0)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> CoresetSettings:
        """Choices from before areas were taken of logits were made by probabilities."""
        return cls(**{"aum": "probabilities", **content})


Pick = Callable[[np.ndarray, int], np.ndarray]


def select(
    scores: Scores, labels: np.ndarray, class_names: tuple[str, ...], settings: CoresetSettings
) -> np.ndarray:
    """Positions of the tiles to keep, rising; ``labels`` (n,) in the order of the scores.

    Every class that has tiles keeps at least one. ``DataError`` where the fraction is too small.
    """
    total = len(labels)
    n = round(settings.fraction * total)
    present = np.unique(labels)
    if n < len(present):
        least = np.ceil(1000 * len(present) / total) / 1000
        raise DataError(
            f"{100 * settings.fraction:g} % of {total:,} training tiles are {n}, fewer than the "
            f"{len(present)} classes ({', '.join(class_names[i] for i in present[:3])}, …).",
            f"Keep at least {100 * least:g} %: every class needs a tile.",
        )
    pick = _picker(scores, settings)
    if settings.balanced:
        quotas = equal_quotas(np.bincount(labels, minlength=len(class_names)), n)
        parts = [pick(np.flatnonzero(labels == c), quotas[c]) for c in present]
        return np.sort(np.concatenate(parts))
    return np.sort(_with_every_class(pick(np.arange(total), n), labels, present, pick))


def equal_quotas(counts: np.ndarray, n: int) -> np.ndarray:
    """``n`` shared equally among classes of ``counts`` tiles, none above what it has."""
    quotas = np.zeros_like(counts)
    while (missing := n - quotas.sum()) > 0:
        open_ = np.flatnonzero(quotas < counts)
        share = int(missing) // len(open_)
        if not share:  # fewer than one a class: the first classes get them
            open_, share = open_[:missing], 1
        quotas[open_] = np.minimum(quotas[open_] + share, counts[open_])
    return quotas


def _with_every_class(
    chosen: np.ndarray, labels: np.ndarray, present: np.ndarray, pick: Pick
) -> np.ndarray:
    """The last choices of classes with several make room for the first of a class with none."""
    counts = np.bincount(labels[chosen], minlength=int(present.max()) + 1)
    keep = list(chosen)
    for label in present[counts[present] == 0]:
        place = next(i for i in range(len(keep) - 1, -1, -1) if counts[labels[keep[i]]] > 1)
        counts[labels[keep[place]]] -= 1
        keep[place] = pick(np.flatnonzero(labels == label), 1)[0]
        counts[label] += 1
    return np.array(keep)


def _picker(scores: Scores, settings: CoresetSettings) -> Pick:
    """How the method takes ``n`` positions from a pool of them."""
    generator = np.random.default_rng(settings.seed)

    def at_random(pool: np.ndarray, n: int) -> np.ndarray:
        return generator.permutation(pool)[:n]

    def lowest(values: np.ndarray) -> Pick:
        def pick(pool: np.ndarray, n: int) -> np.ndarray:
            pool = generator.permutation(pool)
            return pool[np.argsort(values[pool], kind="stable")[:n]]

        return pick

    def covering(pool: np.ndarray, n: int) -> np.ndarray:
        hardest = min(int(settings.hardest * len(pool)), len(pool) - n)
        kept = lowest(scores.aum)(pool, len(pool))[hardest:]
        return _by_strata(kept, scores.aum[kept], n, generator)

    return {
        "random": at_random,
        "forgetting": lowest(-scores.forgetting),
        "margin": lowest(scores.margin),
        "ccs": covering,
    }[settings.method]


def _by_strata(
    pool: np.ndarray, values: np.ndarray, n: int, generator: np.random.Generator
) -> np.ndarray:
    """Equally many from each of 50 equal-width bins of the values; small bins give all they have.

    ``pool`` is not empty. From the smallest bin up, so that what one lacks the others make up for.
    """
    low, high = float(values.min()), float(values.max())
    width = (high - low) / BINS or 1.0
    bins = np.minimum(((values - low) / width).astype(int), BINS - 1)
    sizes = np.bincount(bins, minlength=BINS)
    filled = [b for b in np.argsort(sizes, kind="stable") if sizes[b]]
    chosen: list[np.ndarray] = []
    for place, b in enumerate(filled):
        quota = n // (len(filled) - place)
        taken = generator.permutation(pool[bins == b])[:quota]
        chosen.append(taken)
        n -= len(taken)
    return np.concatenate(chosen)
