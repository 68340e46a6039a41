"""Searches by content, on the tiles they say, and the fixed settings beside them."""

from __future__ import annotations

import numpy as np
import pytest

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.presets import preset
from lcc_core.compression.search import SearchSettings
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.results import searched
from lcc_core.results.measured import measure_plan
from lcc_core.results.searched import Selection, cached_search, rivals, search_plan
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace

STOPPED = Hooks(should_stop=lambda: True)

SETTINGS = SearchSettings.of(t_margin=12, recalibrate=16)


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, tile_folder
) -> tuple[Home, Checkpoint, TileSet, Split]:
    home = Home.find(tmp_path_factory.mktemp("searched"))
    tiles = import_tiles("tiny", tile_folder, home)
    split = make_split(tiles)
    return home, train(make_recipe("compact", epochs=3, batch=8), tiles, split, home), tiles, split


def test_a_search_is_made_once(made, monkeypatch: pytest.MonkeyPatch) -> None:
    home, checkpoint, tiles, _split = made
    assert cached_search(home, checkpoint, SETTINGS, Selection()) is None
    first = search_plan(Workspace(home, [tiles]), checkpoint, SETTINGS, Selection())
    monkeypatch.setattr(searched, "search", None)
    again = search_plan(Workspace(home, [tiles]), checkpoint, SETTINGS, Selection())
    assert again == first and first.trace
    assert (
        cached_search(home, checkpoint, SearchSettings(**preset("papers").how), Selection()) is None
    )
    assert cached_search(home, checkpoint, SETTINGS, Selection("test")) is None
    path = searched.search_path(home, checkpoint, SETTINGS, Selection())
    path.write_text("[]")
    assert cached_search(home, checkpoint, SETTINGS, Selection()) is None


def test_a_stopped_search_is_not_remembered(made) -> None:
    home, checkpoint, tiles, _split = made
    settings = SearchSettings.of(t_margin=11)
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 6

    found = search_plan(
        Workspace(home, [tiles]), checkpoint, settings, Selection(), hooks=Hooks(should_stop=stop)
    )
    assert found.stopped and len(found.plan.layers) == 14
    assert cached_search(home, checkpoint, settings, Selection()) is None
    with pytest.raises(Cancelled):
        search_plan(Workspace(home, [tiles]), checkpoint, settings, Selection(), hooks=STOPPED)


def test_where_a_search_chooses(made) -> None:
    *_, split = made
    assert Selection().ids(split) is split.validation
    assert Selection("test").ids(split) is split.test
    few = Selection(tiles=3).ids(split)
    assert len(few) == 3 and np.isin(few, split.validation).all()
    assert (few == Selection(tiles=3).ids(split)).all()
    assert Selection(tiles=10_000).ids(split) is split.validation
    with pytest.raises(ValueError, match="select_on"):
        Selection("secret")
    with pytest.raises(ValueError, match="tiles"):
        Selection(tiles=-1)


@pytest.mark.parametrize("method", ["laq", "lap"])
def test_rivals_lie_around_the_plan(made, method: str) -> None:
    home, checkpoint, tiles, _split = made
    settings = SearchSettings.of(method=method, t_margin=30, recalibrate=16)
    found = search_plan(Workspace(home, [tiles]), checkpoint, settings, Selection())
    row = measure_plan(Workspace(home, [tiles]), checkpoint, found.plan)
    args = (Workspace(home, [tiles]), checkpoint, row, settings)
    fixed = rivals(*args)
    assert fixed == rivals(*args)
    assert fixed[-1].bytes <= row.bytes or fixed[-1].average_bits == 1 or method == "lap"
    assert all(one.bytes > row.bytes for one in fixed[:-1])
    assert all(one.recalibrated == 16 for one in fixed)
