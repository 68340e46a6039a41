"""Training: stop, resume, divergence and the dynamics it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import make_tiles

from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.data.splits import make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled, TrainingError
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.training import make_recipe, train
from lcc_core.training.recipe import Recipe

NAMES = ("field", "forest", "lake", "town")
BATCHES = 4  # 32 training tiles, 8 a batch


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    return make_tiles()


def recipe(**changes: Any) -> Recipe:
    return make_recipe("compact", epochs=changes.pop("epochs", 3), batch=8, **changes)


def run(tiles: TileSet, root: Path, what: Recipe, **options: Any) -> Checkpoint:
    return train(what, tiles, make_split(tiles), Home.find(root), "cpu", **options)


class StopIn:
    """Stops once a batch of the given epoch is reported."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.reports = epoch, []

    def note(self, report: Progress) -> None:
        self.reports.append(report)

    def __call__(self) -> bool:
        return bool(self.reports) and self.reports[-1].figures["epoch"] >= self.epoch


def weights(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return checkpoint.model().state_dict()


def equal(one: Checkpoint, other: Checkpoint) -> None:
    a, b = weights(one), weights(other)
    assert all(torch.equal(a[name], b[name]) for name in a)
    for name, table in one.dynamics().items():
        np.testing.assert_array_equal(table, other.dynamics()[name])
    assert [row["loss"] for row in one.log] == [row["loss"] for row in other.log]


@pytest.fixture(scope="module")
def whole(tiles: TileSet, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return run(tiles, tmp_path_factory.mktemp("whole"), recipe())


def test_normalisation_is_of_the_training_part_alone(tiles: TileSet, tmp_path: Path) -> None:
    split = make_split(tiles)
    spec = run(tiles, tmp_path, recipe(epochs=1)).spec
    values = tiles.images[split.train].reshape(-1, tiles.bands) / 255
    np.testing.assert_allclose(spec.mean, values.mean(0), atol=1e-9)
    np.testing.assert_allclose(spec.std, values.std(0), atol=1e-9)
    assert not np.allclose(spec.mean, tiles.mean, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd", "schedule": "plateau", "rate": 0.05, "class_weights": True},
        {"optimizer": "sgd", "schedule": "step", "augmentation": "affine", "clip": 0.0},
    ],
)
def test_resumed_run_is_the_undisturbed_one(
    tiles: TileSet, tmp_path: Path, whole: Checkpoint, changes: dict
) -> None:
    what = recipe(**changes)
    undisturbed = run(tiles, tmp_path / "one", what) if changes else whole
    stop = StopIn(2)
    with pytest.raises(Cancelled):
        run(tiles, tmp_path / "two", what, hooks=Hooks(stop.note, stop))
    assert BATCHES < len(stop.reports) <= 2 * BATCHES
    assert not list_checkpoints(Home.find(tmp_path / "two"))
    torch.manual_seed(99)  # what happened between must not matter
    resumed = run(tiles, tmp_path / "two", what)
    assert resumed.id == undisturbed.id
    equal(resumed, undisturbed)
    assert not list(resumed.path.glob("*.pt"))


def test_damaged_resume_file_costs_only_its_epochs(
    tiles: TileSet, tmp_path: Path, whole: Checkpoint
) -> None:
    stop = StopIn(2)
    with pytest.raises(Cancelled):
        run(tiles, tmp_path, recipe(), hooks=Hooks(stop.note, stop))
    path = next(tmp_path.rglob("resume.pt"))
    path.write_bytes(path.read_bytes()[:5000])
    equal(run(tiles, tmp_path, recipe()), whole)


def test_stop_at_once(tiles: TileSet, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run(tiles, tmp_path, recipe(), hooks=Hooks(should_stop=lambda: True))


def test_divergence_is_told(tiles: TileSet, tmp_path: Path) -> None:
    wild = recipe(epochs=20, optimizer="sgd", schedule="constant", rate=50.0, weight_decay=100.0)
    with pytest.raises(TrainingError, match=r"loss became (nan|inf).*rate of 50.*Lower the rate"):
        run(tiles, tmp_path, wild)
    assert not list_checkpoints(Home.find(tmp_path))


def test_dynamics(whole: Checkpoint) -> None:
    tables = whole.dynamics()
    assert set(tables) == {"correct", "confidence", "margin", "true_margin", "logit_margin"}
    assert all(table.shape == (3, 32) for table in tables.values())
    correct, margin = tables["correct"], tables["margin"].astype(float)
    assert set(np.unique(correct)) <= {0, 1}
    np.testing.assert_array_equal(np.abs(tables["true_margin"])[correct == 1], margin[correct == 1])
    assert (tables["true_margin"][correct == 0] <= 0).all() and (margin >= 0).all()
    assert ((tables["confidence"] > 0) & (tables["confidence"] <= 1)).all()
    np.testing.assert_array_equal(tables["logit_margin"] > 0, tables["true_margin"] > 0)
    for row, log in zip(correct, whole.log, strict=True):
        assert log["train_accuracy"] == pytest.approx(row.mean())


def test_trained_before_is_returned(tiles: TileSet, whole: Checkpoint) -> None:
    again = run(tiles, whole.path.parent.parent, recipe(), hooks=Hooks(should_stop=lambda: True))
    assert again.id == whole.id and again.created == whole.created


def test_facts(tiles: TileSet, whole: Checkpoint) -> None:
    assert whole.accuracy["test"]["tiles"] == 8 and whole.accuracy["validation"]["tiles"] == 8
    assert whole.fingerprint == tiles.fingerprint and whole.spec.class_names == NAMES
    assert [row["epoch"] for row in whole.log] == [1, 2, 3]
    assert Recipe.from_json(whole.recipe) == recipe()


def test_seeds_differ(tiles: TileSet, tmp_path: Path) -> None:
    one, two = (run(tiles, tmp_path, recipe(epochs=1, seed=seed)) for seed in (0, 1))
    assert one.id != two.id
    assert not torch.equal(weights(one)["net.head.weight"], weights(two)["net.head.weight"])
