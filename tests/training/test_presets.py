"""The papers' recipes: their values by literal figures, and a source for each of them."""

from __future__ import annotations

import runpy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny import make_tiles
from torch import nn

from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train
from lcc_core.training.batches import affine, augment
from lcc_core.training.optimize import Stepper
from lcc_core.training.presets import KINDS, PAPERS, PRESETS, SOURCES
from lcc_core.training.recipe import UNSOURCED, Recipe, explain

DOCS = Path(__file__).parents[2] / "docs"


def test_remotetrimmer_is_the_authors_recipe() -> None:
    recipe = make_recipe("resnet18", "remotetrimmer-paper", tiles=18_900)
    assert (recipe.epochs, recipe.batch, recipe.optimizer, recipe.rate) == (160, 64, "sgd", 0.01)
    assert (recipe.momentum, recipe.weight_decay, recipe.clip, recipe.augment) == (0, 0, 0, False)
    assert (recipe.schedule, recipe.milestones, recipe.gamma) == ("step", (0.5, 0.75), 0.1)
    assert recipe.label_smoothing == 0 and not recipe.class_weights


def test_the_rate_drops_at_half_and_at_three_quarters(tmp_path: Path) -> None:
    tiles = make_tiles()
    recipe = make_recipe("compact", "remotetrimmer-paper", epochs=8, batch=16)
    made = train(recipe, tiles, make_split(tiles), Home.find(tmp_path), "cpu")
    rates = [row["rate"] for row in made.log]
    assert rates == pytest.approx([1e-2] * 4 + [1e-3] * 2 + [1e-4] * 2)


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [(1, [1.0]), (2, [1.0, 0.1]), (3, [1.0, 1.0, 0.01]), (4, [1, 1, 0.1, 0.01])],
)
def test_short_runs_begin_at_the_whole_rate(epochs: int, expected: list[float]) -> None:
    recipe = make_recipe("compact", "remotetrimmer-paper", epochs=epochs, rate=1.0)
    stepper, rates = Stepper(nn.Linear(2, 2), recipe, 3), []
    for _ in range(epochs):
        rates.append(stepper.rate)
        stepper.step(stepper.model(torch.ones(1, 2)).sum())
        stepper.end_epoch(0.0)
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(("clip", "moved"), [(0.0, 30.0), (3.0, 3.0), (1000.0, 30.0)])
def test_gradients_are_clipped_only_where_asked_for(clip: float, moved: float) -> None:
    layer = nn.Linear(1, 1, bias=False)
    before = layer.weight.item()
    recipe = Recipe(
        "compact", optimizer="sgd", rate=1.0, momentum=0, weight_decay=0, schedule="constant",
        clip=clip,
    )  # fmt: skip
    Stepper(layer, recipe, 1).step(30 * layer(torch.ones(1, 1)).sum())
    assert before - layer.weight.item() == pytest.approx(moved, rel=1e-4)


@pytest.mark.parametrize("norms", [False, True])
def test_what_decays(norms: bool) -> None:
    """One step of SGD without a gradient shrinks a decayed weight by rate × decay."""
    net: Any = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    nn.init.ones_(net[0].bias)
    recipe = Recipe(
        "compact", optimizer="sgd", rate=0.5, momentum=0, weight_decay=0.2, schedule="constant",
        decay_norms=norms,
    )  # fmt: skip
    before = net[0].weight.detach().clone()
    nothing = torch.stack([0 * p.sum() for p in net.parameters()]).sum()
    Stepper(net, recipe, 1).step(nothing)
    torch.testing.assert_close(net[0].weight, 0.9 * before)
    kept = 0.9 if norms else 1.0
    torch.testing.assert_close(net[0].bias, torch.full((2,), kept))
    torch.testing.assert_close(net[1].weight, torch.full((2,), kept))


