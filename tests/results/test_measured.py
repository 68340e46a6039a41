"""Measurements: right figures, computed once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from given import Given

from lcc_core.checkpoints.packed import load_compressed, pack
from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, apply, uniform_plan
from lcc_core.compression.presets import preset
from lcc_core.data.splits import Split, make_split
from lcc_core.data.stored import band_statistics, fingerprint
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled, CheckpointError, DataError
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measure import bit_figures
from lcc_core.models import compressible_layers, weight_of
from lcc_core.results import measured
from lcc_core.results.measured import cached_measurement, estimate, measure_anew, measure_plan
from lcc_core.results.table import own_rows
from lcc_core.training import make_recipe, train
from lcc_core.training.start import Start
from lcc_core.workspace import Workspace


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
    first = measure_plan(Workspace(home, [tiles]), checkpoint, plan)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    workspace = Workspace(home, [tiles])
    monkeypatch.setattr(measured, "measure", refuse)
    assert measure_plan(workspace, checkpoint, plan) == first
    assert measure_plan(workspace, checkpoint, replace(plan, method="other")) == first
    for work, one, part in (
        (measure_plan, plan, "validation"),
        (measure_plan, uniform_plan(checkpoint.model(), 3), "test"),
        (measure_anew, plan, "test"),
    ):
        with pytest.raises(AssertionError, match="measured again"):
            work(workspace, checkpoint, one, part)


def test_damaged_row_is_measured_again(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 2)
    first = measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    path = measured._path(home, checkpoint, plan, "test", "auto")
    for content in ("", "[]", "{}", path.read_text()[:50]):
        path.write_text(content)
        assert cached_measurement(home, checkpoint, plan) is None
    again = measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    assert again.bytes == pytest.approx(first.bytes, rel=0.01)
    same = {"latency_ms": None, "measured": "", "bytes": 0, "real_ratio": 0.0}
    assert replace(again, **same) == replace(first, **same)


def test_figures(home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    plan = uniform_plan(checkpoint.model(), 4, 1.0)
    row = measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    compressed = apply(checkpoint.model(), plan)
    assert row.tiles == len(split.test) == sum(map(sum, row.confusion))
    assert row.interval[0] <= row.oa <= row.interval[1]
    assert row.oa == pytest.approx(np.trace(row.confusion_array()) / row.tiles)
    assert row.aa == pytest.approx(np.mean(row.recall))
    assert row.average_bits == 4 and row.nominal_ratio == 8
    assert row.pruned is not None and 0.5 < row.pruned <= row.sparsity < 1
    assert row.zeros_free_ratio == pytest.approx(8 / (1 - row.pruned))
    assert row.bytes == pytest.approx(len(pack(compressed, row.for_header())), rel=0.01)
    assert row.real_ratio == checkpoint.bytes / row.bytes
    assert row.float_bytes == checkpoint.bytes
    assert row.parameters == sum(p.numel() for p in compressed.model.parameters())
    assert (row.checkpoint, row.plan, row.data) == (checkpoint.id, plan.id, "tiny")


def test_float_model(home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    row = measure_plan(Workspace(home, [tiles]), checkpoint, Plan({}))
    assert row.average_bits == 32 and row.nominal_ratio == 1
    assert row.oa == checkpoint.accuracy["test"]["oa"]


def test_cancel_leaves_no_row(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 7)
    with pytest.raises(Cancelled):
        measure_plan(
            Workspace(home, [tiles]), checkpoint, plan, hooks=Hooks(should_stop=lambda: True)
        )
    assert cached_measurement(home, checkpoint, plan) is None


def test_foreign_tiles(checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    again = checkpoint_split(checkpoint, tiles)
    np.testing.assert_array_equal(again.test, split.test)
    with pytest.raises(DataError, match="not those checkpoint"):
        checkpoint_split(checkpoint, replace(tiles, fingerprint="other"))


def test_estimate(checkpoint: Checkpoint, tiles: TileSet, split: Split) -> None:
    """It is of test tiles, which no honest search has seen, and says so where one has."""
    plan = uniform_plan(checkpoint.model(), 4)
    compressed = apply(checkpoint.model(), plan)
    few = estimate(compressed, tiles, split, 5)
    assert few.tiles == 5 and few.interval[0] <= few.oa <= few.interval[1]
    assert few.where == f"5 of the {len(split.test)} test tiles" and not few.flatters
    whole = estimate(compressed, tiles, split, 1000)
    right = predict(compressed.model, tiles, split.test) == tiles.labels[split.test]
    assert whole.tiles == len(split.test) and whole.oa == pytest.approx(right.mean())
    for facts, flatters in (
        ({"part": "validation"}, False),
        ({"part": "test"}, True),
        ({"protocol": "paper"}, True),
    ):
        chosen = apply(checkpoint.model(), replace(plan, facts=facts))
        told = estimate(chosen, tiles, split, 5)
        assert told.flatters is flatters and ("flatters" in told.where) is flatters


def counted(checkpoint: Checkpoint, k: float) -> tuple[int, int]:
    """Weights below k·σ of their layer, and all, by sums of squares."""
    gone = every = 0
    model = checkpoint.model()
    for layer in compressible_layers(model):
        w = weight_of(model, layer.name).detach().double().numpy().ravel()
        sigma = np.sqrt((w * w).sum() / len(w) - (w.sum() / len(w)) ** 2)
        gone += int((np.abs(w) < k * sigma).sum())
        every += len(w)
    return gone, every


@pytest.mark.parametrize(
    ("bits", "k"), [(2, 0.0), (3, 0.0), (2, 0.5), (4, 1.0), (32, 0.5), (1, 0.5)]
)
def test_only_masked_weights_are_free(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split, bits: int, k: float
) -> None:
    """What rounding makes 0 was not pruned: at 2 bits, with one scale a layer, that is most."""
    plan = uniform_plan(checkpoint.model(), bits, k, preset("papers").quantizer)
    row = measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    gone, every = counted(checkpoint, k)
    each = np.log2(3) if bits == 1 else bits
    assert row.pruned == pytest.approx(gone / every, abs=2 / every)
    assert row.average_bits == pytest.approx(each)
    assert row.nominal_ratio == pytest.approx(32 / each)
    assert row.zeros_free_ratio == pytest.approx(32 / (each * (1 - gone / every)), rel=1e-3)
    if not k:
        assert row.zeros_free_ratio == row.nominal_ratio and row.sparsity > 0.3 * (bits == 2)


def test_one_bit_that_is_not_pruned_is_one_bit(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    row = measure_plan(Workspace(home, [tiles]), checkpoint, uniform_plan(checkpoint.model(), 1))
    assert row.sparsity == row.pruned == 0


def test_zeros_of_the_float_weights_were_pruned(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    """A checkpoint that was pruned and trained on: its plan prunes nothing more."""
    start = Start(checkpoint.id, k=0.5)
    recipe = make_recipe("compact", epochs=1, batch=8, start=start)
    sparse = train(recipe, tiles, split, home, "cpu")
    gone, every = counted(checkpoint, 0.5)
    papers = preset("papers").quantizer
    for plan in (Plan({}), uniform_plan(sparse.model(), 1, 0, papers, recalibrate=8)):
        row = measure_plan(Workspace(home, [tiles]), sparse, plan)
        assert row.pruned is not None
        assert row.pruned == pytest.approx(gone / every, abs=2 / every) and row.pruned > 0.2
        assert row.zeros_free_ratio == pytest.approx(row.nominal_ratio / (1 - row.pruned))
    assert row.sparsity == pytest.approx(row.pruned)


@pytest.mark.parametrize(("bits", "k"), [(2, 0.0), (4, 0.5), (1, 0.5), (32, 1.0)])
def test_a_packed_file_gives_the_figures_of_its_row(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split, bits: int, k: float
) -> None:
    plan = uniform_plan(checkpoint.model(), bits, k)
    compressed = apply(checkpoint.model(), plan)
    row = measure_plan(Given(home, tiles, compressed), checkpoint, plan)
    again = load_compressed(pack(compressed, row.for_header()))
    assert again.pruned == compressed.pruned
    figures = bit_figures(again)
    assert figures == {name: getattr(row, name) for name in figures}


def test_a_file_without_counts_knows_not_what_was_pruned(checkpoint: Checkpoint) -> None:
    compressed = apply(checkpoint.model(), uniform_plan(checkpoint.model(), 4, 0.5))
    old = load_compressed(pack(replace(compressed, pruned=None)))
    assert old.pruned is None
    figures = bit_figures(old)
    assert figures["pruned"] is None and figures["zeros_free_ratio"] is None
    assert figures["nominal_ratio"] == 8
    # More than there are zeros cannot have been pruned.
    wrong = (compressed.pruned or {}) | {"head": weight_of(compressed.model, "head").numel() + 1}
    with pytest.raises(CheckpointError, match="count of pruned weights"):
        load_compressed(pack(replace(compressed, pruned=wrong)))


def test_both_parts_are_measured_at_once(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 3)
    row = measure_plan(Workspace(home, [tiles]), checkpoint, plan)
    model = apply(checkpoint.model(), plan).model
    for part, share, count in (
        ("test", row.oa, row.tiles),
        ("validation", row.validation_oa, row.validation_tiles),
    ):
        ids = split.part(part)
        right = sum(
            int(predict(model, tiles, ids[i : i + 1])[0] == tiles.labels[ids[i]])
            for i in range(len(ids))
        )
        assert (share, count) == (pytest.approx(right / len(ids)), len(ids))
    alone = measure_plan(Workspace(home, [tiles]), checkpoint, plan, part="validation")
    assert (alone.validation_oa, alone.validation_tiles) == (alone.oa, alone.tiles)
    assert alone.oa == row.validation_oa
    papers = make_split(tiles, "80/20", select_on="test")
    without = measure_anew(Given(home, tiles, split=papers), checkpoint, plan)
    assert without.validation_oa is None and without.validation_tiles == 0


def test_a_plan_found_without_test_tiles_takes_the_mark_off(
    home: Home, checkpoint: Checkpoint, tiles: TileSet, split: Split
) -> None:
    plan = uniform_plan(checkpoint.model(), 6)

    def marks() -> list[str]:
        return [row.chosen_on for row in own_rows(home) if row.measurement.plan == plan.id]

    flattering = replace(plan, method="laq", facts={"select_on": "test", "part": "test"})
    honest = replace(plan, method="laq", facts={"select_on": "validation", "part": "validation"})
    first = measure_plan(Workspace(home, [tiles]), checkpoint, flattering)
    assert marks() == ["test"]
    assert measure_plan(Workspace(home, [tiles]), checkpoint, honest) == first
    assert marks() == ["validation"]
    assert measure_plan(Workspace(home, [tiles]), checkpoint, flattering) == first
    assert marks() == ["validation"]
