"""Scores against plain loops over the presentations."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lcc_core.coresets import Scores, scores_of
from lcc_core.coresets.scores import forgetting_events
from lcc_core.training.dynamics import Dynamics

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
    tables: dict[str, np.ndarray] = {
        name: generator.random((5, 7)).astype(np.float16) for name in ("confidence", "margin")
    }
    tables["true_margin"] = (2 * generator.random((5, 7)) - 1).astype(np.float16)
    tables["correct"] = (tables["true_margin"] > 0).astype(np.uint8)
    tables["logit_margin"] = (9 * tables["true_margin"][:, ::-1]).astype(np.float16)
    by_logits, scores = scores_of(tables), scores_of(tables, "probabilities")
    assert (by_logits.aum_of, scores.aum_of) == ("logits", "probabilities")
    assert len(scores) == 7
    assert (scores.margin == tables["margin"][4]).all()
    assert (scores.confidence == tables["confidence"][4]).all()
    for tile in range(7):
        rows = [float(tables["true_margin"][epoch, tile]) for epoch in range(5)]
        assert (
            scores.aum[tile] == np.float32(sum(rows) / 5)
            or abs(scores.aum[tile] - sum(rows) / 5) < 1e-6
        )
        rows = [float(tables["logit_margin"][epoch, tile]) for epoch in range(5)]
        assert abs(by_logits.aum[tile] - sum(rows) / 5) < 1e-4


def test_runs_from_before_logits_were_recorded_are_scored_by_probabilities_and_say_so() -> None:
    tables = {name: np.full((3, 4), 0.5, np.float16) for name in ("confidence", "margin")}
    tables |= {"true_margin": np.full((3, 4), 0.25, np.float16), "correct": np.ones((3, 4))}
    scores = scores_of(tables, "logits")
    assert scores.aum_of == "probabilities" and (scores.aum == 0.25).all()
    with pytest.raises(ValueError, match="aum='ranks'"):
        scores_of(tables, "ranks")


def test_margins_of_one_batch_by_hand() -> None:
    """Two tiles of three classes: one right by a logit of 2, one wrong by 1."""
    dynamics = Dynamics(1, 2)
    logits = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    assert dynamics.record(0, np.array([1, 0]), logits, torch.tensor([0, 2])) == 1
    np.testing.assert_allclose(dynamics.tables["logit_margin"], [[-1.0, 2.0]])
    whole = [math.exp(v) for v in (3, 1, 0)]
    gap = (whole[0] - whole[1]) / sum(whole)
    assert abs(float(dynamics.tables["true_margin"][0, 1]) - gap) < 1e-3


def test_a_run_taken_over_without_logits_goes_on_without_them() -> None:
    """An area over the later epochs alone would be another quantity."""
    dynamics = Dynamics(3, 2)
    old = {name: np.ones((1, 2), np.float16) for name in ("confidence", "margin", "true_margin")}
    dynamics.restore(old | {"correct": np.ones((1, 2), np.uint8)}, 1)
    dynamics.record(1, np.array([0, 1]), torch.eye(2), torch.tensor([0, 1]))
    assert set(dynamics.upto(2)) == {"confidence", "margin", "true_margin", "correct"}
    assert scores_of(dynamics.upto(2)).aum_of == "probabilities"


def test_scores_by_hand() -> None:
    tables = {
        "correct": np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], np.uint8),
        "margin": np.array([[9, 9, 9], [9, 9, 9], [9, 9, 9], [0.5, 0.25, 1]], np.float16),
        "confidence": np.array([[9, 9, 9], [9, 9, 9], [9, 9, 9], [0.75, 0.5, 0]], np.float16),
        "true_margin": np.array([[1, 2, 3], [1, 2, 3], [1, 2, 3], [5, 2, -9]], np.float16),
    }
    tables["logit_margin"] = 2 * tables["true_margin"]
    scores = scores_of(tables)
    assert scores.forgetting.tolist() == [2, 1, math.inf]
    assert scores.margin.tolist() == [0.5, 0.25, 1] and scores.confidence.tolist() == [0.75, 0.5, 0]
    assert scores.aum.tolist() == [4, 4, 0]
    for name in ("forgetting", "margin", "confidence", "aum"):
        assert scores.named(name) is getattr(scores, name)
        assert scores.named(name).dtype == np.float32
    assert Scores.NAMES == ("forgetting", "margin", "confidence", "aum")
    assert scores_of(tables, "probabilities").aum.tolist() == [2, 2, 0]
    zeros = np.zeros(3, np.float32)
    assert Scores(zeros, zeros, zeros, zeros).aum_of == "logits"


def test_areas_do_not_lose_what_float16_cannot_sum() -> None:
    table = np.full((5000, 1), 20.0, np.float16)  # the sum is beyond float16
    names = ("correct", "margin", "confidence", "logit_margin")
    tables: dict[str, np.ndarray] = dict.fromkeys(names, table)
    assert scores_of(tables).aum.tolist() == [20]
