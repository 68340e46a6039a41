"""Scores against plain loops over the presentations."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lcc_core.coresets import scores_of
from lcc_core.coresets.scores import forgetting_events

TABLES = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 1)
)


@given(TABLES)
def test_forgetting_counts_falls_from_right_to_wrong(correct: np.ndarray) -> None:
    for tile, found in enumerate(forgetting_events(correct)):
        column = correct[:, tile].tolist()
        if 1 not in column:
            assert math.isinf(found)
            continue
        assert found == sum(a == 1 and b == 0 for a, b in pairwise(column))


def test_every_score_from_one_run() -> None:
    generator = np.random.default_rng(0)
    tables = {
        name: generator.random((5, 7)).astype(np.float16) for name in ("confidence", "margin")
    }
    tables["true_margin"] = (2 * generator.random((5, 7)) - 1).astype(np.float16)
    tables["correct"] = (tables["true_margin"] > 0).astype(np.uint8)
    scores = scores_of(tables)
    assert len(scores) == 7
    assert (scores.margin == tables["margin"][4]).all()
    assert (scores.confidence == tables["confidence"][4]).all()
    for tile in range(7):
        rows = [float(tables["true_margin"][epoch, tile]) for epoch in range(5)]
        assert (
            scores.aum[tile] == np.float32(sum(rows) / 5)
            or abs(scores.aum[tile] - sum(rows) / 5) < 1e-6
        )
