"""The bytes that were measured are the bytes that are handed out, by whatever way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from given import Given
from tiny import lived_in, make_tiles

from lcc_core.checkpoints.packed import load_packed, pack, read_header
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Compressed, Plan, apply, uniform_plan
from lcc_core.compression.recalibration import calibration_for
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home, canonical_json
from lcc_core.measure.measure import bit_figures
from lcc_core.measure.measurement import Measurement
from lcc_core.results.measured import (
    cached_measurement,
    measure_plan,
    packed_content,
)
from lcc_core.results.packedfile import measure_file
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace

TILES = make_tiles()


@pytest.fixture
def made(home: Home, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, Checkpoint, Split]:
    split = make_split(TILES)
    return home, train(make_recipe("compact", epochs=1, batch=8), TILES, split, home), split


def handed_out(made: tuple, plan: Plan, compressed: Compressed) -> tuple[bytes, Measurement]:
    home, checkpoint, _ = made
    return packed_content(Given(home, TILES, compressed), checkpoint, plan)


def compress(made: tuple, plan: Plan) -> Compressed:
    _, checkpoint, split = made
    return apply(checkpoint.model(), plan, calibration_for(plan, TILES, split))


@pytest.mark.parametrize("recalibrate", [0, 16])
def test_made_again_it_is_the_same_file(made: tuple, recalibrate: int) -> None:
    home, checkpoint, _ = made
    plan = uniform_plan(checkpoint.model(), 4, 0.5, recalibrate=recalibrate)
    row = measure_plan(Workspace(home, [TILES]), checkpoint, plan)
    # As a row remembers it, sorted by name.
    again = Plan.from_json(canonical_json(plan.to_json()))
    content, same = handed_out(made, again, compress(made, again))
    assert len(content) == row.bytes and same == row and row.is_of(content)


def test_what_came_out_otherwise_is_measured_anew(made: tuple) -> None:
    home, checkpoint, _ = made
    plan = uniform_plan(checkpoint.model(), 4, recalibrate=16)
    old = measure_plan(Workspace(home, [TILES]), checkpoint, plan)
    other = compress(made, plan)  # as with another number of threads
    with torch.no_grad():
        other.model.net.stem[1].bias.mul_(1.5)
    content, row = handed_out(made, plan, other)
    assert row.is_of(content) and row.bytes == len(content) and not old.is_of(content)
    assert cached_measurement(home, checkpoint, plan) == row
    assert read_header(content)["measurement"]["oa"] == row.oa
    assert handed_out(made, plan, other) == (content, row)


def test_plans_that_do_the_same_hand_out_one_file(made: tuple) -> None:
    home, checkpoint, _ = made
    plan = uniform_plan(checkpoint.model(), 4)
    row = measure_plan(Workspace(home, [TILES]), checkpoint, plan)
    same = Plan(plan.layers, "laq", plan.sides, {"found": "by a search" * 9}, plan.recalibrate)
    assert same.id == plan.id
    content, found = handed_out(made, same, compress(made, same))
    assert found == row and len(content) == row.bytes


@pytest.mark.parametrize("tiles", [0, 16])
def test_a_packed_file_tells_its_recalibration(
    made: tuple, tiles: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stored(*_: object) -> TileSet:
        return TILES

    monkeypatch.setattr("lcc_core.results.packedfile.load_tiles", stored)
    home, checkpoint, _ = made
    plan = uniform_plan(checkpoint.model(), 4, recalibrate=tiles)
    content, row = handed_out(made, plan, compress(made, plan))
    path = tmp_path / "one.lcc"
    path.write_bytes(content)
    again = measure_file(path, home)
    assert again.recalibrated == row.recalibrated == tiles
    assert (again.bytes, again.real_ratio, again.oa) == (row.bytes, row.real_ratio, row.oa)
    assert again.file_sha256 == row.file_sha256
    # Without a measurement in its header the plan knows, and the float file's size is found out.
    path.write_bytes(pack(compress(made, plan)))
    bare = measure_file(path, home, data="tiny")
    assert bare.recalibrated == tiles and bare.float_bytes == checkpoint.bytes


def test_a_net_of_zeros_has_no_ratio_without_them(made: tuple) -> None:
    net = lived_in()
    with torch.no_grad():
        for parameter in net.net.parameters():
            parameter.zero_()
    plan = uniform_plan(net, 4, 0.5)
    figures = bit_figures(apply(net, plan))
    assert figures["zeros_free_ratio"] is None and figures["nominal_ratio"] == 8
    home, checkpoint, _ = made
    row = measure_plan(Given(home, TILES, apply(net, plan)), checkpoint, plan)
    assert row.zeros_free_ratio is None and Measurement.from_json(row.to_json()) == row
    assert load_packed(pack(apply(net, plan), row.for_header())).header["measurement"]
