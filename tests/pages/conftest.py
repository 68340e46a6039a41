from __future__ import annotations

from pathlib import Path

import pytest

from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train


@pytest.fixture
def trained(home: Home, tile_folder: Path) -> Home:
    """A home with the tiny data set and a model of it."""
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    return home
