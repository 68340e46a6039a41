"""Coverage-centric selection: equally many from easy to hard, without the hardest [zheng2023]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, Pick, lowest
from lcc_core.coresets.scores import AUMS, Scores, scores_of
from lcc_core.errors import require
from lcc_core.settings import check_settings, setting

BINS = 50
# Share of the hardest tiles that is left out, by the fraction kept: the less is kept, the less of
# it may be spent on tiles that nothing makes easier ([zheng2023], table 5).
HARDEST = ((0.05, 0.4), (0.1, 0.3), (0.2, 0.2), (0.3, 0.1))


@dataclass(frozen=True)
class Ccs:
    """The settings of coverage-centric selection."""

    beta: float | None = setting(
        None,
        "Hardest left out (β)",
        "leave out this share of the hardest tiles, which are often wrong labels; by default it "
        "follows from the fraction kept, 0.4 at 5 % and none above 30 %",
        low=0.0,
        high=1.0,
        step=0.05,
        metavar="B",
    )
    aum: str = setting(
        "logits",
        "Area under the margin of",
        "what the area under the margin is taken of; its paper takes logits",
        choices=AUMS,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        require(self.beta is None or self.beta < 1, "beta", self.beta, "0 or more and below 1")


def share_left_out(config: Ccs, fraction: float) -> float:
    """β as it is used, where ``fraction`` of the tiles is kept."""
    if config.beta is not None:
        return config.beta
    return next((beta for most, beta in HARDEST if fraction <= most), 0.0)


def cover(config: Ccs, candidates: Candidates, generator: np.random.Generator) -> Pick:
    """Leave out the hardest of a pool, then take as many of each stratum of the area."""
    area = candidates.known.aum
    beta = share_left_out(config, candidates.fraction)
    hardest_first = lowest(area, generator)

    def pick(pool: np.ndarray, n: int) -> np.ndarray:
        hardest = min(int(beta * len(pool)), len(pool) - n)
        kept = hardest_first(pool, len(pool))[hardest:]
        return by_strata(kept, area[kept], n, generator)

    return pick


def by_strata(
    pool: np.ndarray, values: np.ndarray, n: int, generator: np.random.Generator
) -> np.ndarray:
    """Take equally many from each of 50 equal-width bins of the values ([zheng2023], alg. 1).

    From the smallest bin up: one that has too few gives all, and the others make up for it.

    Args:
        pool: positions int64 (m,), not empty.
        values: of each, float32 (m,).
        n: how many to take.
        generator: draws within a bin.
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


def _scores(config: Ccs, dynamics: Mapping[str, np.ndarray]) -> Scores:
    return scores_of(dynamics, config.aum)


def _as_recorded(config: Ccs, scores: Scores) -> Ccs:
    return replace(config, aum=scores.aum_of)


def _tag(config: Ccs) -> str:
    beta = "" if config.beta is None else f"-b{100 * config.beta:g}"
    return beta + "-p" * (config.aum == "probabilities")


METHODS.register(
    CoresetMethod(
        "ccs",
        "Coverage-centric: equally many from easy to hard, without the hardest (Zheng et al. "
        "2023).",
        cover,
        Ccs,
        scores=_scores,
        settle=_as_recorded,
        older={"aum": "probabilities"},
        tag=_tag,
    )
)
