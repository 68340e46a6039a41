"""What a classifier must know of its data before it is trained, from its training part alone."""

from __future__ import annotations

import numpy as np

from lcc_core.data.scene import Scene
from lcc_core.data.splits import Split
from lcc_core.data.stored import band_statistics
from lcc_core.data.tiles import TileSet
from lcc_core.errors import ModelError
from lcc_core.models import ARCHITECTURES, Classifier, ModelSpec, architectures, build
from lcc_core.training.recipe import Recipe


def fresh_model(recipe: Recipe, tiles: TileSet, split: Split) -> Classifier:
    """An untrained classifier that knows the statistics of its training part.

    Raises ``ModelError`` for an architecture that cannot read such data.
    """
    check_fit(recipe.arch, tiles)
    if isinstance(tiles, Scene):
        return _for_scene(recipe, tiles, split)
    arch = ARCHITECTURES[recipe.arch]
    mean, std = band_statistics(tiles.images, split.train)
    if recipe.weights != "none":
        weights = arch.weights(recipe.weights)
        if tiles.bands == len(weights.mean):
            mean, std = weights.mean, weights.std
    options = arch.options(tiles.bands)
    spec = ModelSpec(recipe.arch, tiles.class_names, mean, std, options)
    return build(spec, recipe.weights)


def check_fit(arch: str, tiles: TileSet) -> None:
    """Tiles and scenes are read by different networks."""
    scene = isinstance(tiles, Scene)
    for_scenes = ARCHITECTURES[arch].for_scenes
    if for_scenes != scene:
        held = "is a scene" if scene else "holds tiles"
        reads = "scenes" if for_scenes else "tiles"
        raise ModelError(
            f"{arch} reads {reads}, and {tiles.name!r} {held}.",
            f"Choose {', '.join(architectures(scene))}.",
        )


def _for_scene(recipe: Recipe, scene: Scene, split: Split) -> Classifier:
    spectra = scene.spectra(split.train).astype(np.float64)
    # Six digits: they travel as text in every packed file.
    mean = np.array([float(f"{v:.6g}") for v in spectra.mean(0)])
    std = np.array([float(f"{v:.6g}") for v in np.maximum(spectra.std(0), 1e-9)])
    arch = ARCHITECTURES[recipe.arch]
    options = {"patch": scene.patch} | arch.options(scene.bands)
    spec = ModelSpec(
        recipe.arch, scene.class_names, tuple(mean.tolist()), tuple(std.tolist()), options
    )
    model = build(spec, recipe.weights)
    if arch.fit:
        arch.fit(model.net, (spectra - mean) / std)
    return model
