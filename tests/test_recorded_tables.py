"""The arithmetic of the recorded benchmarks, on figures made by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

from attention import summary
from quantizers import at_equal_bytes, front, read_off

RECORDED = Path(__file__).parents[1] / "docs" / "benchmarks"


def point(quantizer: str, size: int, validation: float, test: float) -> dict:
    return {"quantizer": quantizer, "bytes": size, "validation_oa": validation, "test_oa": test}


def test_a_front_is_chosen_by_validation_accuracy_and_told_by_test_accuracy() -> None:
    points = [
        point("own", 100, 0.8, 0.7),
        point("own", 200, 0.79, 0.99),
        point("own", 400, 0.9, 0.9),
    ]
    assert [one["bytes"] for one in front(points)] == [100, 400]
    assert read_off(front(points), 200) == pytest.approx(0.8)  # halfway, by the logarithm
    assert read_off(front(points), 99) is None and read_off(front(points), 401) is None


def test_equal_bytes_are_told_only_where_both_fronts_reach() -> None:
    points = [point("own", 100, 0.8, 0.8), point("own", 400, 0.9, 0.9)]
    points += [point("papers", 200, 0.7, 0.7), point("papers", 800, 0.9, 0.9)]
    rows = at_equal_bytes(points)
    assert [row["bytes"] for row in rows] == [200, 400]
    assert rows[0]["own_minus_papers"] == pytest.approx(0.85 - 0.7)
    assert rows[1]["own_minus_papers"] == pytest.approx(0.9 - 0.8)


def test_gaps_are_seed_by_seed() -> None:
    rows = [
        {
            "criterion": name, "ratio": 0.5, "seed": seed, "source_epochs": 9, "source_test": 0.9,
            "pruned_test": 0.3, "tuned_test": value,
        }
        for name, values in (("attention", (0.80, 0.90, 0.7)), ("norm", (0.79, 0.87)))
        for seed, value in enumerate(values)
    ]  # fmt: skip
    by_name = {one["criterion"]: one for one in summary(rows)}
    gap = by_name["attention"]["tuned_minus_norm"]
    assert gap["mean"] == pytest.approx(0.02) and gap["stdev"] == pytest.approx(0.0141421, rel=1e-4)
    assert by_name["attention"]["seeds"] == 3 and "tuned_minus_norm" not in by_name["norm"]


@pytest.mark.parametrize("path", sorted(RECORDED.glob("attention*.json")), ids=lambda p: p.name)
def test_recorded_means_are_those_of_the_recorded_rows(path: Path) -> None:
    content = json.loads(path.read_text())
    assert summary(content["rows"]) == content["summary"]
    equal = {r["source_epochs"] for r in content["rows"] if "not trained on" not in r["criterion"]}
    assert len(equal) == 1


@pytest.mark.parametrize("path", sorted(RECORDED.glob("quantizers*.json")), ids=lambda p: p.name)
def test_recorded_sizes_are_those_of_the_recorded_points(path: Path) -> None:
    content = json.loads(path.read_text())
    assert at_equal_bytes(content["points"]) == content["at_equal_bytes"]
