"""Every page on a scene: the map, and that the others show patches where they show tiles."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_scene as scenes
from visit import WAIT_S, page, words

from lcc_core import jobs
from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.training import make_recipe, train
from pages.ui import scene_charts


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a scene and a model of it. Copied, never changed."""
    home = Home.find(tmp_path_factory.mktemp("ready"))
    scene = scenes.store(home)
    train(make_recipe("cnn1d", epochs=2), scene, make_split(scene, "30/10/60"), home)
    return home


@pytest.fixture
def trained(ready: Home, home: Home) -> Home:
    """A copy of it that the test may change."""
    shutil.copytree(ready.root, home.root, dirs_exist_ok=True)
    return home


def test_maps_name_the_first_step(home: Home) -> None:
    test = page("maps")
    assert not test.exception
    assert "A map needs a model of a scene" in test.info[0].value


def test_maps_before_and_after(trained: Home) -> None:
    test = page("maps")
    assert not test.exception and not test.error, test.error
    metrics = {metric.label: metric for metric in test.metric}
    assert {"Overall accuracy", "Average accuracy", "κ", "Packed file"} <= set(metrics)
    assert "pixels a second" in words(test) and "flatters" in words(test)
    assert len(list(trained.folder("maps").glob("*.npz"))) == 2
    test.select_slider(key="bits").set_value(32).run()
    assert not test.error and "changed the answer at 0.00 %" in words(test)
    test.number_input(key="row").set_value(0).run()
    test.number_input(key="column").set_value(0).run()
    assert not test.error
    assert "The float model says" in words(test) and "**grass**" in words(test)
    test.number_input(key="column").set_value(4).run()
    assert "**unlabelled**" in words(test)


def test_a_click_sets_the_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = SimpleNamespace(selection=SimpleNamespace(points=[{"x": 7.0, "y": 3.0}]))
    state = {"picture": chosen}
    monkeypatch.setattr(scene_charts.st, "session_state", state)
    scene_charts.clicked()
    assert (state["row"], state["column"]) == (3, 7)
    chosen.selection.points = []  # a click beside all points
    scene_charts.clicked()
    assert (state["row"], state["column"]) == (3, 7)


def test_slow_maps_are_jobs(trained: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.ui.session.throughput", lambda _: 1.0)
    test = page("maps")
    offered = [button.label for button in test.button]
    assert "Draw the map of the float model" in offered
    assert "Draw the map of the compressed model" in offered
    for label in ("Draw the map of the float model", "Draw the map of the compressed model"):
        next(b for b in test.button if b.label == label).click().run()
        job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
        assert job.state == "done", job.error
    test = page("maps")
    assert not [b for b in test.button if b.label.startswith("Draw the map")]
    assert "pixels a second" in words(test)


def test_the_other_pages_take_a_scene(trained: Home) -> None:
    test = page("data")
    assert not test.exception and not test.error
    assert "patches of 5×5, 12 bands" in words(test) and "blocks-30/10/60" in words(test)
    test = page("train")
    test.selectbox(key="data").set_value("ground").run()
    assert test.selectbox(key="arch").options[0].startswith("CNN1D")
    assert len(test.selectbox(key="arch").options) == 3
    split = next(one for one in test.selectbox if one.label == "Split")
    assert "blocks-30/10/60" in split.options
    test = page("compress")
    assert not test.exception and not test.error and test.metric
    test = page("coresets")
    test.select_slider(key="keep").set_value(50).run()
    assert not test.exception and not test.error
    test = page()
    assert not test.exception and not test.error


def test_models_are_compared_on_patches(trained: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page("compress").metric  # measures two models
    monkeypatch.setattr("pages.ui.disagreements.disagreement", lambda *_: np.arange(3))
    test = page("compare")
    assert not test.exception and not test.error
    assert "3 of 616 test tiles" in words(test) and len(test.get("image")) == 3


def test_a_scene_is_imported_from_the_form(home: Home, tmp_path: Path) -> None:
    cube, labels = scenes.files(tmp_path)
    test = page("data")
    fields = {field.label: field for field in test.text_input}
    fields["Path"].set_value(str(cube))
    fields["Label map of a scene"].set_value(str(labels))
    fields["Name for something else"].set_value("ground")
    fields["Largest size"].set_value("1 MB")
    fields["Class names, in the order of their numbers"].set_value('["a, b", "c", "d", "e"]')
    fields["Classes to leave out"].set_value("c, e")
    kind = next(one for one in test.selectbox if one.label == "What it is")
    kind.set_value("something else")
    next(b for b in test.button if b.label == "Import").click().run()
    job = jobs.wait(home, jobs.jobs(home)[0].id, WAIT_S)
    assert job.state == "done", job.error
    assert job.result["size"] == [11, 11] and job.result["bands"] == 12
    assert job.result["class_names"] == ["a, b", "d"]


def test_the_largest_size_is_asked_for_in_the_form(home: Home, tile_folder: Path) -> None:
    test = page("data")
    fields = {field.label: field for field in test.text_input}
    fields["Path"].set_value(str(tile_folder))
    fields["Name for something else"].set_value("ground")
    fields["Largest size"].set_value("1 kB")
    kind = next(one for one in test.selectbox if one.label == "What it is")
    kind.set_value("something else")
    next(b for b in test.button if b.label == "Import").click().run()
    job = jobs.wait(home, jobs.jobs(home)[0].id, WAIT_S)
    assert job.state == "failed" and "raise it: --limit" in str(job.error)


def test_training_with_disjoint_parts_from_the_page(trained: Home) -> None:
    scenes.store(trained, "wide", 3, height=80, width=80)
    test = page("train")
    test.selectbox(key="data").set_value("wide").run()
    next(one for one in test.selectbox if one.label == "Split").set_value("blocks-30/10/60")
    next(n for n in test.number_input if n.label == "Epochs").set_value(1)
    next(b for b in test.button if b.label == "Train").click().run()
    assert not test.exception
    job = jobs.wait(trained, jobs.jobs(trained)[0].id, WAIT_S)
    assert job.state == "done", job.error
    made = next(c for c in list_checkpoints(trained) if c.data == "wide")
    assert made.split["spatial"]["distance"]["train-test"] >= 3
