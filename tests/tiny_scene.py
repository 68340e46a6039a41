"""A tiny scene for tests: four classes in patches of ground, each with a spectrum of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lcc_core.data.scene import Scene
from lcc_core.data.scenes import SceneChoice, keep_scene
from lcc_core.data.stored import About
from lcc_core.files import Home

NAMES = ("grass", "roof", "soil", "water")


def draw(
    height: int = 40, width: int = 40, bands: int = 12, seed: int = 0, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """A cube float32 (H, W, B) and its label map (H, W): 5×5 fields of class 1…4, 0 between."""
    generator = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    labels = (rows // 5 * 3 + columns // 5) % 4 + 1
    spectra = generator.uniform(0.2, 0.8, (5, bands))
    cube = spectra[labels] + generator.normal(0, noise, (height, width, bands))
    labels = np.where((rows % 5 == 4) | (columns % 5 == 4), 0, labels)
    return (100 * cube).astype(np.float32), labels


def store(home: Home, name: str = "ground", patch: int = 5, **options: int) -> Scene:
    cube, labels = draw(**options)
    return keep_scene(home, About(name, NAMES, source="drawn"), cube, labels, SceneChoice(patch))


def files(folder: Path, **options: int) -> tuple[Path, Path]:
    """The same as two ``.npy`` files."""
    folder.mkdir(parents=True, exist_ok=True)
    cube, labels = draw(**options)
    for name, array in (("cube", cube), ("labels", labels)):
        np.save(folder / f"{name}.npy", array)
    return folder / "cube.npy", folder / "labels.npy"
