"""The cache: bounded, least recently used first, and never what a stored result needs."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from studies import STUDY, figures, fill

from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.studies import cache
from lcc_core.studies.estimate import Durations
from lcc_core.studies.graph import MEASURE, expand
from lcc_core.studies.leases import Leases
from lcc_core.studies.runner import run_study
from lcc_core.training import make_recipe, train

# The scores of its coreset come from a model that no point is of.
PART = replace(STUDY, fractions=(0.5,), coresets=("random",), methods=("laq",))


def age(home: Home, seconds: float = 1000) -> None:
    for path in [one for one in home.root.rglob("*") if one.is_file()]:
        at = path.stat().st_mtime - seconds
        os.utime(path, (at, at))


@pytest.fixture
def filled(home: Home) -> Home:
    run_study(PART, fill(home))
    age(home)
    return home


def test_nothing_goes_that_a_result_needs(filled: Home) -> None:
    before = figures(filled, PART)
    assert len(list_checkpoints(filled)) == 2
    freed = cache.clear(filled)
    assert freed.entries == 1  # the search: its plan stands in the row
    assert len(list_checkpoints(filled)) == 2  # the coreset came from the other's scores
    assert figures(filled, PART) == before
    assert run_study(PART, filled).found == 1


def test_what_no_result_needs_goes_and_is_made_again(filled: Home) -> None:
    before = figures(filled, PART)
    tiles = load_tiles("tiny", filled)
    recipe = make_recipe("compact", epochs=1, batch=16, seed=5)
    own = train(recipe, tiles, make_split(tiles), filled)
    for row in filled.results.iterdir():
        row.unlink()
    assert cache.clear(filled).entries == 3
    assert [one.id for one in list_checkpoints(filled)] == [own.id]  # the user's own stays
    assert run_study(PART, filled).made == 1
    assert figures(filled, PART) == before


def test_what_a_study_only_found_stays(home: Home) -> None:
    tiles = load_tiles("tiny", fill(home))
    recipe = make_recipe("compact", tiles=len(make_split(tiles).train), epochs=1, batch=16)
    own = train(recipe, tiles, make_split(tiles), home)
    age(home)
    run_study(STUDY, home)
    age(home)
    assert [one.id for one in list_checkpoints(home)] == [own.id]  # the study trained none
    steps = expand(STUDY).steps.values()
    learnt = {kind for kind, _ in Durations(home, steps, {"tiny": len(tiles)}).known}
    assert learnt == {MEASURE}  # no training was timed
    for row in home.results.iterdir():
        row.unlink()
    cache.clear(home)
    assert [one.id for one in list_checkpoints(home)] == [own.id]


def test_the_limit_holds_by_age(filled: Home) -> None:
    folder = filled.predictions
    folder.mkdir()
    for number in range(4):
        path = folder / f"{number}.npz"
        path.write_bytes(bytes(1000))
        os.utime(path, (1000 + number, 1000 + number))
    total = cache.info(filled).total
    assert cache.trim(filled).entries == 0  # no limit was set
    cache.set_limit(filled, total - 1500)
    assert cache.trim(filled) == cache.Freed(2, 2000)
    assert sorted(path.name for path in folder.iterdir()) == ["2.npz", "3.npz"]
    cache.set_limit(filled, 1)
    run_study(PART, filled)  # the runner holds it too
    assert not list(folder.iterdir())
    assert len(list_checkpoints(filled)) == 2


def test_nothing_goes_that_is_being_worked_with(filled: Home) -> None:
    for row in filled.results.iterdir():
        row.unlink()
    leases = Leases(filled)
    assert leases.take("somebody's step")
    assert cache.clear(filled).entries == 1  # the search, which was not used lately
    assert len(list_checkpoints(filled)) == 2
    leases.close()
    gone = {"pid": 2**22 + 1, "started": "x", "runner": "r", "host": leases.owner["host"]}
    (filled.root / "claims" / "left.json").write_text(json.dumps(gone))
    assert cache.clear(filled).entries == 2  # a lease that was left behind keeps nothing
