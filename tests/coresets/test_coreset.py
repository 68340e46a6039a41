"""A coreset is chosen, kept, trained on, and its tiles stay with the checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint, find_checkpoint
from lcc_core.compression import uniform_plan
from lcc_core.compression.recalibration import calibration_for
from lcc_core.coresets import Coreset, CoresetSettings, choose_coreset
from lcc_core.coresets.coreset import delete_coreset, list_coresets, read_coreset, save_coreset
from lcc_core.coresets.methods.ccs import Ccs
from lcc_core.coresets.selection import settled
from lcc_core.data.catalog import import_tiles
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.training import make_recipe, train

HALF = CoresetSettings("forgetting", 0.5)
Made = tuple[Home, Checkpoint, TileSet, Split]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Made:
    home = Home.find(tmp_path_factory.mktemp("coresets"))
    tiles = import_tiles("tiny", tile_folder, home)
    split = make_split(tiles)
    return home, train(make_recipe("compact", epochs=3, batch=8), tiles, split, home), tiles, split


def test_kept_and_found_again(made: Made) -> None:
    home, checkpoint, tiles, split = made
    chosen = save_coreset(home, choose_coreset(checkpoint, tiles, split, HALF))
    assert chosen.name == f"tiny-forgetting-50-s0-{checkpoint.id[:6]}"
    assert len(chosen.ids) == 16 == sum(chosen.class_counts.values())
    assert np.isin(chosen.ids, split.train).all()
    again = read_coreset(home, chosen.name)
    assert again.to_json() == chosen.to_json() and again.id == chosen.id
    assert [one.name for one in list_coresets(home)] == [chosen.name]
    save_coreset(home, chosen)  # the same tiles once more
    other = choose_coreset(checkpoint, tiles, split, replace(HALF, fraction=0.25), chosen.name)
    with pytest.raises(DataError, match="another coreset called"):
        save_coreset(home, other)
    delete_coreset(home, chosen.name)
    with pytest.raises(DataError, match="There is no coreset"):
        read_coreset(home, chosen.name)


def test_choices_from_before_logits_were_recorded(made: Made) -> None:
    """Neither a stored choice nor a checkpoint from then passes for one by logits."""
    _, checkpoint, tiles, split = made
    settings = CoresetSettings("ccs", 0.5)
    chosen = choose_coreset(checkpoint, tiles, split, settings)
    assert chosen.settings == settings and chosen.name.endswith(f"ccs-50-s0-{checkpoint.id[:6]}")
    content = chosen.to_json()
    del content["settings"]["aum"]
    assert Coreset.from_json(content).settings.own.aum == "probabilities"
    by_probability = choose_coreset(
        checkpoint, tiles, split, CoresetSettings("ccs", 0.5, own=Ccs(aum="probabilities"))
    )
    path = checkpoint.path / "dynamics.safetensors"
    whole = path.read_bytes()
    tables = load_file(path)
    del tables["logit_margin"]
    save_file(tables, path)
    try:
        old = choose_coreset(checkpoint, tiles, split, settings)
    finally:
        path.write_bytes(whole)
    assert settled(settings, old.settings).startswith("aum = probabilities: ")
    assert (
        old.settings.own.aum == "probabilities" and old.name == by_probability.name != chosen.name
    )
    assert (old.ids == by_probability.ids).all()


def test_names_and_damage(made: Made) -> None:
    home, checkpoint, tiles, split = made
    with pytest.raises(ValueError, match="name="):
        save_coreset(home, choose_coreset(checkpoint, tiles, split, HALF, "../up"))
    path = home.folder("coresets") / "bad.json"
    path.write_text('{"settings": {}}')
    with pytest.raises(DataError, match="damaged"):
        read_coreset(home, "bad")
    assert list_coresets(home) == []
    path.unlink()


def test_its_tiles_alone_train(made: Made) -> None:
    home, checkpoint, tiles, split = made
    chosen = choose_coreset(checkpoint, tiles, split, HALF)
    recipe = make_recipe("compact", epochs=2, batch=8)
    model = train(recipe, tiles, chosen.split(tiles), home)
    assert model.id != train(recipe, tiles, split, home).id
    assert model.kept == "50 % (forgetting) of "
    assert model.dynamics()["correct"].shape == (2, 16)
    assert (model.trained_on() == chosen.ids).all()
    renamed = replace(chosen, name="other")
    assert train(recipe, tiles, renamed.split(tiles), home).created == model.created
    # What it was trained on comes back with it, and recalibration stays within it.
    back = checkpoint_split(find_checkpoint(home, model.id), tiles)
    assert (back.train == chosen.ids).all() and (back.test == split.test).all()
    plan = uniform_plan(model.model(), 4, recalibrate=100)
    calibration = calibration_for(plan, tiles, back)
    assert calibration is not None and len(calibration.tiles) == 16
    with pytest.raises(DataError, match="knows only its tiles"):
        choose_coreset(model, tiles, back, HALF)


def test_other_tiles(made: Made) -> None:
    _, checkpoint, tiles, split = made
    chosen: Coreset = choose_coreset(checkpoint, tiles, split, HALF)
    with pytest.raises(DataError, match="chosen from other tiles"):
        chosen.split(replace(tiles, fingerprint="other"))
