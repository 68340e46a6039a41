"""Fronts and hypervolumes against definitions spelled out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.results.pareto import front, hypervolume

POINTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12)


@given(POINTS)
def test_front_is_what_none_dominates(points: list[tuple[int, int]]) -> None:
    keep = front([p[0] for p in points], [p[1] for p in points])
    for one, kept in zip(points, keep, strict=True):
        beaten = any(x <= one[0] and y >= one[1] and (x, y) != one for x, y in points)
        assert kept == (not beaten)


@given(POINTS, st.integers(1, 9), st.integers(0, 5))
def test_hypervolume_counts_dominated_cells(
    points: list[tuple[int, int]], most: int, least: int
) -> None:
    cells = sum(
        any(x <= i and y >= j + 1 for x, y in points)
        for i in range(0, most)
        for j in range(least, 9)
    )
    found = hypervolume([p[0] for p in points], [p[1] for p in points], most, least)
    assert found == pytest.approx(cells)


def test_nothing() -> None:
    assert len(front([], [])) == 0 and hypervolume([], [], 1) == 0
    assert np.array_equal(front([1, 1, 2], [3, 3, 3]), [True, True, False])
