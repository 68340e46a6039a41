"""Prune, fine-tune, repeat, and the result beside what it came from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import make_tiles, spec

from lcc_core.channels import ChannelPruning, channel_groups
from lcc_core.channels.prune import prune_channels
from lcc_core.channels.schedule import Schedule
from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.compression import uniform_plan
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled, LccError, ModelError
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.results.against import compare, layer_widths
from lcc_core.results.coreset_results import trained
from lcc_core.results.lineage import epochs
from lcc_core.results.measured import measure_plan
from lcc_core.results.table import flat, own_rows
from lcc_core.training import make_recipe, train
from lcc_core.training.distil import Distil
from lcc_core.training.finetuned import (
    FineTuning,
    Pruned,
    prune_and_tune_channels,
    prune_and_tune_weights,
)
from lcc_core.workspace import Workspace


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    return make_tiles()


@pytest.fixture(scope="module")
def split(tiles: TileSet) -> Split:
    return make_split(tiles)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.find(tmp_path_factory.mktemp("finetuned"))


@pytest.fixture(scope="module")
def source(tiles: TileSet, split: Split, home: Home) -> Checkpoint:
    return train(make_recipe("compact", epochs=3, batch=8), tiles, split, home, "cpu")


def how(**changes: object) -> FineTuning:
    settings = {"epochs": 3, "attention_epochs": 1, "recipe": {"batch": 8}} | changes
    return FineTuning(**settings)


@pytest.fixture
def prune(tiles: TileSet, split: Split, home: Home, source: Checkpoint):
    def run(pruning: ChannelPruning, tuning: FineTuning, hooks: Hooks = QUIET) -> Pruned:
        return prune_and_tune_channels(
            Workspace(home, [tiles]), source, pruning, tuning, "cpu", hooks
        )

    return run


def test_attention_comes_first_and_is_shared(prune, home: Home) -> None:
    reports: list[Progress] = []
    made = prune(ChannelPruning("attention", 0.5), how(), hooks=Hooks(reports.append))
    assert made.attended and made.attended.recipe["attention"]
    assert made.result.recipe["start"]["checkpoint"] == made.attended.id
    assert made.result.spec.channels["stem.0"] == (3, 16)
    assert [r.done for r in reports] == sorted(r.done for r in reports)
    assert reports[-1].done == reports[-1].total == 4000
    assert reports[-1].figures["epoch"] == 4
    narrower = prune(ChannelPruning("attention", 0.75, floor=1), how())
    assert narrower.attended.created == made.attended.created
    assert narrower.attended.id == made.attended.id
    # Low γ·s̄ go: what is kept is what the attended model ranks highest.
    chosen = prune_channels(made.attended.model(), ChannelPruning("norm", 0.5)).model
    start = made.result.recipe["start"]["cut"]
    assert start["criterion"] == "attention" and chosen.spec == made.result.spec


def test_criteria_can_be_compared_at_equal_training(prune, home: Home, source: Checkpoint) -> None:
    """What has no gates is trained on, plain, for as long and by the same schedule."""
    reports: list[Progress] = []
    tuning = how(attention_epochs=2, source_epochs=2)
    gated = prune(ChannelPruning("attention", 0.5), tuning)
    plain = prune(ChannelPruning("norm", 0.5), tuning, hooks=Hooks(reports.append))
    other = prune(ChannelPruning("l1", 0.5), tuning)
    assert plain.attended is None and gated.continued is None
    assert plain.continued and other.continued.created == plain.continued.created
    assert plain.result.recipe["start"]["checkpoint"] == plain.continued.id
    assert plain.continued.recipe["start"] == {"checkpoint": source.id}
    differ = {"attention"}
    one, two = plain.continued.recipe, gated.attended.recipe
    assert {k: v for k, v in two.items() if k not in differ} == one
    assert reports[-1].done == reports[-1].total == 5000
    known = {c.id: c for c in list_checkpoints(home)}
    fair, unfair = (
        epochs(plain.result, known),
        epochs(prune(ChannelPruning("norm", 0.5), how()).result, known),
    )
    assert (fair.plain, fair.gated, fair.tuning, fair.whole) == (5, 0, 3, True)
    attention = epochs(gated.result, known)
    assert (attention.plain, attention.gated, attention.tuning) == (3, 2, 3)
    assert attention.source == fair.source == 5 and unfair.source == 3
    del known[source.id]
    assert not epochs(plain.result, known).whole


def test_a_study_step_from_before_keeps_its_name() -> None:
    """What is not used is not said, so that steps of earlier studies are found again."""
    assert "source_epochs" not in how().to_json()
    assert how(source_epochs=2).to_json()["source_epochs"] == 2


def test_a_model_trained_with_attention_needs_no_more(
    prune, home: Home, tiles: TileSet, split: Split
) -> None:
    recipe = make_recipe("compact", epochs=1, batch=8, attention=True)
    attended = train(recipe, tiles, split, home, "cpu")
    made = prune_and_tune_channels(
        Workspace(home, [tiles]), attended, ChannelPruning(), how(epochs=1), "cpu"
    )
    assert made.attended is None
    assert made.result.recipe["start"]["checkpoint"] == attended.id


@pytest.mark.parametrize("kind", ["iterative", "multi-pass"])
def test_steps_build_on_each_other(prune, source: Checkpoint, kind: str) -> None:
    pruning = ChannelPruning("l2", 0.5, floor=1)
    made = prune(pruning, how(schedule=Schedule(kind)))
    assert len(made.steps) == 3
    parents = [step.recipe["start"]["checkpoint"] for step in made.steps]
    assert parents == [source.id, made.steps[0].id, made.steps[1].id]
    sizes = [step.bytes for step in made.steps]
    assert source.bytes > sizes[0] > sizes[1] > sizes[2]
    once = prune(pruning, how())
    # Rounding at every step may differ from rounding once by a channel a step.
    for one, other in zip(
        layer_widths(made.result.spec), layer_widths(once.result.spec), strict=True
    ):
        assert abs(one.kept - other.kept) <= (3 if kind == "multi-pass" else 0)
    assert sum(len(step.log) for step in made.steps) == len(once.result.log) == 3


def test_single_weights_follow_the_same_schedules(
    tiles: TileSet, split: Split, home: Home, source: Checkpoint
) -> None:
    made = prune_and_tune_weights(
        Workspace(home, [tiles]), source, 1.0, how(schedule=Schedule("multi-pass")), "cpu"
    )
    zeros = [
        sum(int((p == 0).sum()) for p in step.model().parameters() if p.ndim > 1)
        for step in made.steps
    ]
    assert 0 < zeros[0] < zeros[1] < zeros[2]
    assert not made.result.spec.channels
    with pytest.raises(ValueError, match="k=0"):
        prune_and_tune_weights(Workspace(home, [tiles]), source, 0, how(), "cpu")


def test_the_result_is_smaller_in_every_way_and_compresses(
    prune, tiles: TileSet, split: Split, home: Home, source: Checkpoint
) -> None:
    made = prune(ChannelPruning("norm", 0.5), how()).result
    both = compare(Workspace(home, [tiles]), source, made, runs=3)
    ratios = both.ratios()
    assert ratios["parameters"] > 3 and ratios["macs"] > 3 and ratios["bytes"] > 3
    assert all(min(pair) > 0 for pair in both.latency_ms.values())
    assert both.result.oa == made.accuracy["test"]["oa"]
    plan = uniform_plan(made.model(), 4, recalibrate=16)
    row = measure_plan(Workspace(home, [tiles]), made, plan)
    assert row.bytes < both.result.bytes / 3 and row.checkpoint == made.id
    variants = {flat(one)["checkpoint"]: flat(one)["variant"] for one in own_rows(home)}
    assert variants[made.id] == "narrowed by norm" and variants[source.id] == ""
    images = torch.from_numpy(tiles.images[:2]).permute(0, 3, 1, 2)
    assert made.model()(images).shape == (2, 4)


def test_pruned_models_are_no_seeds_of_the_plain_one(prune, home: Home, source: Checkpoint) -> None:
    prune(ChannelPruning("norm", 0.5), how())
    known = {one.checkpoint.id for one in trained(home, source)}
    assert source.id in known
    assert all(not c.how for c in list_checkpoints(home) if c.id in known)


def test_a_teacher_while_fine_tuning(prune, source: Checkpoint) -> None:
    made = prune(ChannelPruning("l1", 0.5), how(epochs=1, distil=Distil("offline", source.id)))
    assert made.result.made["teacher"]["checkpoint"] == source.id
    assert made.result.how == " (narrowed by l1, distilled)"


def test_cancelled_goes_on_where_it_was(prune, home: Home) -> None:
    pruning, tuning = ChannelPruning("random", 0.5, seed=5), how(schedule=Schedule("multi-pass"))
    seen: list[Progress] = []

    def stop() -> bool:
        return bool(seen) and seen[-1].done >= 2000

    with pytest.raises(Cancelled):
        prune(pruning, tuning, hooks=Hooks(seen.append, stop))
    first = {c.id: c.created for c in list_checkpoints(home)}
    made = prune(pruning, tuning)
    assert made.steps[0].id in first and made.steps[0].created == first[made.steps[0].id]
    assert made.result.id not in first


def test_settings(prune, tiles: TileSet, split: Split, home: Home) -> None:
    assert how().recipe_for("compact", 32, 3).rate == pytest.approx(6e-3 / 3)
    assert how(recipe={"rate": 1e-3}).recipe_for("compact", 32, 3).rate == 1e-3
    with pytest.raises(ValueError, match="recipe="):
        FineTuning(recipe={"epochs": 3})
    with pytest.raises(ValueError, match="epochs=0"):
        FineTuning(epochs=0)
    with pytest.raises(ValueError, match="epochs=3"):
        prune(ChannelPruning("l1"), how(schedule=Schedule("multi-pass", 4)))
    with pytest.raises(LccError, match="chooses the groups"):
        prune(ChannelPruning("l1", only=(channel_groups(spec()).groups[0].name,)), how())


def test_attention_without_batch_norm_is_said_at_once(tiles: TileSet, split: Split, tmp_path: Path):
    home = Home.find(tmp_path)
    larger = TileSet(
        "tiny", tiles.images.repeat(2, 1).repeat(2, 2), tiles.labels, tiles.class_names,
        tiles.mean, tiles.std, "larger",
    )  # fmt: skip
    net = train(make_recipe("convnext_tiny", epochs=1, batch=32), larger, split, home, "cpu")
    with pytest.raises(ModelError, match="no batch norm"):
        prune_and_tune_channels(
            Workspace(home, [larger]), net, ChannelPruning(), how(epochs=1), "cpu"
        )
