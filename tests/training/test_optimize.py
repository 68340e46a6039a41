"""The plateau schedule: what it follows, and which way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import make_tiles
from torch import nn

from lcc_core.checkpoints.store import checkpoint_id
from lcc_core.data.splits import Split, make_split
from lcc_core.data.stored import fingerprint
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.measure.evaluate import logits
from lcc_core.training import make_recipe, train
from lcc_core.training.distil import Distil
from lcc_core.training.optimize import Stepper
from lcc_core.training.recipe import Recipe

PATIENCE = 10  # epochs without a fall that the rate stands


def uneven() -> TileSet:
    """12, 9, 6 and 5 tiles of the four classes."""
    tiles = make_tiles()
    kept = np.concatenate(
        [np.flatnonzero(tiles.labels == c)[:n] for c, n in enumerate((12, 9, 6, 5))]
    )
    images, labels = tiles.images[kept], tiles.labels[kept]
    mark = fingerprint(images, labels, tiles.class_names)
    return replace(tiles, images=images, labels=labels, fingerprint=mark)


def recipe(**changes: Any) -> Recipe:
    chosen: dict[str, Any] = {
        "epochs": 3,
        "batch": 8,
        "optimizer": "sgd",
        "schedule": "plateau",
        "rate": 0.05,
    }
    chosen["label_smoothing"] = 0.0
    return make_recipe("compact", **chosen | changes)


def stepper() -> Stepper:
    return Stepper(nn.Linear(2, 2), recipe(), 1)


def test_a_falling_loss_leaves_the_rate_alone() -> None:
    one = stepper()
    for epoch in range(40):
        one.end_epoch(10 - 0.2 * epoch)
    assert one.rate == 0.05


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_a_loss_that_does_not_fall_divides_the_rate_by_ten(slope: float) -> None:
    one = stepper()
    for epoch in range(PATIENCE + 1):
        one.end_epoch(2 + slope * epoch)
        assert one.rate == 0.05
    one.end_epoch(2 + slope * (PATIENCE + 1))
    assert one.rate == pytest.approx(0.005)


def spelled_out(answers: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    """Cross-entropy in which a tile counts as its class weighs."""
    shifted = answers - answers.max(1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
    return float((weights[labels] * losses).sum() / weights[labels].sum())


def followed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Stepper, float]]:
    """Every value that a schedule is told at the end of an epoch."""
    told: list[tuple[Stepper, float]] = []
    plain = Stepper.end_epoch

    def end_epoch(self: Stepper, loss: float) -> None:
        told.append((self, loss))
        plain(self, loss)

    monkeypatch.setattr(Stepper, "end_epoch", end_epoch)
    return told


@pytest.mark.parametrize("weighted", [False, True])
def test_it_follows_the_validation_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weighted: bool
) -> None:
    tiles = uneven()
    split = make_split(tiles)
    told = followed(monkeypatch)
    made = train(recipe(class_weights=weighted), tiles, split, Home.find(tmp_path), "cpu")
    values = [loss for _, loss in told]
    assert values == [row["validation_loss"] for row in made.log]
    assert values != [row["loss"] for row in made.log]
    counts = np.bincount(tiles.labels[split.train], minlength=4)
    # Classes weigh as N/(C·n): all together as much as without weights.
    weights = len(split.train) / (4 * counts) if weighted else np.ones(4)
    answers = logits(made.model(), tiles, split.validation).double().numpy()
    labels = tiles.labels[split.validation]
    assert values[-1] == pytest.approx(spelled_out(answers, labels, weights), rel=1e-4)
    right = (answers.argmax(1) == labels).mean()
    assert made.log[-1]["validation_accuracy"] == pytest.approx(right)
    assert made.made["plateau"] == "validation loss"


def test_without_a_validation_part_it_follows_the_training_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = uneven()
    told = followed(monkeypatch)
    split = make_split(tiles, "80/20", select_on="test")
    made = train(recipe(), tiles, split, Home.find(tmp_path), "cpu")
    assert [loss for _, loss in told] == [row["loss"] for row in made.log]
    assert "validation_loss" not in made.log[0] and made.made["plateau"] == "training loss"


def test_a_peer_follows_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = followed(monkeypatch)
    tiles = uneven()
    what = recipe(distil=Distil("online", "compact"))
    made = train(what, tiles, make_split(tiles), Home.find(tmp_path), "cpu")
    own, peer = told[0::2], told[1::2]
    assert len({id(one) for one, _ in own}) == len({id(one) for one, _ in peer}) == 1
    assert [loss for _, loss in own] == [row["validation_loss"] for row in made.log]
    assert all(a != b for (_, a), (_, b) in zip(own, peer, strict=True))


def test_the_validation_pass_changes_nothing_else(tmp_path: Path) -> None:
    """Weights are the same whether there are validation tiles to look at or not."""
    tiles = uneven()
    split = make_split(tiles)
    blind = Split("64/16/20", 0, split.train, split.validation[:0], split.test)
    one, other = (
        train(recipe(schedule="constant"), tiles, part, Home.find(tmp_path / name), "cpu")
        for name, part in (("one", split), ("other", blind))
    )
    assert "plateau" not in one.made
    a, b = one.model().state_dict(), other.model().state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_only_plateau_recipes_have_another_identity() -> None:
    split = {"protocol": "64/16/20", "seed": 0}
    plain = recipe(schedule="constant").to_json()
    before = checkpoint_id(plain, "f", split)
    assert checkpoint_id(plain | {"schedule": "plateau"}, "f", split) != before
