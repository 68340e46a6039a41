"""Means over seeds with the standard deviation of a sample, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from made_rows import measurement

from lcc_core.results import coreset_results
from lcc_core.results.coreset_results import Trained
from lcc_core.results.predicted import Predictions
from lcc_core.results.training_cost import TrainingCost
from lcc_core.studies import coreset_study, scene_study
from lcc_core.studies.coreset_study import StudyRow
from lcc_core.studies.scene_study import SceneRow

# Mean 0.92; squares of the differences 0.0004 + 0 + 0.0004; over two, as a sample's: 0.02².
VALUES, MEAN, SPREAD = (0.90, 0.92, 0.94), 0.92, 0.02
COST = TrainingCost(steps=13, train_s=2.0)


def test_of_a_coreset_study() -> None:
    rows = [
        StudyRow("a", None, n, "float", measurement(oa=oa), COST) for n, oa in enumerate(VALUES)
    ]
    (found,) = coreset_study.summarize(rows)
    assert (found.oa, found.spread, found.seeds) == (pytest.approx(MEAN), pytest.approx(SPREAD), 3)


def test_of_a_scene_study() -> None:
    none = np.empty(0, np.int64)
    seen = Predictions(none, none, np.empty(0, np.float32))
    rows = [
        SceneRow(
            "a",
            "30/10/60",
            n,
            "float",
            0.0,
            1.0,
            measurement(oa=v, aa=v - 0.5, kappa=v / 2),
            seen,
            none,
        )
        for n, v in enumerate(VALUES)
    ]
    (found,) = scene_study.summarize(rows)
    assert found.spread == pytest.approx((SPREAD, SPREAD, SPREAD / 2))


def test_of_trained_coresets() -> None:
    def trained(oa: float) -> Trained:
        recipe = {"epochs": 1, "batch": 8}
        accuracy = {"test": {"oa": oa, "tiles": 100}}
        made = SimpleNamespace(arch="compact", recipe=recipe, accuracy=accuracy)
        return Trained(made, "random", 0.1, 100, 1000, COST)  # type: ignore[arg-type]

    (point,) = coreset_results.points([trained(oa) for oa in VALUES])
    assert (point.low, point.high) == pytest.approx((MEAN - SPREAD, MEAN + SPREAD))
