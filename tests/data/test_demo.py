"""The demo tiles: the same everywhere, balanced, not blank."""

from __future__ import annotations

import numpy as np
import pytest

from lcc_core.data import demo
from lcc_core.hooks import Hooks


@pytest.fixture(scope="module")
def few() -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(10), 4)
    images = np.zeros((40, demo.SIZE, demo.SIZE, 3), np.uint8)
    demo.draw(labels, images)
    return labels, images


def test_deterministic(few: tuple[np.ndarray, np.ndarray]) -> None:
    labels, images = few
    again = np.zeros_like(images)
    demo.draw(labels, again)
    np.testing.assert_array_equal(images, again)


def test_tiles_differ_and_have_texture(few: tuple[np.ndarray, np.ndarray]) -> None:
    _, images = few
    assert len({tile.tobytes() for tile in images}) == len(images)
    deviations = images.reshape(40, -1, 3).std(1)
    assert (deviations.max(1) > 1).all()
    assert 40 < images.mean() < 180
    assert ((images == 0) | (images == 255)).mean() < 0.1


def test_water_is_darker_than_roofs(few: tuple[np.ndarray, np.ndarray]) -> None:
    labels, images = few
    mean = {name: images[labels == i].mean() for i, name in enumerate(demo.CLASSES)}
    assert mean["SeaLake"] < mean["Industrial"] and mean["Forest"] < mean["Residential"]


def test_layout() -> None:
    labels, test_ids = demo.layout()
    assert len(labels) == demo.TRAIN_TILES + demo.TEST_TILES and len(test_ids) == demo.TEST_TILES
    assert set(np.bincount(labels)) == {300} and set(np.bincount(labels[test_ids])) == {100}


def test_progress_counts_the_classes() -> None:
    reports = []
    images = np.zeros((2, demo.SIZE, demo.SIZE, 3), np.uint8)
    demo.draw(np.array([3, 9]), images, Hooks(reports.append))
    assert [r.done for r in reports] == list(range(1, 11)) and images[1].any()
