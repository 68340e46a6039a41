"""Accuracy measures against plain loops over the tiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.measure.metrics import (
    confusion_matrix,
    kappa,
    overall_accuracy,
    recalls,
    wilson_interval,
)

FEW = settings(max_examples=80, deadline=None, derandomize=True)
ANSWERS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def arrays(answers: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(answers, np.int64)
    return pairs[:, 0], pairs[:, 1]


@FEW
@given(ANSWERS)
def test_measures(answers: list[tuple[int, int]]) -> None:
    labels, predicted = arrays(answers)
    matrix = confusion_matrix(labels, predicted, 5)
    for truth in range(5):
        for answer in range(5):
            assert matrix[truth, answer] == answers.count((truth, answer))
    n = len(answers)
    share = sum(a == b for a, b in answers) / n
    assert overall_accuracy(matrix) == pytest.approx(share)
    chance = sum((labels == c).mean() * (predicted == c).mean() for c in range(5))
    expected = 0.0 if chance > 1 - 1e-12 else (share - chance) / (1 - chance)
    assert kappa(matrix) == pytest.approx(expected, abs=1e-9)
    found = recalls(matrix)
    for truth in range(5):
        if (labels == truth).any():
            assert found[truth] == pytest.approx((predicted == labels)[labels == truth].mean())
        else:
            assert np.isnan(found[truth])


@FEW
@given(ANSWERS)
def test_perfect_answers(answers: list[tuple[int, int]]) -> None:
    labels, _ = arrays(answers)
    matrix = confusion_matrix(labels, labels, 5)
    assert overall_accuracy(matrix) == 1 and np.nanmean(recalls(matrix)) == 1
    assert kappa(matrix) == (1 if len(set(labels.tolist())) > 1 else 0)


def test_known_kappa() -> None:
    assert kappa(np.array([[20, 5], [10, 15]])) == pytest.approx(0.4)  # the textbook's example


@FEW
@given(st.integers(0, 3000), st.integers(1, 3000))
def test_wilson_contains_the_share(right: int, total: int) -> None:
    right = min(right, total)
    low, high = wilson_interval(right, total)
    assert 0 <= low <= right / total + 1e-12 and right / total - 1e-12 <= high <= 1
    # Its bounds are where the normal approximation at that bound meets the share.
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            z = abs(right / total - bound) / np.sqrt(bound * (1 - bound) / total)
            assert z == pytest.approx(1.959964, rel=1e-4)


def test_wilson_narrows_and_knows_nothing_of_nothing() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    small, large = wilson_interval(9, 10), wilson_interval(900, 1000)
    assert large[1] - large[0] < small[1] - small[0]


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # z²/n/2 over 1 + z²/n, and z·√(p(1 − p)/n + z²/4n²) on both sides of it.
        (9, 10, 0.5958499732, 0.9821237869),
        (0, 10, 0.0, 0.2775327998),
        (10, 10, 0.7224672002, 1.0),
        (50, 100, 0.4038315304, 0.5961684696),
        (2700, 2700, 0.9985792, 1.0),
    ],
)
def test_wilson_of_known_shares(right: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(right, total) == pytest.approx((low, high), abs=1e-6)


def test_a_confusion_is_of_the_truth_by_row() -> None:
    matrix = confusion_matrix(np.array([0, 0, 2]), np.array([1, 1, 0]), 3)
    assert matrix.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]
    assert recalls(np.array([[3, 1], [0, 2]])).tolist() == [0.75, 1]
    assert type(overall_accuracy(matrix)) is float and type(kappa(matrix)) is float


def test_a_class_without_tiles_is_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isnan(recalls(np.array([[0, 0], [1, 1]]))[0]) and not recwarn.list


def test_kappa_of_chance_and_of_one_class() -> None:
    assert kappa(np.array([[5, 0], [0, 0]])) == 0  # nothing but one class: chance is certain
    assert kappa(np.array([[1, 1], [1, 1]])) == 0 and kappa(np.array([[0, 2], [2, 0]])) == -1


def test_kappa_by_hand() -> None:
    # Truths 8 and 2, answers 7 and 3: chance (8·7 + 2·3) / 100.
    assert kappa(np.array([[6, 2], [1, 1]])) == pytest.approx((0.7 - 0.62) / (1 - 0.62))
