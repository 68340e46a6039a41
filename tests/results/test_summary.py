"""Means with the standard deviation of a sample, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lcc_core.results import coreset_results
from lcc_core.results.coreset_results import Trained
from lcc_core.results.summary import Spread, summarize
from lcc_core.results.training_cost import TrainingCost

# Mean 0.92; squares of the differences 0.0004 + 0 + 0.0004; over two, as a sample's: 0.02².
VALUES, MEAN, SPREAD = (0.90, 0.92, 0.94), 0.92, 0.02
COST = TrainingCost(steps=13, train_s=2.0)


def test_of_rows_that_are_alike() -> None:
    rows = [{"arch": "a", "seed": n, "oa": oa, "cost": 3} for n, oa in enumerate(VALUES)]
    rows.append({"arch": "b", "seed": 0, "oa": 0.5})
    first, second = summarize(rows, ("arch",), ("oa", "cost"))
    assert (first.key, first.n) == ({"arch": "a"}, 3)
    spread = first.figures["oa"]
    assert (spread.mean, spread.sd) == pytest.approx((MEAN, SPREAD))
    assert first.flat()["± oa"] == pytest.approx(SPREAD) and first.flat()["n"] == 3
    assert second.figures == {"oa": Spread(0.5, None)}  # a single one has no ±
    assert second.figures["oa"].text() == "0.50" and first.figures["oa"].text() == "0.92 ± 0.02"


def test_what_is_not_known_of_one_is_not_known_of_all() -> None:
    [one] = summarize([{"s": 1.0}, {"s": None}], (), ("s",))
    assert one.figures["s"] == Spread(None, None) and one.figures["s"].text() == "–"


def test_of_trained_coresets() -> None:
    def trained(oa: float) -> Trained:
        recipe = {"epochs": 1, "batch": 8}
        accuracy = {"test": {"oa": oa, "tiles": 100}}
        made = SimpleNamespace(arch="compact", recipe=recipe, accuracy=accuracy)
        return Trained(made, "random", 0.1, 100, 1000, COST)  # type: ignore[arg-type]

    (point,) = coreset_results.points([trained(oa) for oa in VALUES])
    assert (point.low, point.high) == pytest.approx((MEAN - SPREAD, MEAN + SPREAD))
    assert (point.seeds, point.steps, point.scoring_s) == (3, 13, 0)
