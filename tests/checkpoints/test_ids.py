"""Ids and fingerprints of what is stored: they stay, whatever is restructured.

The values are of trees from before methods, sets and architectures were registered.
"""

from __future__ import annotations

import numpy as np
import pytest
import tiny
import tiny_scene

from lcc_core.checkpoints.store import checkpoint_id
from lcc_core.data import demo
from lcc_core.data.stored import fingerprint
from lcc_core.files import Home
from lcc_core.training import make_recipe

TINY = "63e6af7c0dec454ac2ea198ca92f041a71d290209d26d4a6e70e1bb6f3e5add7"
IDS = {"compact": "b6cb088419a3", "resnet18": "0ac3bb9ec0b4", "cnn2d": "9a1f5ab6fbac"}


@pytest.mark.parametrize("arch", IDS)
def test_checkpoint_ids_stay(arch: str) -> None:
    recipe = make_recipe(arch, epochs=2, batch=8)
    split = {"protocol": "64/16/20", "seed": 0}
    assert checkpoint_id(recipe.to_json(), TINY, split) == IDS[arch]


def test_fingerprints_stay(home: Home) -> None:
    assert tiny.make_tiles().fingerprint == TINY
    expected = "669df47685ccc26ebb07aa05025fc4a794811d5f47e5e3540361e3c95c5a93ae"
    assert tiny_scene.store(home).fingerprint == expected


def test_the_demo_tiles_stay() -> None:
    labels, _ = demo.layout()
    images = np.zeros((len(labels), demo.SIZE, demo.SIZE, 3), np.uint8)
    demo.draw(labels, images)
    expected = "5df7c18fcbce038e178a7af12976263d534d5bd6973d8e197488c0433695c8f4"
    assert fingerprint(images, labels, demo.CLASSES) == expected
