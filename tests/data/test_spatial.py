"""Disjoint splits: no training patch shares a pixel with a test patch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lcc_core.data.patches import Patches
from lcc_core.data.scene import Scene
from lcc_core.data.spatial import SPATIAL, guard, near, touching
from lcc_core.data.splits import PROTOCOLS, make_split, protocols
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError

FEW = settings(max_examples=25, deadline=None, derandomize=True)


def scene(labels: np.ndarray, patch: int) -> Scene:
    """A scene whose pixel values are their own numbers, so that shared pixels show."""
    height, width = labels.shape
    cube = np.arange(height * width, dtype=np.float32).reshape(height, width, 1)
    images = Patches.of(cube, np.argwhere(labels >= 0), patch)
    names = tuple(f"c{i}" for i in range(labels.max() + 1))
    known = labels[labels >= 0].astype(np.int64)
    name = f"{labels.tobytes()!r} {patch}"
    return Scene("s", images, known, names, (0.0,), (1.0,), name)


def covered(one: Scene, ids: np.ndarray) -> set[float]:
    """Every pixel that a patch of ``ids`` holds."""
    return set(one.images[ids].ravel().tolist())


@st.composite
def label_maps(draw: st.DrawFn) -> np.ndarray:
    """Fields of two to four classes, with background."""
    height, width = draw(st.integers(30, 60)), draw(st.integers(30, 60))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    field = draw(st.integers(4, 12))
    size = max(height, width) // field + 1
    coarse = generator.integers(-1, draw(st.integers(2, 4)), (size, size))
    return np.kron(coarse, np.ones((field, field), int))[:height, :width]


@FEW
@given(label_maps(), st.sampled_from([1, 3, 5, 7]), st.sampled_from(sorted(SPATIAL)))
def test_parts_share_no_pixel(labels: np.ndarray, patch: int, protocol: str) -> None:
    counts = np.bincount(labels[labels >= 0])
    assume(len(counts) >= 2 and counts.min() >= 3)
    one = scene(labels, patch)
    try:
        split = make_split(one, protocol)
    except DataError as error:
        assert "there is no room to keep c" in error.what
        return
    parts = {name: getattr(split, name) for name in ("train", "validation", "test")}
    for (first, a), (second, b) in itertools.combinations(parts.items(), 2):
        assert not covered(one, a) & covered(one, b)
        apart = np.abs(one.positions[a][:, None] - one.positions[b][None]).max(-1).min()
        assert split.spatial["distance"][f"{first}-{second}"] == apart >= patch
    assert all(one.class_counts(ids).min() >= 3 for ids in parts.values())
    assert split.spatial["unused"] == len(one) - sum(map(len, parts.values()))
    assert touching(one, split.train, split.test) == 0
    again = make_split(scene(labels, patch), protocol)
    np.testing.assert_array_equal(again.test, split.test)
    assert again.facts() == split.facts()


@FEW
@given(label_maps(), st.integers(1, 4))
def test_guard_keeps_what_is_far(parts: np.ndarray, patch: int) -> None:
    parts = np.clip(parts, -1, 2)
    kept = guard(parts, patch)
    assert ((kept == parts) | (kept == -1)).all()
    np.testing.assert_array_equal(kept == 0, parts == 0)
    alone = ~near(parts == 0, patch)
    np.testing.assert_array_equal(kept == 1, (parts == 1) & alone)


def test_seeds_give_other_parts() -> None:
    labels = np.kron(np.arange(36).reshape(6, 6) % 3, np.ones((10, 10), int))
    one = scene(labels, 5)
    first, second = (make_split(one, "blocks-30/10/60", seed) for seed in (0, 1))
    assert set(first.test) != set(second.test)
    assert first.facts()["spatial"]["patch"] == 5


def test_random_splits_share_pixels() -> None:
    labels = np.kron(np.arange(36).reshape(6, 6) % 3, np.ones((10, 10), int))
    one = scene(labels, 5)
    split = make_split(one, "30/10/60")
    shares = [
        bool(covered(one, split.train) & covered(one, split.test[i : i + 1])) for i in range(50)
    ]
    assert touching(one, split.train, split.test[:50]) == np.mean(shares) > 0.9


def test_small_classes_are_named() -> None:
    labels = np.zeros((40, 40), int)
    labels[:3, :3] = 1
    with pytest.raises(DataError, match=r"no room to keep c1 apart .*--without"):
        make_split(scene(labels, 7), "blocks-30/10/60")


def test_tiles_lie_nowhere() -> None:
    images = np.zeros((40, 1, 1, 1), np.uint8)
    tiles = TileSet("t", images, np.arange(40) % 2, ("a", "b"), (0.5,), (0.1,), "f")
    with pytest.raises(DataError, match="'t' holds tiles that lie nowhere"):
        make_split(tiles, "blocks-30/10/60")
    assert protocols(tiles) == tuple(PROTOCOLS)
    assert set(protocols(scene(np.eye(9, dtype=int), 1))) == {*PROTOCOLS, *SPATIAL}
