"""Networks for scenes from training to the packed file, the ONNX file, the search and the map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_scene as scenes
import torch

from lcc_core.checkpoints.packed import load_packed, write_packed
from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, apply, uniform_plan
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.search import SearchSettings
from lcc_core.coresets import CoresetSettings, choose_coreset
from lcc_core.data.scene import Scene
from lcc_core.data.splits import Split, make_split
from lcc_core.errors import DataError, ModelError
from lcc_core.export import agreement, export
from lcc_core.files import Home
from lcc_core.measure.evaluate import logits
from lcc_core.models import ARCHITECTURES, ModelSpec, build, compressible_layers
from lcc_core.models.device import Compute
from lcc_core.models.spectral import Components
from lcc_core.reports.maps import class_colours, map_bytes, paint, paint_errors
from lcc_core.results.measured import measure_plan
from lcc_core.results.scene_map import as_scene, cached_map, draw_map, mapped, throughput
from lcc_core.results.searched import Selection, search_plan
from lcc_core.training import make_recipe, train
from lcc_core.training.prepare import fresh_model
from lcc_core.workspace import Workspace

EXACT = Compute(precision="float32")
NETWORKS = ("cnn1d", "cnn2d", "cnn3d")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.find(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def scene(home: Home) -> Scene:
    return scenes.store(home)


@pytest.fixture(scope="module")
def split(scene: Scene) -> Split:
    return make_split(scene, "30/10/60")


@pytest.fixture(scope="module", params=NETWORKS)
def checkpoint(
    request: pytest.FixtureRequest, home: Home, scene: Scene, split: Split
) -> Checkpoint:
    return train(make_recipe(request.param, epochs=4, batch=32), scene, split, home, "cpu")


def test_they_learn(checkpoint: Checkpoint, scene: Scene, split: Split) -> None:
    assert checkpoint.accuracy["test"]["oa"] > 0.9
    assert checkpoint.dynamics()["correct"].shape == (4, len(split.train))
    again = checkpoint_split(checkpoint, scene)
    np.testing.assert_array_equal(again.test, split.test)


def test_statistics_are_those_of_the_training_pixels(
    checkpoint: Checkpoint, scene: Scene, split: Split
) -> None:
    spectra = scene.spectra(split.train).astype(float)
    spec = checkpoint.spec
    np.testing.assert_allclose(spec.mean, spectra.mean(0), rtol=1e-5)
    np.testing.assert_allclose(spec.std, spectra.std(0), rtol=1e-5)
    assert spec.patch == 5 and spec.bands == 12


def test_components_are_fitted_on_the_training_pixels(scene: Scene, split: Split) -> None:
    some = replace(split, train=split.train[:60])
    recipe = make_recipe("cnn2d")
    one, two = (
        next(m for m in fresh_model(recipe, scene, s).net.modules() if isinstance(m, Components))
        for s in (split, some)
    )
    assert not torch.equal(one.matrix, two.matrix)
    spectra = scene.spectra(some.train).astype(float)
    whitened = ((spectra - spectra.mean(0)) / spectra.std(0)) @ two.matrix[:, :, 0, 0].numpy().T
    np.testing.assert_allclose(np.cov(whitened, rowvar=False), np.eye(12), atol=0.05)
    assert not list(two.parameters())


def test_a_network_sees_no_pixel_beyond_its_patch(
    checkpoint: Checkpoint, scene: Scene, split: Split
) -> None:
    """Values outside the patch, and for the spectrum all but the middle, change nothing."""
    ids = split.test[:20]
    before = logits(checkpoint.model(), scene, ids, EXACT)
    reach = 0 if checkpoint.arch == "cnn1d" else 2
    padded = scene.images.padded.copy()
    mask = np.ones(padded.shape[:2], bool)
    for row, column in scene.positions[ids] + 2:
        mask[row - reach : row + reach + 1, column - reach : column + reach + 1] = False
    padded[mask] = -1e4
    other = replace(scene, images=replace(scene.images, padded=padded))
    after = logits(checkpoint.model(), other, ids, EXACT)
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize(("bits", "k"), [(32, 0.0), (8, 0.0), (4, 0.5), (1, 0.0)])
def test_compress_pack_load(
    checkpoint: Checkpoint, scene: Scene, split: Split, tmp_path: Path, bits: int, k: float
) -> None:
    model = checkpoint.model()
    plan = uniform_plan(model, bits, k, recalibrate=64)
    compressed = apply(model, plan, calibration_tiles(scene, split, 64))
    size = write_packed(tmp_path / "x.lcc", compressed)
    loaded = load_packed(tmp_path / "x.lcc")
    ids = split.test[:50]
    expected = logits(compressed.model, scene, ids, EXACT)
    torch.testing.assert_close(logits(loaded, scene, ids, EXACT), expected)
    assert loaded.spec == checkpoint.spec
    if bits < 32:
        assert size < checkpoint.bytes / 2
        layer = compressible_layers(loaded)[0].name
        weight = loaded.net.get_submodule(layer).weight
        assert len(weight[0].unique()) <= 2**bits


def test_every_kind_of_convolution_is_compressed() -> None:
    kinds = set()
    for name in NETWORKS:
        options = {"patch": 5} | ({"components": 3} if name == "cnn2d" else {})
        spec = ModelSpec(name, scenes.NAMES, (0.0,) * 12, (1.0,) * 12, options)
        kinds |= {layer.kind for layer in compressible_layers(build(spec))}
    assert kinds == {"conv1d", "conv2d", "conv3d", "linear"}


@pytest.mark.parametrize("arch", NETWORKS)
def test_stated_sizes_hold(arch: str) -> None:
    options = {"patch": 11} | ({"components": 15} if arch == "cnn2d" else {})
    spec = ModelSpec(arch, tuple("abcdefghij"), (0.0,) * 200, (1.0,) * 200, options)
    weights = sum(layer.weights for layer in compressible_layers(build(spec)))
    assert ARCHITECTURES[arch].weights_m == pytest.approx(weights / 1e6, abs=0.006)


def test_onnx(checkpoint: Checkpoint, scene: Scene, split: Split, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from lcc_core.training.batches import gather

    model, path = checkpoint.model(), tmp_path / "x.onnx"
    export(model, path, scene.size, "onnx")
    assert agreement(model, path, "onnx", gather(scene, split.test)) == 1


def test_search_and_measure(home: Home, checkpoint: Checkpoint, scene: Scene, split: Split) -> None:
    settings = SearchSettings.of(t_margin=5.0, recalibrate=64)
    found = search_plan(Workspace(home, [scene]), checkpoint, settings, Selection(tiles=40))
    row = measure_plan(Workspace(home, [scene]), checkpoint, found.plan)
    assert row.average_bits < 8 and row.recalibrated == 64 and row.bytes < checkpoint.bytes / 4
    assert row.macs > 0 and row.tiles == len(split.test)


def test_coresets_choose_among_pixels(checkpoint: Checkpoint, scene: Scene, split: Split) -> None:
    chosen = choose_coreset(checkpoint, scene, split, CoresetSettings("margin", 0.2))
    assert set(chosen.ids) < set(split.train)


def test_the_map_says_what_was_measured(
    home: Home, checkpoint: Checkpoint, scene: Scene, split: Split
) -> None:
    plan = Plan({}, method="float")
    workspace = Workspace(home, [scene])
    drawn = mapped(workspace, checkpoint, plan)
    assert drawn.classes.shape == (40, 40) and drawn.pixels_per_s > 0
    rows, columns = scene.positions[split.test].T
    oa = (drawn.classes[rows, columns] == scene.labels[split.test]).mean()
    assert oa == pytest.approx(checkpoint.accuracy["test"]["oa"], abs=0.005)
    wrong = drawn.wrong(scene)
    assert wrong[rows, columns].mean() == pytest.approx(1 - oa)
    assert not wrong[scene.label_map() < 0].any()
    again = mapped(workspace, checkpoint, plan)
    np.testing.assert_array_equal(again.classes, drawn.classes)
    assert again.seconds == drawn.seconds  # it is the stored one
    for path in home.folder("maps").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:40])
    assert cached_map(home, checkpoint, plan, scene) is None
    np.testing.assert_array_equal(draw_map(checkpoint.model(), scene).classes, drawn.classes)
    assert throughput(checkpoint.model(), scene, 64) > 0


def test_maps_as_pictures_and_tables() -> None:
    classes = np.array([[0, 1], [2, 0]], np.int16)
    labels = np.array([[0, 0], [-1, 0]])
    colours = [tuple(bytes.fromhex(c[1:])) for c in class_colours(3)]
    assert [tuple(p) for p in paint(classes, 3).reshape(4, 3)] == [
        colours[0], colours[1], colours[2], colours[0]
    ]  # fmt: skip
    right, wrong, nothing, _ = (tuple(p) for p in paint_errors(classes, labels).reshape(4, 3))
    assert len({right, wrong, nothing}) == 3
    assert len(set(class_colours(40))) == 40
    text = map_bytes(".csv", classes, ("a", 'b "x"', "c")).decode().splitlines()
    assert text[:3] == ["row,column,class,name", '0,0,0,"a"', '0,1,1,"b ""x"""']
    assert map_bytes(".png", classes, ("a", "b", "c"))[:4] == b"\x89PNG"


def test_data_and_network_must_fit(
    home: Home, scene: Scene, split: Split, tile_folder: Path
) -> None:
    from lcc_core.data.catalog import import_tiles

    with pytest.raises(ModelError, match=r"compact reads tiles, and 'ground' is a scene.*cnn1d"):
        train(make_recipe("compact", epochs=1), scene, split, home)
    tiles = import_tiles("tiny", tile_folder, home)
    with pytest.raises(ModelError, match=r"cnn3d reads scenes, and 'tiny' holds tiles.*compact"):
        train(make_recipe("cnn3d", epochs=1), tiles, make_split(tiles), home)
    with pytest.raises(ModelError, match="no imagenet weights"):
        train(make_recipe("cnn1d", epochs=1, weights="imagenet"), scene, split, home)
    with pytest.raises(DataError, match="only a scene has a map"):
        as_scene(tiles)
