"""The search against the plain loop that evaluates every candidate whole: same plan, less time.

On the home's own ResNet18 for EuroSAT (``LCC_HOME``), else on the demo's compact network, trained
here; then the ratio says little, because a small network gains less.
"""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
import torch
from plain_search import PlainSettings, decisions, plain_search

from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.compression.presets import preset
from lcc_core.compression.search import PlanningInput, SearchSettings, search
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

GOALS = {"up": 10.0, "down": 5.0}
DEMO_GOAL = 2.0


@pytest.fixture(scope="module")
def home() -> Home:
    torch.set_num_threads(os.cpu_count() or 1)
    return Home.find()


@pytest.fixture(scope="module")
def checkpoint(home: Home) -> Checkpoint:
    for one in list_checkpoints(home):
        whole = not one.how and not one.kept and "validation" in one.accuracy
        if whole and (one.arch, one.data) == ("resnet18", "eurosat"):
            return one
    tiles = load_tiles("demo", home)
    return train(make_recipe("compact", tiles=1500, epochs=12), tiles, make_split(tiles), home)


@pytest.mark.parametrize("direction", GOALS)
def test_search(home: Home, checkpoint: Checkpoint, direction: str) -> None:
    tiles = load_tiles(checkpoint.data, home)
    ids = checkpoint_split(checkpoint, tiles).validation
    images = torch.from_numpy(np.ascontiguousarray(tiles.images[ids])).permute(0, 3, 1, 2)
    labels = torch.from_numpy(tiles.labels[ids])
    case = PlainSettings(direction=direction, granularity="tensor", scale="absmax")
    settings = SearchSettings.of(**preset("papers").how, direction=direction)
    ours = search(settings, PlanningInput(checkpoint.model(), images, labels))
    began = time.perf_counter()
    plain = plain_search(checkpoint.model(), images, labels, case)
    baseline = time.perf_counter() - began
    assert decisions(ours) == plain.decisions
    print(
        f"\nsearch {direction}, {checkpoint.arch}, {len(ids)} tiles of {tiles.name}: "
        f"{ours.seconds:.1f} s against {baseline:.1f} s, {baseline / ours.seconds:.1f}×; work of "
        f"{ours.equivalents:.1f} against {plain.evaluations} whole evaluations; up to "
        f"{ours.peak_bytes / 1e6:.0f} MB kept"
    )
    goal = GOALS[direction] if checkpoint.arch == "resnet18" else DEMO_GOAL
    assert baseline / ours.seconds >= goal
