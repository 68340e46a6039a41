"""Rows and packed models that ship: written, read again elsewhere, verified."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lcc_core import workspace as opened
from lcc_core.checkpoints.packed import read_header
from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.cli import main
from lcc_core.compression import Compressed, Plan, uniform_plan
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import make_split
from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.results import shipped, table
from lcc_core.results.measured import measure_plan
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace
from pages.ui import session


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Home:
    home = Home.find(tmp_path_factory.mktemp("measured"))
    tiles = import_tiles("tiny", tile_folder, home)
    split = make_split(tiles)
    checkpoint = train(make_recipe("compact", epochs=3, batch=8), tiles, split, home)
    model = checkpoint.model()
    for plan in (Plan({}), *(uniform_plan(model, b, recalibrate=16) for b in (8, 4, 2, 1))):
        measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    return home


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCC_STUDIES", str(tmp_path))
    return tmp_path


def test_ship_and_verify(measured: Home, tmp_path: Path, tile_folder: Path) -> None:
    paths = shipped.ship(measured, "tiny", 10**7)
    rows = table.shipped_rows()
    assert len(rows) == 5 and all(row.shipped for row in rows)
    own = {row.id: row for row in table.own_rows(measured)}
    assert {row.id for row in rows} == set(own)
    assert all(replace(row, shipped=False) == own[row.id] for row in rows)
    assert paths and [p for row in rows if (p := shipped.packed_file(row))]
    assert sum(path.stat().st_size for path in paths) <= 10**7
    # On another machine that has nothing but the tiles:
    other = Home.find(tmp_path / "other")
    import_tiles("tiny", tile_folder, other)
    found = shipped.verify(other)
    assert len(found) == len(paths) and all(one.holds for one in found)
    assert [one.shipped for one in found] == [one.measured for one in found]
    assert read_header(paths[0])["extra"]["split"] == {"protocol": "64/16/20", "seed": 0}


def test_budget_and_leftovers(measured: Home, tmp_path: Path) -> None:
    everything = shipped.ship(measured, "tiny", 10**7)
    smallest = min(path.stat().st_size for path in everything)
    few = shipped.ship(measured, "tiny", smallest + 10)
    assert len(few) == 1 and list((tmp_path / "models").glob("*")) == few
    with pytest.raises(LccError, match="Nothing was measured on 'other'"):
        shipped.ship(measured, "other", 1)


def test_nothing_ships(measured: Home, tmp_path: Path) -> None:
    assert table.shipped_rows() == []
    with pytest.raises(LccError, match="No packed model ships"):
        shipped.verify(measured)


def test_damaged_rows_are_passed_over(measured: Home, tmp_path: Path) -> None:
    shipped.ship(measured, "tiny", 0)
    path = tmp_path / "tiny.jsonl"
    lines = path.read_text().splitlines()
    row = json.loads(lines[0])
    bad = ["", "{}", "[1]", lines[1][:50], json.dumps(row | {"settings": {"layers": 3}})]
    path.write_text("\n".join([*lines, *bad]))
    assert len(table.shipped_rows()) == 5


def test_a_row_says_what_it_is(measured: Home) -> None:
    rows = sorted(table.own_rows(measured), key=lambda row: row.measurement.bytes)
    assert len({row.short for row in rows}) == 5
    assert [row.method for row in rows] == ["fixed"] * 4 + ["float"]
    assert rows[0].arch == "compact" and rows[0].fraction == 1 and rows[0].coreset is None
    flat = table.flat(rows[0])
    assert flat["file (B)"] == rows[0].measurement.bytes and flat["where"] == "this machine"


def test_every_way_hands_out_the_bytes_of_the_row(
    measured: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCC_HOME", str(measured.root))
    paths = {path.name: path for path in shipped.ship(measured, "tiny", 10**7)}
    rows = [row for row in table.shipped_rows() if not row.plan.is_float]
    plan, out = tmp_path / "plan.json", tmp_path / "out.lcc"
    for row in rows:
        one = row.measurement
        checkpoint = find_checkpoint(measured, one.checkpoint)
        page = session.packed_file(checkpoint, row.plan, one.part, one.precision)
        plan.write_text(json.dumps(row.settings))
        words = ["compress", checkpoint.id, "--plan", str(plan), "--out", str(out), "--json"]
        assert main([*words, "--home", str(measured.root)]) == 0
        ways = [page, out.read_bytes()]
        if (path := shipped.packed_path(row)).name in paths:
            ways.append(path.read_bytes())
        assert {len(way) for way in ways} == {one.bytes} and len(set(ways)) == 1


def test_ship_measures_again_what_comes_out_otherwise(
    measured: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another processor, or with another number of threads."""
    whole = opened.apply

    def otherwise(*given: object) -> Compressed:
        made = whole(*given)
        with torch.no_grad():
            made.model.net.head.bias += 0.01
        return made

    before = {row.id: row.measurement for row in table.own_rows(measured)}
    monkeypatch.setattr(opened, "apply", otherwise)
    paths = shipped.ship(measured, "tiny", 10**7)
    rows = [row for row in table.shipped_rows() if shipped.packed_path(row) in paths]
    assert len(rows) == len(paths) > 0
    for row in rows:
        content = shipped.packed_path(row).read_bytes()
        assert row.measurement.is_of(content) and row.measurement.bytes == len(content)
        assert not before[row.id].is_of(content)
        assert shipped.packed_file(row)
