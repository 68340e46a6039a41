"""Splits: disjoint, complete, stratified, the same for a seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.data.splits import (
    make_split,
    same_split,
    split_from,
)
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError

# Shares of train / validation / test, as docs/DESIGN.md and the papers name them.
PROTOCOLS = {
    "64/16/20": (0.64, 0.16, 0.20),
    "80/20": (0.80, 0.0, 0.20),
    "70/30": (0.70, 0.0, 0.30),
    "30/10/60": (0.30, 0.10, 0.60),
    "10/10/80": (0.10, 0.10, 0.80),
}
FEW = settings(max_examples=60, deadline=None, derandomize=True)
COUNTS = st.lists(st.integers(8, 40), min_size=2, max_size=5)


def tile_set(counts: list[int], seed: int = 0, test_ids: np.ndarray | None = None) -> TileSet:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    images = np.zeros((len(labels), 1, 1, 1), np.uint8)
    names = tuple(f"c{i}" for i in range(len(counts)))
    return TileSet("x", images, labels, names, (0.5,), (0.1,), "f", test_ids=test_ids)


@FEW
@given(COUNTS, st.sampled_from(sorted(PROTOCOLS)), st.integers(0, 99))
def test_disjoint_complete_stratified(counts: list[int], protocol: str, seed: int) -> None:
    tiles = tile_set(counts, seed)
    split = make_split(tiles, protocol, seed, "test")
    parts = [split.train, split.validation, split.test]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(tiles)))
    for ids, share in zip(parts, PROTOCOLS[protocol], strict=True):
        assert (np.diff(ids) > 0).all()
        for count, got in zip(counts, tiles.class_counts(ids), strict=True):
            assert abs(got - share * count) <= 1
    again = make_split(tiles, protocol, seed, "test")
    np.testing.assert_array_equal(split.train, again.train)
    assert split.selection == ("validation" if PROTOCOLS[protocol][1] else "test")


@FEW
@given(COUNTS, st.sampled_from(sorted(PROTOCOLS)))
def test_own_test_part_is_kept(counts: list[int], protocol: str) -> None:
    tiles = tile_set(counts)
    own = np.concatenate([np.flatnonzero(tiles.labels == c)[:3] for c in range(len(counts))])
    split = make_split(tile_set(counts, test_ids=own), protocol)
    np.testing.assert_array_equal(split.test, np.sort(own))
    assert len(split.train) + len(split.validation) + len(own) == len(tiles)
    assert not np.intersect1d(np.concatenate([split.train, split.validation]), own).size


def test_seeds_differ() -> None:
    tiles = tile_set([40, 40])
    assert (make_split(tiles, seed=0).test != make_split(tiles, seed=1).test).any()


def test_too_few_tiles() -> None:
    with pytest.raises(DataError, match="Class 'c1' of 'x' has 1 tiles"):
        make_split(tile_set([20, 1]))


@FEW
@given(COUNTS, st.sampled_from([("80/20", 0.64, 0.16), ("70/30", 0.56, 0.14)]), st.integers(0, 99))
def test_a_validation_part_is_cut_from_training(
    counts: list[int], shares: tuple[str, float, float], seed: int
) -> None:
    protocol, train, validation = shares
    tiles = tile_set(counts, seed)
    papers = make_split(tiles, protocol, seed, "test")
    split = make_split(tiles, protocol, seed)
    np.testing.assert_array_equal(split.test, papers.test)
    both = np.concatenate([split.train, split.validation])
    np.testing.assert_array_equal(np.sort(both), papers.train)
    for ids, share in ((split.train, train), (split.validation, validation)):
        for count, got in zip(counts, tiles.class_counts(ids), strict=True):
            assert abs(got - share * count) <= 1
    assert split.selection == "validation" and papers.selection == "test"
    if protocol == "80/20":
        default = make_split(tiles, "64/16/20", seed)
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(split.part(part), default.part(part))


def test_facts_tell_the_two_ways_apart() -> None:
    tiles = tile_set([40, 40])
    papers, cut = make_split(tiles, "70/30", 3, "test"), make_split(tiles, "70/30", 3)
    # What checkpoints from before the cut remember; they must not get tiles they were trained on.
    assert papers.facts() == {"protocol": "70/30", "seed": 3}
    assert cut.facts() == {"protocol": "70/30", "seed": 3, "validation": 0.2}
    for split in (papers, cut, make_split(tiles, seed=1), make_split(tiles, "10/10/80")):
        again = split_from(tiles, split.facts())
        assert again.facts() == split.facts() and same_split(again.facts(), split.facts())
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(again, part), getattr(split, part))
    assert not same_split(papers.facts(), cut.facts())
    assert make_split(tiles, select_on="test").facts() == make_split(tiles).facts()
    with pytest.raises(ValueError, match=r"validation=0\.3"):
        split_from(tiles, {"protocol": "70/30", "seed": 3, "validation": 0.3})
    with pytest.raises(ValueError, match="select_on='paper'"):
        make_split(tiles, select_on="paper")


def test_no_validation_part() -> None:
    split = make_split(tile_set([20, 20]), "80/20", select_on="test")
    with pytest.raises(DataError, match="no validation part"):
        split.part("validation")
    with pytest.raises(ValueError, match="protocol='50/50'"):
        make_split(tile_set([20, 20]), "50/50")
