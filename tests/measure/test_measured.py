"""Measurements: right figures, computed once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lcc_core.checkpoints.packed import pack
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, apply, uniform_plan
from lcc_core.data.splits import Split, make_split
from lcc_core.data.stored import band_statistics, fingerprint
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled, DataError
from lcc_core.files import Home
from lcc_core.studies import measured
from lcc_core.studies.measured import cached_measurement, checkpoint_split, estimate, measure_plan
from lcc_core.training import make_recipe, train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.find(tmp_path_factory.mktemp("measured"))


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 12)
    colours = generator.integers(40, 216, (4, 3))[labels][:, None, None]
    images = np.clip(colours + generator.normal(0, 20, (48, 16, 16, 3)), 0, 255).astype(np.uint8)
    names = ("a", "b", "c", "d")
    statistics = band_statistics(images)
    return TileSet("tiny", images, labels, names, *statistics, fingerprint(images, labels, names))


@pytest.fixture(scope="module")
def split(tiles: TileSet) -> Split:
    return make_split(tiles)


@pytest.fixture(scope="module")
def checkpoint(home: Home, tiles: TileSet, split: Split) -> Checkpoint:
    return train(make_recipe("compact", epochs=2, batch=8), tiles, split, home, "cpu")


def test_second_call_is_equal_and_computes_nothing(
    home: Home,
    checkpoint: Checkpoint,
    tiles: TileSet,
    split: Split,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = uniform_plan(checkpoint.model(), 4, 0.5)
    assert cached_measurement(home, checkpoint, plan) is None
    first = measure_plan(home, checkpoint, plan, tiles, split)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(measured, "measure", refuse)
    monkeypatch.setattr(measured, "apply", refuse)
    assert measure_plan(home, checkpoint, plan, tiles, split) == first
    assert measure_plan(home, checkpoint, replace(plan, method="other"), tiles, split) == first
    for other in (
        {"part": "validation"},
        {"plan": uniform_plan(checkpoint.model(), 3)},
        {"use_cache": False},
    ):
        with pytest.raises(AssertionError, match="measured again"):
            measure_plan(
                **{"home": home, "checkpoint": checkpoint, "plan": plan, "tiles": tiles}
                | {"split": split}
                | other
            )


def test_damaged_row_is_measured_again(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 2)
    first = measure_plan(home, checkpoint, plan, tiles, split)
    path = measured._path(home, checkpoint, plan, "test", "auto")
    for content in ("", "[]", "{}", path.read_text()[:50]):
        path.write_text(content)
        assert cached_measurement(home, checkpoint, plan) is None
    again = measure_plan(home, checkpoint, plan, tiles, split)
    assert again.bytes == pytest.approx(first.bytes, rel=0.01)
    same = {"latency_ms": None, "measured": "", "bytes": 0, "real_ratio": 0.0}
    assert replace(again, **same) == replace(first, **same)


def test_figures(home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    plan = uniform_plan(checkpoint.model(), 4, 1.0)
    row = measure_plan(home, checkpoint, plan, tiles, split)
    compressed = apply(checkpoint.model(), plan)
    assert row.tiles == len(split.test) == sum(map(sum, row.confusion))
    assert row.interval[0] <= row.oa <= row.interval[1]
    assert row.oa == pytest.approx(np.trace(row.confusion_array()) / row.tiles)
    assert row.aa == pytest.approx(np.mean(row.recall))
    assert row.average_bits == 4 and row.nominal_ratio == 8
    assert row.zeros_free_ratio == pytest.approx(8 / (1 - row.sparsity)) and 0.5 < row.sparsity < 1
    assert row.bytes == pytest.approx(len(pack(compressed, row.for_header())), rel=0.01)
    assert row.real_ratio == checkpoint.bytes / row.bytes
    assert row.float_bytes == checkpoint.bytes
    assert row.parameters == sum(p.numel() for p in compressed.model.parameters())
    assert (row.checkpoint, row.plan, row.data) == (checkpoint.id, plan.id, "tiny")


def test_float_model(home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    row = measure_plan(home, checkpoint, Plan({}), tiles, split)
    assert row.average_bits == 32 and row.nominal_ratio == 1
    assert row.oa == checkpoint.accuracy["test"]["oa"]


def test_cancel_leaves_no_row(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 7)
    with pytest.raises(Cancelled):
        measure_plan(home, checkpoint, plan, tiles, split, should_stop=lambda: True)
    assert cached_measurement(home, checkpoint, plan) is None


def test_foreign_tiles(checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    again = checkpoint_split(checkpoint, tiles)
    np.testing.assert_array_equal(again.test, split.test)
    with pytest.raises(DataError, match="not those checkpoint"):
        checkpoint_split(checkpoint, replace(tiles, fingerprint="other"))


def test_estimate(checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    share, low, high, n = estimate(checkpoint.model(), tiles, split, 5)
    assert n == 5 and low <= share <= high
