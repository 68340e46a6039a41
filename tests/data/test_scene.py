"""Patches against a plain reference, and a scene as a set of tiles."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_scene as scenes
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.data.catalog import load_tiles, stored
from lcc_core.data.patches import Patches
from lcc_core.data.scene import Scene
from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.training.batches import gather, held

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def plain(cube: np.ndarray, row: int, column: int, side: int) -> np.ndarray:
    """One patch, pixel by pixel; beyond an edge the scene is mirrored without its edge."""
    height, width, bands = cube.shape
    patch = np.empty((side, side, bands), np.float32)
    for i in range(side):
        for j in range(side):
            r, c = abs(row + i - side // 2), abs(column + j - side // 2)
            r, c = min(r, 2 * (height - 1) - r), min(c, 2 * (width - 1) - c)
            patch[i, j] = cube[r, c]
    return patch


@FEW
@given(
    st.integers(6, 12), st.integers(6, 12), st.integers(1, 4), st.sampled_from([1, 3, 5, 7, 9]),
    st.integers(0, 99),
)  # fmt: skip
def test_patches_are_those_of_a_plain_loop(
    height: int, width: int, bands: int, side: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    cube = generator.normal(size=(height, width, bands)).astype(np.float32)
    positions = np.stack([generator.integers(0, n, 9) for n in (height, width)], 1)
    patches = Patches.of(cube, positions, side)
    assert patches.shape == (9, side, side, bands) and patches.scene == (height, width)
    expected = np.stack([plain(cube, r, c, side) for r, c in positions])
    np.testing.assert_array_equal(patches[np.arange(9)], expected)
    np.testing.assert_array_equal(patches[3], expected[3])
    np.testing.assert_array_equal(patches[2:5], expected[2:5])
    np.testing.assert_array_equal(patches.cube, cube)
    narrow = patches.narrow(1)
    np.testing.assert_array_equal(narrow[np.arange(9)][:, 0, 0], cube[tuple(positions.T)])
    every = patches.everywhere()
    assert len(every) == height * width
    np.testing.assert_array_equal(every[width + 2], plain(cube, 1, 2, side))


def test_patches_refuse_what_cannot_be() -> None:
    cube, inside = np.zeros((6, 6, 2)), np.zeros((1, 2), int)
    for side in (0, 2, 65):
        with pytest.raises(ValueError, match=f"patch={side}"):
            Patches.of(cube, inside, side)
    with pytest.raises(ValueError, match="patch=13"):
        Patches.of(cube, inside, 13)
    with pytest.raises(ValueError, match="positions"):
        Patches.of(cube, np.array([[0, 6]]), 3)
    with pytest.raises(ValueError, match="side=5"):
        Patches.of(cube, inside, 3).narrow(5)


def test_patches_take_no_memory_of_their_own() -> None:
    cube = np.zeros((64, 64, 8), np.float32)
    patches = Patches.of(cube, np.argwhere(np.ones((64, 64), bool)), 11)
    assert patches.padded.nbytes < 1.5 * cube.nbytes
    assert np.shares_memory(patches._windows, patches.padded)
    assert np.shares_memory(patches.narrow(3).padded, patches.padded)


def test_a_scene_is_a_set_of_tiles(home: Home) -> None:
    scene = scenes.store(home)
    cube, labels = scenes.draw()
    assert len(scene) == (labels > 0).sum() and scene.size == (5, 5) and scene.bands == 12
    assert scene.extent == (40, 40) and scene.class_names == scenes.NAMES
    np.testing.assert_array_equal(scene.label_map(), labels - 1)
    np.testing.assert_array_equal(scene.labels, labels[labels > 0] - 1)
    ids = np.array([0, 7, 500])
    rows, columns = scene.positions[ids].T
    np.testing.assert_array_equal(scene.spectra(ids), cube[rows, columns])
    batch = gather(scene, ids)
    assert tuple(batch.shape) == (3, 12, 5, 5) and str(batch.dtype) == "torch.float32"
    np.testing.assert_array_equal(batch[:, :, 2, 2].numpy(), cube[rows, columns])
    some = held(scene, ids)
    import torch

    np.testing.assert_array_equal(some[torch.tensor([2, 0])], batch[[2, 0]])
    np.testing.assert_allclose(scene.mean, cube[labels > 0].mean(0), rtol=1e-4)
    assert scene.picture.shape == (40, 40, 3) and scene.picture.std() > 20
    assert scene.thumbnail(0).shape == (3, 3, 3) and scene.thumbnail(500).shape == (5, 5, 3)
    again = load_tiles("ground", home)
    assert isinstance(again, Scene) and again.fingerprint == scene.fingerprint
    (info,) = stored(home)
    assert (info.tiles, info.size, info.bands, info.extent) == (len(scene), (5, 5), 12, (40, 40))


def test_other_patches_are_other_tiles(home: Home) -> None:
    assert len({scenes.store(home, f"p{side}", side).fingerprint for side in (3, 5)}) == 2


@pytest.mark.parametrize("name", ["cube.npy", "labels.npy", "meta.json"])
def test_damaged_scene(home: Home, name: str) -> None:
    scenes.store(home)
    path = home.tiles / "ground" / name
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"'ground' is damaged.*Import it again"):
        load_tiles("ground", home)
