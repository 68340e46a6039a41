"""A folder of class folders, drawn at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def draw_folder(root: Path, tiles: int = 12, size: int = 16) -> Path:
    """Four class folders of small PNGs; each class has a colour of its own, with noise."""
    generator = np.random.default_rng(0)
    colours = {"forest": (30, 80, 40), "river": (40, 60, 140), "road": (120, 120, 110)}
    for name, colour in {**colours, "wheat": (190, 170, 80)}.items():
        folder = root / name
        folder.mkdir(parents=True)
        for number in range(tiles):
            noise = generator.normal(0, 25, (size, size, 3))
            pixels = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}_{number}.png")
    return root
