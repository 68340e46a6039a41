"""Answers of a classifier: of the right tiles, in order, and the network as it was after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import NAMES, lived_in, make_tiles

from lcc_core.data.splits import make_split
from lcc_core.errors import Cancelled
from lcc_core.hooks import Hooks, Progress
from lcc_core.measure.evaluate import accuracies, accuracy, logits, predict
from lcc_core.models import Classifier
from lcc_core.models.device import Compute

TILES = make_tiles()
IDS = np.array([3, 40, 17, 0, 25, 9, 33])


@pytest.fixture(scope="module")
def model() -> Classifier:
    return lived_in()


@torch.no_grad()
def one_by_one(model: Classifier, ids: np.ndarray) -> torch.Tensor:
    images = torch.from_numpy(TILES.images).permute(0, 3, 1, 2)
    return torch.cat([model(images[i : i + 1]) for i in ids])


@pytest.mark.parametrize("batch", [1, 2, 7, 100])
def test_logits_of_each_tile_whatever_the_batch(model: Classifier, batch: int) -> None:
    got = logits(model, TILES, IDS, Compute(precision="float32", batch=batch))
    torch.testing.assert_close(got, one_by_one(model, IDS), rtol=1e-4, atol=1e-4)
    assert got.dtype == torch.float32 and got.shape == (7, 4)
    answers = predict(model, TILES, IDS, Compute(precision="float32", batch=batch))
    assert answers.tolist() == one_by_one(model, IDS).argmax(1).tolist()


def test_it_evaluates_and_leaves_the_mode_as_it_was(model: Classifier) -> None:
    seen = []
    hook = model.register_forward_pre_hook(lambda module, _: seen.append(module.training))
    try:
        for mode in (True, False):
            model.train(mode)
            logits(model, TILES, IDS)
            assert model.training is mode
        model.train()
        with pytest.raises(Cancelled):
            logits(model, TILES, IDS, hooks=Hooks(should_stop=lambda: True))
        assert model.training
    finally:
        hook.remove()
        model.eval()
    assert seen and not any(seen)


def test_it_tells_how_far_it_is_and_stops_between_batches(model: Classifier) -> None:
    told: list[Progress] = []
    logits(model, TILES, IDS, Compute(batch=3), Hooks(told.append))
    assert [(one.done, one.total) for one in told] == [(3, 7), (6, 7), (7, 7)]
    asked: list[int] = []
    stop = Hooks(should_stop=lambda: asked.append(1) or len(asked) > 2)
    with pytest.raises(Cancelled):
        logits(model, TILES, IDS, Compute(batch=3), stop)
    assert len(asked) == 3


def test_accuracy_is_the_share_of_right_answers(model: Classifier) -> None:
    answers = one_by_one(model, np.arange(48)).argmax(1).numpy()
    right = int((answers == TILES.labels).sum())
    assert 0 < right < 48 and accuracy(model, TILES, np.arange(48)) == pytest.approx(right / 48)


def test_accuracies_of_both_parts(model: Classifier) -> None:
    parts = {"train": np.arange(9), "validation": np.arange(9, 20), "test": np.arange(20, 48)}
    split = replace(
        make_split(TILES), train=parts["train"], validation=parts["validation"], test=parts["test"]
    )
    found = accuracies(model, TILES, split)
    assert set(found) == {"validation", "test"}
    for part, row in found.items():
        ids = parts[part]
        answers = one_by_one(model, ids).argmax(1).numpy()
        assert row["oa"] == pytest.approx((answers == TILES.labels[ids]).mean())
        assert row["tiles"] == len(ids) and row["precision"] in ("float32", "bf16")
        assert set(row) == {"oa", "tiles", "precision"}
    empty = replace(split, validation=np.arange(0))
    assert set(accuracies(model, TILES, empty)) == {"test"}
    assert len(NAMES) == 4
