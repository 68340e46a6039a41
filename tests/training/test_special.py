"""Attention, starts from checkpoints and teachers: ordinary checkpoints, also after a kill."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import make_tiles

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.packed import load_packed, pack
from lcc_core.checkpoints.store import Checkpoint, checkpoint_id, read_checkpoint
from lcc_core.compression import Plan, apply
from lcc_core.data.splits import make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import Cancelled, CheckpointError, TrainingError
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import compressible_layers, weight_of
from lcc_core.training import make_recipe, train, train_anew
from lcc_core.training.distil import Distil
from lcc_core.training.recipe import LATER, Recipe
from lcc_core.training.start import Start


@pytest.fixture(scope="module")
def tiles() -> TileSet:
    return make_tiles()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("special")


@pytest.fixture(scope="module")
def source(tiles: TileSet, root: Path) -> Checkpoint:
    return run(tiles, root, recipe(epochs=3))


def recipe(**changes: object) -> Recipe:
    return make_recipe("compact", epochs=changes.pop("epochs", 2), batch=8, **changes)


def run(tiles: TileSet, root: Path, what: Recipe, hooks: Hooks = QUIET) -> Checkpoint:
    return train(what, tiles, make_split(tiles), Home.find(root), "cpu", hooks)


class StopIn:
    """Stops once a batch of the second epoch is reported."""

    seen = 0.0

    def note(self, report: Progress) -> None:
        self.seen = report.figures["epoch"]

    def __call__(self) -> bool:
        return self.seen >= 2


def variants(source: str) -> dict[str, Recipe]:
    start = Start(source)
    return {
        "attention": recipe(attention=True),
        "mining": recipe(loss="mining-wide"),
        "start": recipe(start=start),
        "cut": recipe(start=Start(source, ChannelPruning("norm", 0.5))),
        "attended cut": recipe(start=Start(source, ChannelPruning("l1", 0.5)), attention=True),
        "k": recipe(start=Start(source, k=1.0)),
        "offline": recipe(distil=Distil("offline", source)),
        "online": recipe(distil=Distil("online", "compact", 2.0, 0.3)),
        "online from a checkpoint": recipe(distil=Distil("online", source)),
        "self": recipe(distil=Distil("self", weight=0.7)),
        "all": recipe(
            start=Start(source, ChannelPruning("l2", 0.4)),
            distil=Distil("offline", source),
            loss="mining",
        ),
    }


@pytest.mark.parametrize("name", list(variants("x")))
def test_killed_and_resumed_is_undisturbed(
    tiles: TileSet, root: Path, source: Checkpoint, name: str
) -> None:
    what = variants(source.id)[name]
    stop = StopIn()
    with pytest.raises(Cancelled):
        run(tiles, root, what, hooks=Hooks(stop.note, stop))
    torch.manual_seed(99)  # what happened between must not matter
    resumed = run(tiles, root, what)
    one = resumed.model().state_dict()
    # In the same place.
    whole = train_anew(what, tiles, make_split(tiles), Home.find(root), "cpu")
    assert resumed.id == whole.id and not list(resumed.path.glob("*.pt"))
    other = whole.model().state_dict()
    assert all(torch.equal(one[key], other[key]) for key in other)
    assert [r["loss"] for r in resumed.log] == [r["loss"] for r in whole.log]
    assert resumed.made == whole.made
    assert Recipe.from_json(whole.recipe) == what
    again = read_checkpoint(whole.path)
    assert again.made == whole.made and again.spec == whole.spec
    packed = load_packed(pack(apply(whole.model(), Plan({}))))
    assert packed.spec == whole.spec


def test_every_variant_has_an_identity_of_its_own(tiles: TileSet, source: Checkpoint) -> None:
    recipes = [recipe(), *variants(source.id).values(), *variants("other").values()]
    split = make_split(tiles).facts()
    known = {checkpoint_id(one.to_json(), tiles.fingerprint, split) for one in recipes}
    assert len(known) == len(recipes) - 4  # four variants name no checkpoint


def test_plain_recipes_keep_their_identity() -> None:
    plain = recipe().to_json()
    assert set(plain) == set(asdict(recipe())) - set(LATER)
    assert checkpoint_id(plain, "f", {"protocol": "64/16/20", "seed": 0}) == "453d0c91bb50"


def test_attention_is_folded_and_kept_beside(tiles: TileSet, root: Path) -> None:
    made = run(tiles, root, recipe(attention=True))
    plain = run(tiles, root, recipe())
    assert set(made.model().state_dict()) == set(plain.model().state_dict())
    means = made.attention()
    assert {name: len(value) for name, value in means.items()}["stem.1"] == 32
    assert all(0 < value.min() and value.max() < 1 for value in means.values())
    assert set(made.made["with attention"]) == {"validation", "test"}
    assert plain.attention() == {} and "attention" in made.how and not plain.how


def test_narrowed_from_a_checkpoint(tiles: TileSet, root: Path, source: Checkpoint) -> None:
    made = run(tiles, root, recipe(start=Start(source.id, ChannelPruning("norm", 0.5))))
    assert made.spec.channels["stem.0"] == (3, 16)
    assert made.bytes < 0.4 * source.bytes
    assert 0 <= made.made["start"]["test"]["oa"] <= 1
    assert "narrowed" in made.title
    unchanged = run(tiles, root, recipe(start=Start(source.id)))
    assert unchanged.made["start"] == source.accuracy


def test_zeros_are_held(tiles: TileSet, root: Path, source: Checkpoint) -> None:
    layers = ("blocks.0.first.0", "head")
    made = run(tiles, root, recipe(start=Start(source.id, k=0.8, layers=layers))).model()
    before = source.model()
    for layer in compressible_layers(made):
        old, new = weight_of(before, layer.name), weight_of(made, layer.name)
        if layer.name in layers:
            small = old.abs() < 0.8 * old.std(correction=0)
            assert small.any() and torch.equal(new == 0, small)
        else:
            assert (new != 0).all()
        assert not torch.equal(old, new)


def test_a_teacher_alone_decides_at_full_weight(tiles: TileSet, root: Path) -> None:
    """With λ = 1 the labels play no part: a teacher of swapped classes is followed."""
    swapped = tiles.labels.copy()
    swapped[tiles.labels == 0], swapped[tiles.labels == 1] = 1, 0
    wrong = TileSet(
        "tiny", tiles.images, swapped, tiles.class_names, tiles.mean, tiles.std, tiles.fingerprint
    )
    teacher = train(recipe(epochs=12, seed=7), wrong, make_split(wrong), Home.find(root), "cpu")
    what = Distil("offline", teacher.id, 1.0, 1.0)
    student = run(tiles, root, recipe(epochs=12, distil=what))
    split = make_split(tiles)
    images = torch.from_numpy(tiles.images[split.test]).permute(0, 3, 1, 2)
    answers = student.model()(images).argmax(1).numpy()
    assert (
        (answers == swapped[split.test]).mean() > 0.8 > (answers == tiles.labels[split.test]).mean()
    )
    assert student.made["teacher"]["checkpoint"] == teacher.id


def test_both_learn_online(tiles: TileSet, root: Path) -> None:
    made = run(tiles, root, recipe(epochs=10, distil=Distil("online", "compact", weight=0.5)))
    teacher = made.made["teacher"]
    assert teacher["arch"] == "compact" and teacher["trained"]["validation"]["oa"] > 0.5
    assert made.accuracy["validation"]["oa"] > 0.5


def test_the_own_past_begins_with_the_second_epoch(tiles: TileSet, root: Path) -> None:
    one, two = (recipe(epochs=2, schedule="constant", distil=d) for d in (Distil("self"), None))
    logs = [run(tiles, root, what).log for what in (one, two)]
    assert logs[0][0]["loss"] == logs[1][0]["loss"]
    assert logs[0][1]["loss"] != logs[1][1]["loss"]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"mode": "both"}, "mode="),
        ({"mode": "offline"}, "teacher="),
        ({"mode": "self", "teacher": "x"}, "teacher="),
        ({"teacher": "x", "tau": 0}, "tau=0"),
        ({"teacher": "x", "weight": 1.5}, "weight=1.5"),
    ],
)
def test_bad_teachers(settings: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Distil(**settings)


def test_what_cannot_start_says_so(tiles: TileSet, root: Path, source: Checkpoint) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint 'gone'"):
        run(tiles, root, recipe(start=Start("gone")))
    with pytest.raises(CheckpointError, match="no checkpoint 'gone'"):
        run(tiles, root, recipe(distil=Distil("offline", "gone")))
    with pytest.raises(TrainingError, match="is a compact"):
        run(tiles, root, make_recipe("mobilenet_v3_small", start=Start(source.id), epochs=1))
    with pytest.raises(TrainingError, match="no layer 'nowhere'"):
        run(tiles, root, recipe(start=Start(source.id, k=1, layers=("nowhere",))))
    with pytest.raises(ValueError, match="weights="):
        recipe(start=Start(source.id), weights="imagenet")
    names = ("a", "b", "c", "d")
    others = TileSet("o", tiles.images, tiles.labels, names, tiles.mean, tiles.std, "f")
    for what in (recipe(start=Start(source.id)), recipe(distil=Distil("offline", source.id))):
        with pytest.raises(TrainingError, match="those of 'o' are others"):
            run(others, root, what)


def test_dynamics_are_recorded_all_the_same(tiles: TileSet, root: Path, source: Checkpoint) -> None:
    made = run(tiles, root, variants(source.id)["all"])
    assert made.dynamics()["correct"].shape == (2, 32)
    np.testing.assert_array_equal(made.trained_on(), make_split(tiles).train)
