"""Disjoint splits: no training patch shares a pixel with a test patch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lcc_core.data import spatial
from lcc_core.data.patches import Patches
from lcc_core.data.scene import Scene
from lcc_core.data.spatial import (
    assign,
    block_groups,
    guard,
    near,
    nearest,
    region_groups,
    touching,
)
from lcc_core.data.splits import make_split, protocols
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError

SHARES = (0.30, 0.10, 0.60)
SPATIAL = ("blocks-30/10/60", "regions-30/10/60")
RANDOM = ("64/16/20", "80/20", "70/30", "30/10/60", "10/10/80")
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
@given(label_maps(), st.sampled_from([1, 3, 5, 7]), st.sampled_from(SPATIAL))
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


def apart(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Chebyshev distance of each pixel of ``some`` from the nearest of ``others``; masks (H, W)."""
    here, there = np.argwhere(some), np.argwhere(others)
    if not len(there):
        return np.full(len(here), 10**6)
    return np.abs(here[:, None] - there[None]).max(-1).min(1)


@FEW
@given(label_maps(), st.integers(1, 4))
def test_guard_keeps_what_is_far(parts: np.ndarray, patch: int) -> None:
    parts = np.clip(parts, -1, 2)
    expected = parts.copy()
    for part in (1, 2):  # what is left of the earlier parts is what counts
        mine = np.argwhere(expected == part)
        close = apart(expected == part, (expected >= 0) & (expected < part)) < patch
        expected[tuple(mine[close].T)] = -1
    before = parts.copy()
    np.testing.assert_array_equal(guard(parts, patch), expected)
    np.testing.assert_array_equal(parts, before)


