"""Predictions: those that the measurement was made of, computed once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from given import Given

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, uniform_plan
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled
from lcc_core.files import Home
from lcc_core.hooks import Hooks
from lcc_core.measure.metrics import confusion_matrix
from lcc_core.results import predicted
from lcc_core.results.measured import measure_plan
from lcc_core.results.predicted import cached_predictions, predictions
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace

Made = tuple[Home, Checkpoint, TileSet, Split]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tile_folder) -> Made:
    home = Home.find(tmp_path_factory.mktemp("predicted"))
    tiles = import_tiles("tiny", tile_folder, home)
    split = make_split(tiles)
    return home, train(make_recipe("compact", epochs=2, batch=8), tiles, split, home), tiles, split


@pytest.fixture
def plan(made: Made) -> Plan:
    return uniform_plan(made[1].model(), 3, recalibrate=16)


def test_they_are_what_was_measured(made: Made, plan: Plan) -> None:
    home, checkpoint, tiles, split = made
    for part in ("test", "validation"):
        found = predictions(Workspace(home, [tiles]), checkpoint, plan, part)
        row = measure_plan(Workspace(home, [tiles]), checkpoint, plan, part)
        np.testing.assert_array_equal(found.ids, split.part(part))
        matrix = confusion_matrix(tiles.labels[found.ids], found.answers, len(tiles.class_names))
        np.testing.assert_array_equal(matrix, row.confusion_array())
        assert found.answers.dtype == np.int64 and found.probability.dtype == np.float32
        # The likeliest of four classes has a quarter or more.
        assert (found.probability >= 0.25).all() and (found.probability <= 1).all()


def test_they_are_computed_once(made: Made, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    home, checkpoint, tiles, split = made
    first = predictions(Workspace(home, [tiles]), checkpoint, plan)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(predicted, "logits", refuse)
    again = predictions(Workspace(home, [tiles]), checkpoint, replace(plan, method="other"))
    np.testing.assert_array_equal(again.answers, first.answers)
    np.testing.assert_array_equal(again.probability, first.probability)
    stored = cached_predictions(home, checkpoint, plan)
    assert stored is not None
    np.testing.assert_array_equal(stored.ids, split.test)
    for other in (
        replace(checkpoint, created="later"),
        replace(checkpoint, id="0" * 12),
    ):
        assert cached_predictions(home, other, plan) is None
    assert cached_predictions(home, checkpoint, Plan({})) is None
    assert cached_predictions(home, checkpoint, plan, "train") is None
    with pytest.raises(AssertionError, match="computed again"):  # another part of other tiles
        predictions(Given(home, tiles, split=replace(split, test=split.test[1:])), checkpoint, plan)


def test_damaged_files_are_computed_again(made: Made, plan: Plan) -> None:
    home, checkpoint, tiles, _split = made
    first = predictions(Workspace(home, [tiles]), checkpoint, plan)
    path = predicted._path(home, checkpoint, plan, "test", "auto")
    sound = path.read_bytes()
    for content in (b"", b"{}", sound[:200], sound[:-30]):
        path.write_bytes(content)
        assert cached_predictions(home, checkpoint, plan) is None
    for place in range(0, len(sound), 3):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x55]) + sound[place + 1 :])
        found = cached_predictions(home, checkpoint, plan)
        # A flipped date or flag of the archive changes nothing; a flipped answer is found out.
        assert found is None or np.array_equal(found.answers, first.answers)
    arrays = {"ids": first.ids, "answers": first.answers, "probability": first.probability}
    for wrong in (
        {"answers": first.answers[:-1]},
        {"answers": first.answers + 4},
        {"answers": first.answers.astype(np.int32)},
        {"probability": first.probability + 1},
        {"ids": np.array([{}] * len(first.ids))},  # would need unpickling
    ):
        np.savez(path, **(arrays | wrong))
        assert cached_predictions(home, checkpoint, plan) is None
    again = predictions(Workspace(home, [tiles]), checkpoint, plan)
    np.testing.assert_array_equal(again.answers, first.answers)
    assert path.read_bytes() != b"" and cached_predictions(home, checkpoint, plan) is not None
    assert [file.suffix for file in home.predictions.iterdir()].count(".part") == 0


def test_progress_and_cancel(made: Made) -> None:
    home, checkpoint, tiles, split = made
    plan, seen = uniform_plan(checkpoint.model(), 5), []
    with pytest.raises(Cancelled):
        predictions(
            Workspace(home, [tiles]), checkpoint, plan, hooks=Hooks(should_stop=lambda: True)
        )
    assert cached_predictions(home, checkpoint, plan) is None
    predictions(Workspace(home, [tiles]), checkpoint, plan, hooks=Hooks(seen.append))
    assert seen[-1].done == seen[-1].total == len(split.test)
