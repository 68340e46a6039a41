"""How much a random split of a scene flatters, judged on the same pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

import numpy as np

from lcc_core.data.spatial import SPATIAL
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import confusion_matrix, kappa, overall_accuracy, recalls
from lcc_core.results.predicted import Predictions

FIGURES = ("oa", "aa", "kappa")


@dataclass(frozen=True, eq=False)
class Answered:
    """A measured model with its answers.

    Attributes:
        model: what is trained, but for the split and the seed.
        plan: how it is compressed.
        split: the protocol.
        seed: of the training and the split.
        row: what was measured on the test part.
        seen: the answers on the test part.
        truth: int64 (n,), the classes there, in the order of the answers.
    """

    model: str
    plan: str
    split: str
    seed: int
    row: Measurement
    seen: Predictions
    truth: np.ndarray


@dataclass(frozen=True)
class Flattery:
    """How much better training on the random split looks than on the disjoint one.

    ``oa``, ``aa`` and ``kappa`` are differences on the same ``pixels``, those that are test pixels
    of both splits of a seed; ``own_oa`` is the difference of each on its own test part, which also
    holds how hard the two parts are. Means over ``seeds``.
    """

    model: str
    plan: str
    random: str
    disjoint: str
    oa: float
    aa: float
    kappa: float
    pixels: float
    own_oa: float
    seeds: int


def flattery(rows: Iterable[Answered]) -> list[Flattery]:
    """Compare every random split with every disjoint one, model by model and plan by plan.

    Both are judged on the pixels that neither was trained on nor chosen by: those of both test
    parts. Seeds whose parts have none in common are left out.
    """
    by_seed: dict[tuple[str, str, str], dict[int, Answered]] = {}
    for row in rows:
        by_seed.setdefault((row.model, row.plan, row.split), {})[row.seed] = row
    found = []
    for (model, plan, random), ones in by_seed.items():
        for (other_model, other_plan, disjoint), others in by_seed.items():
            same = (model, plan) == (other_model, other_plan)
            if not same or random in SPATIAL or disjoint not in SPATIAL:
                continue
            pairs = [(ones[seed], others[seed]) for seed in sorted(ones.keys() & others.keys())]
            gaps = [gap for one, other in pairs if (gap := _gap(one, other))]
            if gaps:
                means = {name: mean(gap[name] for gap in gaps) for name in gaps[0]}
                found.append(Flattery(model, plan, random, disjoint, **means, seeds=len(gaps)))
    return found


def _gap(one: Answered, other: Answered) -> dict[str, float]:
    """Figures of ``one`` less those of ``other`` on the test pixels of both; empty without any."""
    common, here, there = np.intersect1d(one.seen.ids, other.seen.ids, return_indices=True)
    if not len(common):
        return {}
    truth, classes = one.truth[here], len(one.row.recall)
    figures = []
    for answers in (one.seen.answers[here], other.seen.answers[there]):
        confusion = confusion_matrix(truth, answers, classes)
        present = recalls(confusion)
        figures.append((overall_accuracy(confusion), float(np.nanmean(present)), kappa(confusion)))
    gap = {name: a - b for name, a, b in zip(FIGURES, *figures, strict=True)}
    return gap | {"pixels": len(common), "own_oa": one.row.oa - other.row.oa}
