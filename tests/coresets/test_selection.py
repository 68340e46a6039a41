"""Selection: sizes, order, balance, coverage, and the same again by seed."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lcc_core.coresets import METHODS, CoresetSettings, Scores, select
from lcc_core.coresets.coreset import Coreset
from lcc_core.coresets.methods import CoresetMethod, Pick
from lcc_core.coresets.methods.ccs import Ccs, share_left_out
from lcc_core.coresets.selection import equal_quotas, settled
from lcc_core.errors import DataError, LccError

NAMES = ("field", "forest", "lake", "town")
NAMED = ("random", "forgetting", "margin", "ccs")
FEW = settings(max_examples=60)


def make(n: int, seed: int) -> tuple[Scores, np.ndarray]:
    generator = np.random.default_rng(seed)
    forgetting = generator.integers(0, 5, n).astype(np.float32)
    forgetting[generator.random(n) < 0.1] = np.inf
    rest = [generator.random(n).astype(np.float32) for _ in range(3)]
    # Uneven classes, the last one rare.
    labels = generator.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    return Scores(forgetting, rest[0], rest[1], 2 * rest[2] - 1), labels


CASES = (
    st.sampled_from(NAMED),
    st.booleans(),
    st.integers(20, 300),
    st.floats(0.02, 1),
    st.integers(0, 50),
)


@FEW
@given(*CASES)
def test_any_choice(method: str, balanced: bool, n: int, fraction: float, seed: int) -> None:
    scores, labels = make(n, seed)
    chosen = CoresetSettings(method, fraction, balanced, seed)
    classes = np.unique(labels)
    assume(round(fraction * n) >= len(classes))
    keep = select(scores, labels, NAMES, chosen)
    assert len(keep) == round(fraction * n) == len(np.unique(keep))
    assert (np.diff(keep) > 0).all() and keep.min() >= 0 and keep.max() < n
    assert set(labels[keep]) == set(classes)
    assert (keep == select(scores, labels, NAMES, chosen)).all()
    if balanced:
        counts, whole = (np.bincount(x, minlength=4) for x in (labels[keep], labels))
        for one in range(4):  # none is short of another by more than a tile, unless it has no more
            assert counts[one] >= counts.max() - 1 or counts[one] == whole[one]


@FEW
@given(st.sampled_from(["forgetting", "margin"]), st.integers(40, 300), st.integers(0, 50))
def test_hardest_first(method: str, n: int, seed: int) -> None:
    scores, labels = make(n, seed)
    labels[:] = 0  # no class goes empty, so that nothing is swapped in
    values = -scores.forgetting if method == "forgetting" else scores.margin
    keep = select(scores, labels, NAMES, CoresetSettings(method, 0.3, seed=seed))
    left = np.setdiff1d(np.arange(n), keep)
    picked_as_if_sorted = np.sort(values)[: len(keep)]
    assert (np.sort(values[keep]) == picked_as_if_sorted).all()
    assert values[keep].max() <= values[left].min()


BINS = 50  # strata of Zheng et al., by their paper; not taken from what is checked


def plain_strata(values: list[float], n: int) -> list[int]:
    """How many tiles each bin gives: algorithm 1 of Zheng et al., word for word."""
    low, high = min(values), max(values)
    width = (high - low) / BINS or 1.0
    bins: dict[int, int] = {}
    for value in values:
        place = min(int((value - low) / width), BINS - 1)
        bins[place] = bins.get(place, 0) + 1
    budget, given_, left = n, {}, dict(bins)
    while left:
        smallest = min(left, key=lambda b: (left[b], b))
        take = min(left[smallest], budget // len(left))
        given_[smallest] = take
        budget -= take
        del left[smallest]
    return [given_.get(b, 0) for b in range(BINS)]


@FEW
@given(st.integers(40, 400), st.integers(0, 50), st.sampled_from([None, 0.0, 0.2, 0.6]))
def test_coverage(n: int, seed: int, beta: float | None) -> None:
    scores, labels = make(n, seed)
    labels[:] = 0
    chosen = CoresetSettings("ccs", 0.25, seed=seed, own=Ccs(beta))
    keep = select(scores, labels, NAMES, chosen)
    left_out = 0.1 if beta is None else beta  # their table: 0.1 for a quarter
    hardest = min(int(left_out * n), n - len(keep))
    order = np.argsort(scores.aum, kind="stable")
    assert not np.isin(order[:hardest], keep).any()
    pool = scores.aum[order[hardest:]]
    low, high = float(pool.min()), float(pool.max())
    bins = np.minimum(((scores.aum[keep] - low) / ((high - low) / BINS)).astype(int), BINS - 1)
    found = np.bincount(bins, minlength=BINS).tolist()
    # A value on the edge of two bins may fall to either by rounding.
    plain = plain_strata(pool.tolist(), len(keep))
    assert sum(abs(a - b) for a, b in zip(found, plain, strict=True)) <= 4


def test_fifty_strata_share_equally() -> None:
    """Two tiles in each of fifty even strata, and a crowd in the first: a hundred are two each.

    With fewer or more strata than fifty the crowd would get another number.
    """
    edges = np.arange(50) / 49  # strata of width 1/50 between 0 and 1: one value in each
    values = np.concatenate([np.repeat(edges, 2), np.full(900, 0.001)]).astype(np.float32)
    scores, labels = make(len(values), 0)
    labels[:] = 0
    scores.aum[:] = values
    keep = select(scores, labels, NAMES, CoresetSettings("ccs", 0.1, own=Ccs(0.0)))
    crowd = int((values[keep] <= 0.001).sum())
    assert len(keep) == 100 and crowd == 2
    assert set(np.round(values[keep] * 49).astype(int)) == set(range(50))


def test_a_class_that_no_score_favours_keeps_a_tile() -> None:
    scores, labels = make(200, 1)
    labels[:] = 0
    labels[:3] = [1, 2, 3]
    scores.margin[:] = np.linspace(0, 1, 200)[::-1]
    scores.margin[:3] = [9, 9, 9]
    keep = select(scores, labels, NAMES, CoresetSettings("margin", 0.05))
    assert sorted(labels[keep]) == [0] * 7 + [1, 2, 3]
    assert set(keep) == {0, 1, 2, *range(193, 200)}


def test_seeds_break_ties() -> None:
    scores, labels = make(300, 2)
    scores.forgetting[:] = 1
    first, again, other = (
        select(scores, labels, NAMES, CoresetSettings("forgetting", 0.2, seed=seed))
        for seed in (0, 0, 1)
    )
    assert (first == again).all() and not np.array_equal(first, other)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 100))
def test_quotas(counts: list[int], n: int) -> None:
    whole = np.array(counts)
    n = min(n, int(whole.sum()))
    quotas = equal_quotas(whole, n)
    assert quotas.sum() == n and (quotas <= whole).all()
    short = quotas < whole
    assert not short.any() or quotas.max() <= quotas[short].min() + 1


def test_too_few_for_the_classes() -> None:
    scores, labels = make(100, 0)
    with pytest.raises(DataError, match=r"2 % of 100 training tiles are 2.*Keep at least 4 %"):
        select(scores, labels, NAMES, CoresetSettings("random", 0.02))


@pytest.mark.parametrize(
    "bad",
    [{"method": "best"}, {"fraction": 0}, {"fraction": 1.1}, {"fraction": float("nan")},
     {"seed": -1}, {"seed": 1.5}, {"balanced": 1}, {"own": Ccs(), "method": "margin"}],
)  # fmt: skip
def test_settings_out_of_range(bad: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        CoresetSettings(**bad)


def test_defaults_and_ends_of_the_ranges() -> None:
    assert CoresetSettings() == CoresetSettings("ccs", 0.1, False, 0, Ccs(None, "logits"))
    for fine in ({"fraction": 1.0}, {"seed": 2**31 - 1}):
        CoresetSettings(**cast(Any, fine))
    for bad in ({"seed": 2**31}, {"fraction": -0.1}):
        with pytest.raises(ValueError, match=f"{next(iter(bad))}="):
            CoresetSettings(**cast(Any, bad))
    for fine in ({"beta": 0.0}, {"beta": 0.99}, {"aum": "probabilities"}):
        Ccs(**cast(Any, fine))
    for bad in ({"beta": -0.1}, {"beta": 1.0}, {"aum": "ranks"}):
        with pytest.raises(ValueError, match=f"{next(iter(bad))}="):
            Ccs(**cast(Any, bad))


def test_settings_as_a_file_and_by_name() -> None:
    settings_ = CoresetSettings("ccs", 0.25, True, 3, Ccs(0.5))
    assert settings_.to_json() == {
        "method": "ccs", "fraction": 0.25, "balanced": True, "seed": 3, "beta": 0.5,
        "aum": "logits",
    }  # fmt: skip
    assert CoresetSettings.from_json(settings_.to_json()) == settings_
    assert CoresetSettings.from_json({}) == CoresetSettings(own=Ccs(aum="probabilities"))
    assert CoresetSettings("margin", balanced=True).title == "balanced margin"
    assert CoresetSettings("random").title == "random"


# Zheng et al. 2023, table 5: the share of the hardest left out at 95, 90, 80 and 70 % pruned.
@pytest.mark.parametrize(
    ("fraction", "beta"),
    [
        (0.01, 0.4), (0.05, 0.4), (0.051, 0.3), (0.1, 0.3), (0.101, 0.2), (0.2, 0.2),
        (0.201, 0.1), (0.3, 0.1), (0.301, 0.0), (1.0, 0.0),
    ],
)  # fmt: skip
def test_the_hardest_that_are_left_out(fraction: float, beta: float) -> None:
    assert share_left_out(Ccs(), fraction) == beta
    assert share_left_out(Ccs(0.0), fraction) == 0
    assert share_left_out(Ccs(0.7), fraction) == 0.7


def by_hand(**values: list[float]) -> Scores:
    """Scores of ten tiles, 0 but where they are given."""
    named = {name: values.get(name, [0.0] * 10) for name in ("forgetting", "margin", "aum")}
    return Scores(
        np.array(named["forgetting"], np.float32),
        np.array(named["margin"], np.float32),
        np.zeros(10, np.float32),
        np.array(named["aum"], np.float32),
    )


TEN = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
TWO = ("field", "lake")


def test_most_forgotten_by_hand() -> None:
    scores = by_hand(forgetting=[0, 3, 1, 2, np.inf, 0, 5, 0, 4, 0])
    assert select(scores, TEN, TWO, CoresetSettings("forgetting", 0.4)).tolist() == [1, 4, 6, 8]
    balanced = CoresetSettings("forgetting", 0.4, balanced=True)
    assert select(scores, TEN, TWO, balanced).tolist() == [1, 4, 6, 8]
    assert select(scores, TEN, TWO, CoresetSettings("forgetting", 0.3)).tolist() == [4, 6, 8]


def test_smallest_margin_by_hand() -> None:
    scores = by_hand(margin=[0.9, 0.1, 0.2, 0.3, 0.8, 0.7, 0.6, 0.5, 0.4, 0.05])
    assert select(scores, TEN, TWO, CoresetSettings("margin", 0.4)).tolist() == [1, 2, 3, 9]
    balanced = CoresetSettings("margin", 0.4, balanced=True)
    assert select(scores, TEN, TWO, balanced).tolist() == [1, 2, 8, 9]


def test_coverage_by_hand() -> None:
    """β = 0.2 leaves out the two of least area; of the rest each filled bin gives one, and the
    bin of four gives what the others lack."""
    labels = np.arange(10) % 2
    scores = by_hand(aum=[-9, -8, 0.0, 0.001, 0.002, 0.003, 1.0, 2.0, 3.0, 4.0])
    keep = select(scores, labels, TWO, CoresetSettings("ccs", 0.5, own=Ccs(0.2)))
    assert len(keep) == 5 and keep[1:].tolist() == [6, 7, 8, 9] and keep[0] in (2, 3, 4, 5)
    # With β = 0.55 five are left out (5.5 cut off): no more than leave as many as are asked for.
    keep = select(scores, labels, TWO, CoresetSettings("ccs", 0.5, own=Ccs(0.55)))
    assert keep.tolist() == [5, 6, 7, 8, 9]
    keep = select(scores, labels, TWO, CoresetSettings("ccs", 0.5, own=Ccs(0.9)))
    assert keep.tolist() == [5, 6, 7, 8, 9]
    balanced = CoresetSettings("ccs", 0.4, True, own=Ccs(0.6))
    assert select(scores, labels, TWO, balanced).tolist() == [6, 7, 8, 9]


def test_equal_areas_are_one_stratum() -> None:
    keep = select(by_hand(), TEN, TWO, CoresetSettings("ccs", 0.5, own=Ccs(0.0)))
    assert len(keep) == 5


def test_the_least_of_a_stratum_counts_as_inside() -> None:
    """51 values 0…50: bins of width 1, the last of two values; a hundredth part is one each."""
    values = np.arange(51, dtype=np.float32)
    zeros = np.zeros(51, np.float32)
    scores = Scores(zeros, zeros, zeros, values)
    labels = np.zeros(51, np.int64)
    keep = select(scores, labels, ("a",), CoresetSettings("ccs", 50 / 51, own=Ccs(0.0)))
    assert keep.tolist() in ([*range(50)], [*range(49), 50])


def test_a_class_without_a_choice_takes_the_last_place_of_one_with_several() -> None:
    """Chosen in order 9, 8, 7, 6, 0: class 1 has four, and its last choice makes room."""
    margin = [0.5, 0.6, 0.9, 0.9, 0.9, 0.9, 0.4, 0.3, 0.2, 0.1]
    labels = np.array([0, 2, 2, 2, 2, 1, 1, 1, 1, 1])
    keep = select(by_hand(margin=margin), labels, NAMES, CoresetSettings("margin", 0.5))
    assert keep.tolist() == [0, 1, 7, 8, 9]
    # Two are missing: the last two of those with several go, and no class loses its only one.
    labels = np.array([0, 2, 3, 1, 1, 1, 1, 1, 1, 1])
    margin = [0.15, 0.6, 0.7, 0.9, 0.9, 0.9, 0.4, 0.3, 0.2, 0.1]
    keep = select(by_hand(margin=margin), labels, NAMES, CoresetSettings("margin", 0.4))
    assert keep.tolist() == [0, 1, 2, 9]


def test_classes_that_have_no_tile_are_not_asked_for() -> None:
    labels = np.array([0, 0, 0, 0, 0, 3, 3, 3, 3, 3])
    for balanced in (False, True):
        keep = select(by_hand(), labels, NAMES, CoresetSettings("random", 0.2, balanced))
        assert len(keep) == 2 and set(labels[keep]) == {0, 3}


@pytest.mark.parametrize(
    ("counts", "n", "quotas"),
    [
        ([10, 10, 10], 7, [3, 2, 2]),
        ([10, 10, 10], 8, [3, 3, 2]),
        ([1, 10, 10], 9, [1, 4, 4]),
        ([1, 10, 3], 12, [1, 8, 3]),
        ([0, 5, 5], 4, [0, 2, 2]),
        ([2, 2], 0, [0, 0]),
        ([2, 3], 5, [2, 3]),
    ],
)
def test_quotas_by_hand(counts: list[int], n: int, quotas: list[int]) -> None:
    assert equal_quotas(np.array(counts), n).tolist() == quotas


def test_random_is_drawn_from_all() -> None:
    counts = np.zeros(10, int)
    for seed in range(300):
        counts[select(by_hand(), TEN, TWO, CoresetSettings("random", 0.3, seed=seed))] += 1
    assert counts.sum() == 900 and counts.min() > 50 and counts.max() < 130


def test_too_few_is_said_with_the_share_that_would_do() -> None:
    labels = np.array([0, 1, 2, 3, 0, 0, 0])
    zeros = np.zeros(7, np.float32)
    scores = Scores(zeros, zeros, zeros, zeros)
    with pytest.raises(DataError) as told:
        select(scores, labels, NAMES, CoresetSettings("random", 3 / 7))
    assert told.value.what.endswith(
        "of 7 training tiles are 3, fewer than the 4 classes (field, forest, lake, …)."
    )
    # 4/7 = 57.14 %, rounded up to a tenth.
    assert told.value.fix == "Keep at least 57.2 %: every class needs a tile."
    assert len(select(scores, labels, NAMES, CoresetSettings("random", 0.572))) == 4


@pytest.mark.parametrize("bad", [{"beta": 1.0}, {"beta": -0.1}, {"aum": "ranks"}])
def test_own_settings_out_of_range(bad: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Ccs(**cast(Any, bad))


def test_a_table_names_the_settings_of_its_method_alone() -> None:
    asked = CoresetSettings.of({"method": "ccs", "fraction": 0.2, "beta": 0.3})
    assert asked == CoresetSettings("ccs", 0.2, own=Ccs(0.3)) == CoresetSettings.of(asked.to_json())
    assert (asked.title, asked.full_title) == ("ccs", "ccs, beta = 0.3")
    with pytest.raises(LccError, match=r"The method margin has no setting 'beta'"):
        CoresetSettings.of({"method": "margin", "beta": 0.3})
    with pytest.raises(LccError, match=r"no coreset method 'best'\. Known are: ccs, "):
        CoresetSettings.of({"method": "best"})


def test_stored_settings_of_any_age_are_read() -> None:
    """Once all methods said β and area, older ones neither; areas were by probabilities then."""
    whole = {"fraction": 0.1, "balanced": True, "seed": 2}
    stored: list[dict[str, Any]] = [{}, {"beta": None}, {"beta": 0.2, "aum": "logits"}]
    for old in [*stored, {"aum": "probabilities"}]:
        read = CoresetSettings.from_json({"method": "margin", **whole, **old})
        assert read == CoresetSettings("margin", 0.1, True, 2)
        read = CoresetSettings.from_json({"method": "ccs", **whole, **old})
        assert read.own == Ccs(old.get("beta"), old.get("aum", "probabilities"))
    with pytest.raises(LccError, match="no setting 'gamma'"):
        CoresetSettings.from_json({"method": "margin", "gamma": 1})


def test_a_method_that_gives_other_tiles_is_named() -> None:
    def wrong(_: object, __: object, ___: object) -> Pick:
        return lambda pool, n: pool[:1].repeat(n)

    METHODS.register(CoresetMethod("wrong", "", wrong, needs_dynamics=False))
    try:
        with pytest.raises(ValueError, match="choice of wrong"):
            select(None, np.arange(40) % 4, NAMES, CoresetSettings("wrong", 0.5))
    finally:
        METHODS.forget("wrong")


# Of tiles chosen before methods were registered: what is stored is found again by them.
IDS = {
    ("random", False, None): "aee17b953aa4",
    ("random", True, None): "cc2244128022",
    ("forgetting", False, None): "195ae5e10ad3",
    ("forgetting", True, None): "25ece1e4edb4",
    ("margin", False, None): "3d411408982f",
    ("margin", True, None): "bc62bbf042e0",
    ("ccs", False, None): "316993242f8f",
    ("ccs", True, None): "835e1162c2c4",
    ("ccs", False, 0.6): "dff08b74eaf8",
    ("ccs", True, 0.6): "cbd4c3f906af",
}


@pytest.mark.parametrize(("method", "balanced", "beta"), IDS)
def test_ids_of_coresets_stay(method: str, balanced: bool, beta: float | None) -> None:
    scores, labels = make(240, 5)
    own = {} if beta is None else {"beta": beta}
    table = {"method": method, "fraction": 0.2, "balanced": balanced, "seed": 3, **own}
    asked = CoresetSettings.of(table)
    ids = select(scores if asked.entry.needs_dynamics else None, labels, NAMES, asked)
    made = Coreset("x", asked, "src", "d", "f" * 64, "64/16/20", 0, 240, {}, "t", ids)
    assert made.id == IDS[method, balanced, beta]


def test_what_could_not_be_as_asked_is_said() -> None:
    asked = CoresetSettings("ccs", 0.1, own=Ccs(0.2))
    assert settled(asked, asked) == ""
    made = CoresetSettings("ccs", 0.1, own=Ccs(0.2, "probabilities"))
    assert settled(asked, made) == (
        "aum = probabilities: this checkpoint did not record what was asked for"
    )
