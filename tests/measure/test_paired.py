"""Paired comparisons against plain sums and loops."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.measure.paired import (
    compare_pair,
    difference_interval,
    disagreement,
    holm,
    mcnemar,
)

Z = NormalDist().inv_cdf(0.975)
KINDS = (
    "differ", "one right", "one wrong", "lost", "gained", "all wrong", "wrong, each its own way",
)  # fmt: skip
FEW = settings(max_examples=80, deadline=None, derandomize=True)
COUNT = st.integers(0, 400)
TILES = st.lists(
    st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=40
)  # the truth and three answers


def table(tiles: list[tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray]:
    columns = np.array(tiles, np.int64).T
    return columns[0], columns[1:]


@FEW
@given(COUNT, COUNT)
def test_mcnemar_is_the_sum_of_binomial_terms(gained: int, lost: int) -> None:
    p, mid_p = mcnemar(gained, lost)
    expected_p, expected_mid = spelled_out(gained, lost)
    assert p == pytest.approx(float(expected_p), rel=1e-9)
    assert mid_p == pytest.approx(float(expected_mid), rel=1e-9)
    assert mcnemar(lost, gained) == (p, mid_p)
    assert 0 < mid_p <= p <= 1


def spelled_out(gained: int, lost: int) -> tuple[Fraction, Fraction]:
    """p and mid-p, outcome by outcome: what is farther from even than the one seen counts whole,
    what is as far counts whole in p and by half in mid-p."""
    n, seen = gained + lost, abs(gained - lost)
    farther, equal = 0, 0
    for outcome in range(n + 1):
        far = abs(2 * outcome - n)
        farther += comb(n, outcome) if far > seen else 0
        equal += comb(n, outcome) if far == seen else 0
    return Fraction(farther + equal, 2**n), Fraction(2 * farther + equal, 2 ** (n + 1))


@pytest.mark.parametrize("n", range(41))
def test_mcnemar_of_every_small_table(n: int) -> None:
    for gained in range(n + 1):
        expected = [float(one) for one in spelled_out(gained, n - gained)]
        assert mcnemar(gained, n - gained) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_of_known_counts() -> None:
    assert mcnemar(0, 0) == (1, 0.5)  # one outcome, as likely as the one seen
    assert mcnemar(1, 1) == (1, pytest.approx(0.75))  # 1 − ½·½
    assert mcnemar(2, 2) == (1, pytest.approx(1 - 6 / 32))  # 1 − ½·6/16
    assert mcnemar(5, 0) == (pytest.approx(2 / 32), pytest.approx(1 / 32))
    assert mcnemar(8, 2)[0] == pytest.approx(112 / 1024)  # 2·(1 + 10 + 45) / 2¹⁰
    # P(X = n/2) ≈ √(2/πn) = 0.001784
    assert mcnemar(100_000, 100_000) == (1, pytest.approx(1 - 0.001784 / 2, abs=1e-6))
    assert mcnemar(50_000, 0) == (0, 0)
    assert 0.04 < mcnemar(500_000, 502_050)[0] < 0.041  # z = −2.05
    with pytest.raises(ValueError, match="gained=-1"):
        mcnemar(-1, 2)


@FEW
@given(TILES)
def test_a_pair_against_a_loop(tiles: list[tuple[int, ...]]) -> None:
    labels, answers = table(tiles)
    pair = compare_pair(labels, answers[0], answers[1])
    rights = [(truth == first, truth == second) for truth, first, second, _ in tiles]
    assert pair.gained == rights.count((False, True)) and pair.lost == rights.count((True, False))
    assert pair.both_right == rights.count((True, True))
    assert pair.both_wrong == rights.count((False, False)) and pair.tiles == len(tiles)
    accuracies = [float((one == labels).mean()) for one in answers[:2]]
    assert pair.difference == pytest.approx(accuracies[1] - accuracies[0])
    low, high = pair.interval
    assert -1 <= low <= pair.difference <= high <= 1
    back = compare_pair(labels, answers[1], answers[0])
    assert back.interval == (pytest.approx(-high), pytest.approx(-low)) and back.p == pair.p


@FEW
@given(COUNT, COUNT, st.integers(0, 3000))
def test_the_interval_is_walds_with_two_tiles_more(gained: int, lost: int, same: int) -> None:
    tiles = gained + lost + same
    # The spread of +1, −1 and 0 over the tiles, the two added ones among them.
    values = np.repeat([1.0, -1.0, 0.0], [gained + 1, lost + 1, same])
    half = Z * values.std() / np.sqrt(len(values))
    low, high = difference_interval(gained, lost, tiles)
    assert low == pytest.approx(max(-1, values.mean() - half), abs=1e-7)
    assert high == pytest.approx(min(1, values.mean() + half), abs=1e-7)


def test_the_interval_holds_what_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        gained, lost, _same = generator.multinomial(200, [0.06, 0.03, 0.91])
        low, high = difference_interval(int(gained), int(lost), 200)
        covered += low <= 0.03 <= high
    assert covered / 2000 == pytest.approx(0.95, abs=0.02)


@FEW
@given(st.lists(st.floats(0, 1), max_size=5))
def test_holm(values: list[float]) -> None:
    adjusted = holm(values)
    for value, corrected in zip(values, adjusted, strict=True):
        # The corrected value is the least level at which Holm's steps reject this test.
        steps = [min(1, (len(values) - sum(w < v for w in values)) * v) for v in values]
        below = [step for step, v in zip(steps, values, strict=True) if v <= value]
        assert corrected == pytest.approx(max(below))
        assert value <= corrected + 1e-12 and corrected <= min(1, len(values) * value) + 1e-12


def test_holm_of_known_values() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


@FEW
@given(TILES, st.integers(2, 3))
def test_disagreements_against_a_loop(tiles: list[tuple[int, ...]], models: int) -> None:
    labels, answers = table(tiles)
    expected: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for place, (truth, *given_) in enumerate(tiles):
        own = given_[:models]
        right = [answer == truth for answer in own]
        for kind, holds in (
            ("differ", len(set(own)) > 1),
            ("one right", right.count(True) == 1),
            ("one wrong", right.count(False) == 1),
            ("lost", right[0] and not all(right[1:])),
            ("gained", not right[0] and any(right[1:])),
            ("all wrong", not any(right)),
            ("wrong, each its own way", not any(right) and len(set(own)) > 1),
        ):
            if holds:
                expected[kind].append(place)
    for kind in KINDS:
        assert disagreement(labels, answers[:models], kind).tolist() == expected[kind]


def test_what_does_not_fit_is_named() -> None:
    labels = np.zeros(3, np.int64)
    with pytest.raises(ValueError, match=r"second=\(2,\)"):
        compare_pair(labels, labels, labels[:2])
    with pytest.raises(ValueError, match="one tile or more"):
        compare_pair(labels[:0], labels[:0], labels[:0])
    with pytest.raises(ValueError, match="kind='else'"):
        disagreement(labels, np.stack([labels, labels]), "else")
    with pytest.raises(ValueError, match=r"answers\.shape"):
        disagreement(labels, labels[None], "differ")
    with pytest.raises(ValueError, match="at most 3"):
        difference_interval(2, 2, 3)


def test_a_pair_by_hand() -> None:
    """Of ten tiles two are gained and one lost: 5 both right, 2 both wrong."""
    labels = np.zeros(10, np.int64)
    first = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    second = np.array([0, 0, 0, 0, 0, 1, 0, 0, 2, 2])
    pair = compare_pair(labels, first, second)
    assert (pair.tiles, pair.gained, pair.lost) == (10, 2, 1)
    assert (pair.both_right, pair.both_wrong, pair.difference) == (5, 2, 0.1)
    assert (pair.p, pair.mid_p) == (1.0, pytest.approx(2 * (1 + 3 / 2) / 8))
    # (3 − 2)/12 ± z·√((5/12 − 1/144)/12)
    half = Z * np.sqrt((5 / 12 - 1 / 144) / 12)
    assert pair.interval == pytest.approx((1 / 12 - half, 1 / 12 + half), abs=1e-7)


def test_intervals_stay_within_one() -> None:
    assert difference_interval(1, 0, 1) == pytest.approx((1 / 3 - Z * np.sqrt(8 / 27), 1), abs=1e-7)
    assert difference_interval(0, 1, 1) == pytest.approx(
        (-1, Z * np.sqrt(8 / 27) - 1 / 3), abs=1e-7
    )
    assert difference_interval(2, 1, 3)[1] <= 1


def test_holm_by_steps() -> None:
    assert holm([]) == [] and holm([0.2]) == [0.2]
    assert holm([0.5, 0.4]) == [0.8, 0.8]  # the second is no smaller than the first
    assert holm([0.9, 0.8, 0.7]) == [1, 1, 1]
    assert holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_kinds_that_can_be_asked_for() -> None:
    labels = np.zeros(3, np.int64)
    answers = np.array([[0, 1, 1], [1, 0, 2]])
    found = {kind: disagreement(labels, answers, kind).tolist() for kind in KINDS}
    assert found == {
        "differ": [0, 1, 2], "one right": [0, 1], "one wrong": [0, 1], "lost": [0], "gained": [1],
        "all wrong": [2], "wrong, each its own way": [2],
    }  # fmt: skip
    for wrong in (answers[0], answers[:1], answers[:, :2]):
        with pytest.raises(ValueError, match="answers"):
            disagreement(labels, wrong, "differ")
    with pytest.raises(ValueError, match=r"first=\(4,\)"):
        compare_pair(labels, np.zeros(4, np.int64), labels)
    with pytest.raises(ValueError, match="lost=-1"):
        mcnemar(0, -1)
    assert (
        mcnemar(0, 1) == (1, 0.5)
        and len(compare_pair(labels[:1], labels[:1], labels[:1]).interval) == 2
    )
    # By hand: up 3/5, down 2/5, half 1.959964·√((1 − 1/25)/5); nothing measured: all there is.
    assert difference_interval(2, 1, 3) == (pytest.approx(0.2 - 0.858813, abs=1e-6), 1.0)
    assert difference_interval(0, 0, 0) == (-1.0, 1.0)
