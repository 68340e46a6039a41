from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Home:
    """A home with the tiny data set and a model of it. Copied, never changed."""
    home = Home.find(tmp_path_factory.mktemp("tiny-model"))
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    return home


@pytest.fixture
def trained(tiny_model: Home, home: Home) -> Home:
    """A copy of it that the test may change."""
    shutil.copytree(tiny_model.root, home.root, dirs_exist_ok=True)
    return home
