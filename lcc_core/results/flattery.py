"""How much a random split of a scene flatters, judged on the same pixels."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

import numpy as np

from lcc_core.data.spatial import SPATIAL
from lcc_core.measure.metrics import confusion_matrix, kappa, overall_accuracy, recalls
from lcc_core.studies.scene_study import FIGURES, SceneRow


@dataclass(frozen=True)
class Flattery:
    """How much better training on the random split looks than on the disjoint one.

    ``oa``, ``aa`` and ``kappa`` are differences on the same ``pixels``, those that are test pixels
    of both splits of a seed; ``own_oa`` is the difference of each on its own test part, which also
    holds how hard the two parts are. Means over ``seeds``.
    """

    arch: str
    plan: str
    random: str
    disjoint: str
    oa: float
    aa: float
    kappa: float
    pixels: float
    own_oa: float
    seeds: int


def flattery(rows: list[SceneRow]) -> list[Flattery]:
    """Every random split against every disjoint one, network by network and plan by plan.

    Both are judged on the pixels that neither was trained on nor chosen by: those of both test
    parts. Seeds whose parts have none in common are left out.
    """
    by_seed: dict[tuple[str, str, str], dict[int, SceneRow]] = {}
    for row in rows:
        by_seed.setdefault((row.arch, row.plan, row.protocol), {})[row.seed] = row
    found = []
    for (arch, plan, random), ones in by_seed.items():
        for (other_arch, other_plan, disjoint), others in by_seed.items():
            same = (arch, plan) == (other_arch, other_plan)
            if not same or random in SPATIAL or disjoint not in SPATIAL:
                continue
            pairs = [(ones[seed], others[seed]) for seed in sorted(ones.keys() & others.keys())]
            gaps = [gap for one, other in pairs if (gap := _gap(one, other))]
            if gaps:
                means = {name: mean(gap[name] for gap in gaps) for name in gaps[0]}
                found.append(Flattery(arch, plan, random, disjoint, **means, seeds=len(gaps)))
    return found


def _gap(one: SceneRow, other: SceneRow) -> dict[str, float]:
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
