"""A classifier on every pixel of a scene: the map, and how fast it is drawn."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.data.scene import Scene
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, require
from lcc_core.files import Home, content_id, remember
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.evaluate import predict
from lcc_core.models import ARCHITECTURES, Classifier
from lcc_core.models.device import Compute, choose_device, choose_precision
from lcc_core.models.sources import SPECTRA
from lcc_core.results.measured import first_there
from lcc_core.results.predicted import DAMAGED
from lcc_core.workspace import Workspace

MAPPED = Compute(batch=256)
VERSION = 1  # raise when a change of the engine changes what a map shows


@dataclass(frozen=True, eq=False)
class SceneMap:
    """Predicted class numbers int16 (H, W), and the ``seconds`` that they took."""

    classes: np.ndarray
    seconds: float

    @property
    def pixels_per_s(self) -> float:
        return self.classes.size / max(self.seconds, 1e-9)

    def wrong(self, scene: Scene) -> np.ndarray:
        """bool (H, W): labelled pixels that have another class."""
        labels = scene.label_map()
        return (labels >= 0) & (labels != self.classes)


def as_scene(tiles: TileSet) -> Scene:
    """``DataError`` for tiles, which lie nowhere."""
    if not isinstance(tiles, Scene):
        raise DataError(
            f"{tiles.name!r} holds tiles: only a scene has a map.",
            "Choose a model that was trained on a scene.",
        )
    return tiles


def _all_pixels(model: Classifier, scene: Scene) -> Scene:
    """Every pixel, with no more around it than the model reads."""
    alone = ARCHITECTURES[model.spec.arch].reads == SPECTRA
    return scene.everywhere(1 if alone else None)


def draw_map(
    model: Classifier, scene: Scene, compute: Compute = MAPPED, hooks: Hooks = QUIET
) -> SceneMap:
    """Predict every pixel of the scene; its patches are cut a batch at a time."""
    pixels = _all_pixels(model, scene)
    began = time.perf_counter()
    classes = predict(model, pixels, np.arange(len(pixels)), compute, hooks)
    seconds = time.perf_counter() - began
    return SceneMap(classes.astype(np.int16).reshape(scene.extent), seconds)


def throughput(
    model: Classifier, scene: Scene, pixels: int = 2048, compute: Compute = MAPPED
) -> float:
    """Pixels a second, cutting included, on an even sample of the scene."""
    require(pixels >= 1, "pixels", pixels, "1 or more")
    every = _all_pixels(model, scene)
    ids = np.unique(np.linspace(0, len(every) - 1, pixels).astype(int))
    predict(model, every, ids[: compute.batch], compute)  # the first run builds what later ones use
    began = time.perf_counter()
    predict(model, every, ids, compute)
    return len(ids) / (time.perf_counter() - began)


def _path(home: Home, checkpoint: Checkpoint, plan: Plan) -> Path:
    key = {
        "checkpoint": checkpoint.id,
        "trained": checkpoint.created,
        "precision": choose_precision("auto", choose_device("cpu")),
        "version": VERSION,
    }
    keys = [content_id(key | {"plan": identity}, 24) for identity in plan.ids]
    return first_there(home.folder("maps"), keys, ".npz")


def cached_map(home: Home, checkpoint: Checkpoint, plan: Plan, scene: Scene) -> SceneMap | None:
    """The stored map, or ``None``; a damaged one counts as none."""
    try:
        with np.load(_path(home, checkpoint, plan), allow_pickle=False) as content:
            found = SceneMap(content["classes"], float(content["seconds"]))
    except DAMAGED:
        return None
    return found if found.classes.shape == scene.extent else None


def mapped(
    workspace: Workspace, checkpoint: Checkpoint, plan: Plan, hooks: Hooks = QUIET
) -> SceneMap:
    """The map of a plan, drawn once. Raises ``DataError`` where the data are no scene."""
    home, scene = workspace.home, as_scene(workspace.tiles(checkpoint.data))
    if found := cached_map(home, checkpoint, plan, scene):
        return found
    drawn = draw_map(workspace.compressed(checkpoint, plan, hooks).model, scene, hooks=hooks)
    stream = io.BytesIO()
    np.savez_compressed(stream, classes=drawn.classes, seconds=drawn.seconds)
    remember(home, _path(home, checkpoint, plan), stream.getvalue())
    return drawn