@pytest.mark.parametrize("patch", [1, 2, 3])
def test_near_is_nearer_than_a_patch(patch: int) -> None:
    mask = np.zeros((9, 11), bool)
    mask[[0, 6], [3, 10]] = True
    expected = (apart(np.ones_like(mask), mask) < patch).reshape(mask.shape)
    np.testing.assert_array_equal(near(mask, patch), expected)


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_blocks_are_squares_from_a_random_corner(side: int) -> None:
    labels = np.zeros((7, 9), int)
    groups = block_groups(labels, side, np.random.default_rng(side))
    down, right = np.random.default_rng(side).integers(0, side, 2)
    seen: dict[tuple[int, int], int] = {}
    for row, column in np.ndindex(labels.shape):
        place = ((row + int(down)) // side, (column + int(right)) // side)
        assert seen.setdefault(place, int(groups[row, column])) == groups[row, column]
    assert len(set(seen.values())) == len(seen) and groups.shape == labels.shape


def same_partition(some: np.ndarray, others: np.ndarray) -> bool:
    pairs = set(zip(some.ravel().tolist(), others.ravel().tolist(), strict=True))
    return len(pairs) == len(set(some.ravel().tolist())) == len(set(others.ravel().tolist()))


def test_regions_by_hand() -> None:
    """Corners connect; what is more than a third of its class is cut at the blocks."""
    labels = np.array([
        [0, -1, 1, 1, 1, 1],
        [-1, 0, 1, -1, -1, -1],
        [2, -1, -1, 2, -1, 2],
        [0, -1, -1, -1, -1, -1],
        [-1, -1, 0, -1, 0, 0],
    ])  # fmt: skip
    blocks = np.zeros_like(labels)
    blocks[:, 3:] = 1
    blocks[:, 5:] = 2
    # Class 0: regions of two of its six pixels, which is not more than a third. Class 1: five of
    # five in one region, cut into what lies in block 0, in 1 and in 2.
    expected = np.array([
        [1, 0, 2, 3, 3, 4],
        [0, 1, 2, 0, 0, 0],
        [5, 0, 0, 6, 0, 7],
        [8, 0, 0, 0, 0, 0],
        [0, 0, 9, 0, 10, 10],
    ])  # fmt: skip
    groups = region_groups(labels, blocks)
    known = labels >= 0
    assert same_partition(groups[known], expected[known])
    assert (groups[~known] == 0).all() and (groups[known] > 0).all()


def test_a_small_region_is_not_cut() -> None:
    labels = np.full((3, 12), -1)
    labels[0, :3] = labels[2, 0:2] = labels[2, 3:5] = labels[2, 6:8] = 0  # 3 of 9
    blocks = np.arange(36).reshape(3, 12)
    groups = region_groups(labels, blocks)
    assert len(set(groups[labels == 0].tolist())) == 4
    labels[2, 7] = -1  # 3 of 8 are more than a third: cut, pixel by pixel
    groups = region_groups(labels, blocks)
    assert len(set(groups[labels == 0].tolist())) == 3 + 3


def plain_assign(
    labels: np.ndarray, groups: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Group after group, what is the largest part of a class first, to the part that lacks it."""
    names = sorted({int(group) for group in groups[labels >= 0]})
    classes = range(labels.max() + 1)
    share = {
        g: [((groups == g) & (labels == c)).sum() / (labels == c).sum() for c in classes]
        for g in names
    }
    order = sorted(
        (names[i] for i in generator.permutation(len(names))), key=lambda g: -max(share[g])
    )
    filled = [[0.0 for _ in classes] for _ in SHARES]
    result = np.full(labels.shape, -1)
    for group in order:
        noise = generator.random(3)
        worth = [
            sum(
                min(1, max(-1, 1 - filled[part][c] / SHARES[part])) * share[group][c]
                for c in classes
            )
            + 1e-9 * noise[part]
            for part in range(3)
        ]
        part = worth.index(max(worth))
        filled[part] = [a + b for a, b in zip(filled[part], share[group], strict=True)]
        result[(groups == group) & (labels >= 0)] = part
    return result


@pytest.mark.parametrize("seed", range(12))
def test_groups_go_where_their_classes_lack_most(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.choice([-1, 0, 1, 2], (14, 15), p=[0.2, 0.5, 0.25, 0.05])
    groups = block_groups(labels, int(generator.integers(1, 6)), generator)
    got = assign(labels, groups, SHARES, np.random.default_rng(seed))
    np.testing.assert_array_equal(got, plain_assign(labels, groups, np.random.default_rng(seed)))


def plain_best(one: Scene, protocol: str, seed: int) -> tuple[np.ndarray, int]:
    """Of 40 cuts, or up to 400 while a class has fewer than 3 pixels in a part, the fullest; and
    how many were made. The pieces of a cut are checked above."""
    labels, classes = one.label_map(), len(one.class_names)
    best, chosen, made = -1.0, None, 0
    for number in range(400):
        if number >= 40 and best >= classes:
            break
        made += 1
        generator = np.random.default_rng([seed, number])
        groups = block_groups(labels, one.patch * int(generator.integers(1, 5)), generator)
        if protocol.startswith("regions"):
            groups = region_groups(labels, groups)
        parts = guard(assign(labels, groups, SHARES, generator), one.patch)
        score, fill = 0.0, []
        for c in range(classes):
            counts = [int(((parts == p) & (labels == c)).sum()) for p in range(3)]
            wanted = [share * int((labels == c).sum()) for share in SHARES]
            fill += [min(1, n / w) for n, w in zip(counts, wanted, strict=True)]
            score += min(counts) >= 3
        if (score := score + sum(fill) / len(fill)) > best:
            best, chosen = score, parts
    assert chosen is not None
    return chosen, made


@pytest.mark.parametrize("protocol", SPATIAL)
@pytest.mark.parametrize("seed", range(3))
def test_the_cut_that_leaves_the_classes_fullest_is_taken(
    protocol: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.kron(np.random.default_rng(seed).integers(-1, 3, (9, 10)), np.ones((4, 4), int))
    one = scene(labels, 3)
    calls = []
    monkeypatch.setattr(spatial, "guard", lambda *a: calls.append(1) or guard(*a))
    split = make_split(one, protocol, seed)
    parts, made = plain_best(one, protocol, seed)
    rows, columns = one.positions.T
    for number, name in enumerate(("train", "validation", "test")):
        np.testing.assert_array_equal(
            getattr(split, name), np.flatnonzero(parts[rows, columns] == number)
        )
    assert len(calls) == made
    assert split.spatial == {
        "patch": 3,
        "distance": {
            f"{a}-{b}": int(apart(parts == i, parts == j).min())
            for a, b, i, j in (
                ("train", "test", 0, 2),
                ("train", "validation", 0, 1),
                ("validation", "test", 1, 2),
            )
        },
        "unused": int((parts[rows, columns] < 0).sum()),
    }


def test_it_tries_longer_while_a_class_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(spatial, "guard", lambda *a: calls.append(1) or guard(*a))
    labels = np.zeros((24, 24), int)
    labels[:2, :4] = 1  # 8 pixels: 9 would be needed
    with pytest.raises(DataError, match=r"apart in three parts of 3 pixels"):
        make_split(scene(labels, 1), SPATIAL[0])
    assert len(calls) == 400
    labels = np.zeros((16, 16), int)
    labels[:5, :7] = 1  # the guard leaves little of it: of many cuts few have it in all three
    del calls[:]
    split = make_split(one := scene(labels, 3), SPATIAL[0], 3)
    parts, made = plain_best(one, SPATIAL[0], 3)
    assert len(calls) == made and 40 < made < 400
    rows, columns = one.positions.T
    np.testing.assert_array_equal(split.test, np.flatnonzero(parts[rows, columns] == 2))


def test_distances_between_pixels() -> None:
    one = scene(np.arange(45).reshape(5, 9) % 2, 1)
    at = one.positions.tolist().index
    some, others = np.array([at([0, 0])]), np.array([at([1, 4]), at([4, 3])])
    assert nearest(one, some, others) == 4  # max(1, 4) and max(4, 3)
    assert nearest(one, some[:0], others) == nearest(one, some, others[:0]) == 0
    assert nearest(one, some, some) == 0


def test_how_many_patches_touch() -> None:
    one = scene(np.where(np.indices((3, 12))[0] == 0, np.arange(12) % 2, -1), 3)
    ids = np.arange(12)  # in a row
    assert touching(one, ids[:1], ids[1:5]) == 0.5  # within two pixels: 1 and 2, not 3 and 4
    assert touching(one, ids[5:6], ids[9:]) == 0


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
    assert protocols(tiles) == RANDOM
    assert set(protocols(scene(np.eye(9, dtype=int), 1))) == {*RANDOM, *SPATIAL}


def plain_regions(labels: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Pixel by pixel: what touches, by side or corner, and is of one class."""
    found = np.full(labels.shape, -1)
    names: dict[tuple, int] = {}
    for start in np.ndindex(labels.shape):
        if labels[start] < 0 or found[start] >= 0:
            continue
        region, ahead = {start}, [start]
        while ahead:
            row, column = ahead.pop()
            for place in itertools.product(range(row - 1, row + 2), range(column - 1, column + 2)):
                inside = all(0 <= p < n for p, n in zip(place, labels.shape, strict=True))
                if inside and labels[place] == labels[start] and place not in region:
                    region.add(place)
                    ahead.append(place)
        large = len(region) > (labels == labels[start]).sum() / 3
        for place in region:
            key = (start, int(blocks[place]) if large else None)
            found[place] = names.setdefault(key, len(names))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_regions_against_pixel_by_pixel(seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.choice([-1, 0, 1, 2], (15, 16), p=[0.4, 0.15, 0.15, 0.3])
    blocks = block_groups(labels, int(generator.integers(1, 7)), generator)
    known = labels >= 0
    groups = region_groups(labels, blocks)
    assert same_partition(groups[known], plain_regions(labels, blocks)[known])