def test_later_settings_leave_earlier_recipes_as_they_were() -> None:
    """Their hash names checkpoints that were trained before."""
    assert sorted(make_recipe("compact", epochs=3).to_json()) == [
        "arch", "augment", "batch", "class_weights", "epochs", "label_smoothing", "momentum",
        "optimizer", "preset", "rate", "schedule", "seed", "warmup", "weight_decay", "weights",
    ]  # fmt: skip
    other = make_recipe("compact", milestones=(0.25, 0.9), clip=0.0, augmentation="affine")
    assert Recipe.from_json(other.to_json()) == other
    assert other.to_json()["milestones"] in ([0.25, 0.9], (0.25, 0.9))


@pytest.mark.parametrize(
    "wrong",
    [
        {"milestones": (0.5, 0.5)}, {"milestones": (0.0,)}, {"milestones": (0.9, 0.5)},
        {"gamma": 0.0}, {"gamma": 1.0}, {"clip": -1.0}, {"augmentation": "crop"},
        {"schedule": "steps"},
    ],
)  # fmt: skip
def test_settings_out_of_range(wrong: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        make_recipe("compact", **wrong)


def test_flips_alone_never_turn_a_tile() -> None:
    """A tile that differs along its columns alone keeps equal rows, unless it is turned."""
    batch = torch.arange(6, dtype=torch.uint8).expand(16, 3, 6, 6).contiguous()
    assert (augment(batch, "flips").float().std(2) == 0).all()
    turned = augment(batch, "dihedral").float().std(2).amax((1, 2)) > 0
    assert turned.sum() == 8


def test_affine_moves_tiles_a_little_and_each_in_its_own_way() -> None:
    ramp = np.tile(np.linspace(20, 200, 32), (32, 1)).astype(np.uint8)
    batch = torch.from_numpy(ramp).expand(8, 3, 32, 32).contiguous()
    torch.manual_seed(1)
    moved = affine(batch)
    assert moved.dtype == torch.uint8 and moved.shape == batch.shape
    assert len({tile.numpy().tobytes() for tile in moved}) == 8
    gap = (moved.float() - batch.float())[:, :, 10:22, 10:22].abs().max()
    assert 2 < gap < 90  # at most a tenth of the side, 15° and a tenth of zoom near the middle
    assert moved.min() >= 20 and moved.max() <= 200  # mirrored, not filled with zeros
    torch.manual_seed(1)
    assert torch.equal(affine(batch), moved)
    still = affine(torch.full((4, 3, 8, 8), 7, dtype=torch.uint8))
    assert (still == 7).all()


@pytest.mark.parametrize("preset", PAPERS)
def test_every_value_has_a_source(preset: str) -> None:
    found = SOURCES[preset]
    assert set(PRESETS[preset]) <= set(found)
    needed = {"clip", "decay_norms", "augment", "weights", "resize", "split", "kept weights"}
    assert needed | {"biases and norms"} <= set(found)
    assert all(one.kind in KINDS and one.where for one in found.values())
    rows = {row["name"]: row for row in explain(make_recipe("resnet18", preset))}
    fields = set(asdict(make_recipe("resnet18"))) - set(UNSOURCED)
    assert all(rows[name]["value"] for name in rows)
    assert all(found[name].value for name in set(found) - fields)  # no recipe tells it
    assert rows["epochs"]["value"] == str(PRESETS[preset]["epochs"])
    changed = {r["name"]: r for r in explain(make_recipe("resnet18", preset, epochs=7))}
    assert (changed["epochs"]["value"], changed["epochs"]["kind"]) == ("7", "chosen")


def test_the_page_of_presets_is_what_the_code_says() -> None:
    text = runpy.run_path(str(DOCS / "make_presets.py"))["text"]()
    assert (DOCS / "PRESETS.md").read_text() == text, "run: python docs/make_presets.py"
    for key in PAPERS.values():
        assert f"[{key}]" in (DOCS / "REFERENCES.md").read_text()
