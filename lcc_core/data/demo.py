"""The demo tiles: procedural, synthetic, drawn from a seed in EuroSAT's ten classes.

They make the program useful without a network and hard enough that its curves look like real
ones: seasons, haze and sensor noise blur the classes, and some tiles hold a piece of another.
"""

from __future__ import annotations

import numpy as np

from lcc_core.data import textures as t
from lcc_core.data.textures import SIZE, Rng
from lcc_core.hooks import QUIET, Hooks, Progress

SEED, VERSION = 20240607, 1
TRAIN_TILES, TEST_TILES = 2000, 1000
CLASSES = (
    "AnnualCrop",
    "Forest",
    "HerbaceousVegetation",
    "Highway",
    "Industrial",
    "Pasture",
    "PermanentCrop",
    "Residential",
    "River",
    "SeaLake",
)
SOIL = [(138, 108, 92), (160, 132, 112), (118, 98, 86), (176, 150, 124)]
GREEN = [(78, 96, 70), (92, 112, 74), (70, 88, 72), (106, 122, 84)]
STRAW = [(168, 152, 112), (150, 140, 108), (182, 164, 128)]
WOOD = [(38, 56, 52), (44, 64, 54), (34, 50, 50), (50, 68, 56)]
WATER = [(44, 66, 92), (34, 56, 82), (52, 80, 92), (48, 62, 76), (40, 70, 84)]
ASPHALT = [(120, 116, 118), (138, 132, 132), (104, 102, 108)]
ROOF = [(176, 150, 140), (196, 186, 182), (150, 128, 124), (216, 212, 210)]


def layout() -> tuple[np.ndarray, np.ndarray]:
    """Labels int64 (3000,) and the ids of the 1,000 test tiles, which come last."""
    total = TRAIN_TILES + TEST_TILES
    labels = np.tile(np.arange(len(CLASSES)), total // len(CLASSES))
    return labels.astype(np.int64), np.arange(TRAIN_TILES, total)


def draw(labels: np.ndarray, images: np.ndarray, hooks: Hooks = QUIET) -> None:
    """Fill ``images`` uint8 (N, 64, 64, 3) with tiles of the classes ``labels``."""
    for label in range(len(CLASSES)):
        ids = np.flatnonzero(labels == label)
        for start in range(0, len(ids), 100):
            part = ids[start : start + 100]
            rng = np.random.default_rng([SEED, label, start])
            images[part] = _tiles(rng, label, len(part))
        hooks.progress(Progress("draw", label + 1, len(CLASSES), CLASSES[label]))


def _tiles(rng: Rng, label: int, n: int) -> np.ndarray:
    scene = SCENES[CLASSES[label]](rng, n)
    return _camera(rng, _intrude(rng, scene, label))


def _intrude(rng: Rng, scene: np.ndarray, label: int) -> np.ndarray:
    """Nearly a third of the tiles hold a corner of some other land cover, as real tiles do."""
    n = len(scene)
    other = (label + int(rng.integers(1, len(CLASSES)))) % len(CLASSES)
    strange = SCENES[CLASSES[other]](rng, n)
    u, _ = t.turned(rng, n, t.draw_each(rng, n, 0, 2 * np.pi))
    edge = t.draw_each(rng, n, 14, 32) + 5 * t.noise(rng, n, 4)
    chosen = rng.random((n, 1, 1)) < 0.3
    return t.mix(scene, strange, np.clip(u - edge, 0, 1) * chosen)


def _camera(rng: Rng, scene: np.ndarray) -> np.ndarray:
    """Season, relief, haze and sensor; returns uint8."""
    n = len(scene)
    season = rng.normal(1, 0.05, (n, 1, 1, 3))
    light = t.draw_each(rng, n, 0.8, 1.2)[..., None] + 0.05 * t.noise(rng, n, 2)[..., None]
    haze = np.clip(t.draw_each(rng, n, -0.3, 0.38) + 0.12 * t.noise(rng, n, 2), 0, 0.6)
    scene = t.mix(scene * season * light, np.array([0.55, 0.58, 0.62]), haze)
    # A 10 m pixel is not sharp: neighbours share light.
    soft = scene.copy()
    for axis in (1, 2):
        padded = np.pad(soft, [(1, 1) if a == axis else (0, 0) for a in range(4)], mode="edge")
        middle, before, after = (np.take(padded, r, axis) for r in _thirds())
        soft = 0.6 * middle + 0.2 * (before + after)
    grain = rng.normal(0, 1, scene.shape) * t.draw_each(rng, n, 0.006, 0.022)[..., None]
    return (np.clip(soft + grain, 0, 1) * 255).round().astype(np.uint8)


def _thirds() -> tuple[range, range, range]:
    return range(1, SIZE + 1), range(0, SIZE), range(2, SIZE + 2)


def _ground(rng: Rng, n: int, palette: list[tuple[int, int, int]], rough: float) -> np.ndarray:
    relief = rough * t.noise(rng, n, 4, 3)
    return t.colours(rng, n, palette, 0.12) * (1 + relief[..., None])


def _fields(
    rng: Rng, n: int, count: int, palette: list[tuple[int, int, int]], narrow: float = 2.5
) -> tuple[np.ndarray, np.ndarray]:
    which, border = t.parcels(rng, n, count, narrow)
    paints = np.concatenate([t.colours(rng, n, palette, 0.14)[:, 0] for _ in range(count)], 1)
    return t.paint_parcels(rng, which, paints), border


def _annual_crop(rng: Rng, n: int) -> np.ndarray:
    scene, border = _fields(rng, n, 4, SOIL + GREEN + STRAW)
    rows = 0.035 * t.stripes(rng, n, 3, 9) + 0.05 * t.noise(rng, n, 5, 2)
    scene = scene * (1 + rows[..., None])
    return t.mix(scene, t.colours(rng, n, SOIL, 0.1), 0.5 * (border < 0.9))


def _permanent_crop(rng: Rng, n: int) -> np.ndarray:
    scene, border = _fields(rng, n, 7, SOIL[:2] + GREEN + STRAW[:1], 3.5)
    rows = t.draw_each(rng, n, 0.04, 0.17) * t.stripes(rng, n, 2.2, 5.0)
    dots = 0.1 * t.noise(rng, n, 26)
    scene = scene * (1 + (rows + dots)[..., None])
    return t.mix(scene, t.colours(rng, n, WOOD, 0.15), 0.6 * (border < 0.8))


def _pasture(rng: Rng, n: int) -> np.ndarray:
    scene, border = _fields(rng, n, 3, GREEN, 2.0)
    scene = scene * (1 + 0.05 * t.noise(rng, n, 4, 3)[..., None])
    hedge = (border < t.draw_each(rng, n, 0, 1.4)) * 0.7
    trees = np.clip(4 * (t.noise(rng, n, 20) - t.draw_each(rng, n, 0.55, 0.95)), 0, 0.8)
    return t.mix(scene, t.colours(rng, n, WOOD, 0.1), np.maximum(hedge, trees))


def _herbaceous(rng: Rng, n: int) -> np.ndarray:
    cover = np.clip(0.5 + t.noise(rng, n, 5, 3), 0, 1)
    scene = t.mix(_ground(rng, n, SOIL + STRAW, 0.08), t.colours(rng, n, GREEN, 0.12), cover)
    shrubs = np.clip(3 * (t.noise(rng, n, 18, 2) - t.draw_each(rng, n, 0.4, 1.1)), 0, 0.7)
    return t.mix(scene, t.colours(rng, n, WOOD, 0.12), shrubs)


def _forest(rng: Rng, n: int) -> np.ndarray:
    canopy = 0.1 * t.noise(rng, n, 6, 2) + t.draw_each(rng, n, 0.03, 0.16) * t.noise(rng, n, 32)
    scene = t.colours(rng, n, WOOD, 0.14) * (1 + canopy[..., None])
    clearing = np.clip(3 * (t.noise(rng, n, 4) - t.draw_each(rng, n, 0.6, 1.3)), 0, 0.6)
    return t.mix(scene, t.colours(rng, n, GREEN, 0.1), clearing)


def _background(rng: Rng, n: int) -> np.ndarray:
    """Open land of any kind, for roads and rivers to cross."""
    fields, meadow = _annual_crop(rng, n), _pasture(rng, n)
    kind = rng.integers(4, size=(n, 1, 1, 1))
    wild, wood = _herbaceous(rng, n), _forest(rng, n)
    return np.select([kind == 0, kind == 1, kind == 2], [fields, meadow, wild], wood)


def _highway(rng: Rng, n: int) -> np.ndarray:
    scene = _background(rng, n)
    verge = t.colours(rng, n, GREEN + SOIL, 0.1)
    road = t.band(rng, n, 1.6, 5.0, 6)
    scene = t.mix(scene, verge, np.roll(road, 2, 1) * 0.4)
    scene = t.mix(scene, t.colours(rng, n, ASPHALT, 0.14), road * t.draw_each(rng, n, 0.6, 1))
    crossing = t.band(rng, n, 1.0, 3.0, 14) * (rng.random((n, 1, 1)) < 0.45)
    return t.mix(scene, t.colours(rng, n, ASPHALT, 0.12), crossing * 0.9)


def _river(rng: Rng, n: int) -> np.ndarray:
    scene = _background(rng, n)
    water = t.band(rng, n, 2.5, 17, 15)
    shore = np.clip(np.roll(water, 1, 2) + np.roll(water, -1, 1), 0, 1) * 0.35
    scene = t.mix(scene, t.colours(rng, n, WOOD + STRAW, 0.1), shore)
    return t.mix(scene, t.colours(rng, n, WATER + ASPHALT[2:], 0.14), water)


def _sea_lake(rng: Rng, n: int) -> np.ndarray:
    swell = 0.02 * t.noise(rng, n, 8, 3) + 0.05 * t.noise(rng, n, 2)
    scene = t.colours(rng, n, WATER + WOOD[:1], 0.16) * (1 + swell[..., None])
    return scene


def _industrial(rng: Rng, n: int) -> np.ndarray:
    angle = t.draw_each(rng, n, 0, np.pi)
    scene = _ground(rng, n, ASPHALT + SOIL[:1], 0.14)
    green = np.clip(2 * t.noise(rng, n, 4) - 0.7, 0, 0.8)
    scene = t.mix(scene, t.colours(rng, n, GREEN, 0.1), green)
    cover, bright = t.boxes(rng, n, 16, (5, 24), angle, 0)
    roofs = t.colours(rng, n, ROOF, 0.1) * (0.65 + 0.6 * bright[..., None])
    shade = np.roll(np.roll(cover, 1, 1), 1, 2) * 0.4
    scene = t.mix(scene, np.full(3, 0.18), shade)
    return t.mix(scene, roofs, cover)


def _residential(rng: Rng, n: int) -> np.ndarray:
    angle = t.draw_each(rng, n, 0, np.pi)
    gardens = t.mix(
        _ground(rng, n, GREEN + WOOD[-1:], 0.12),
        t.colours(rng, n, ASPHALT, 0.1),
        t.draw_each(rng, n, 0.1, 0.75) * np.ones((1, SIZE, SIZE)),
    )
    u, v = t.turned(rng, n, angle)
    pitch = float(rng.uniform(7, 11))
    street = np.clip(1.2 - np.abs((v + pitch / 2 + pitch * 8) % pitch - 0.5), 0, 1)
    cross = np.clip(1.2 - np.abs(u % t.draw_each(rng, n, 18, 30) - 1), 0, 1)
    grey = t.colours(rng, n, ASPHALT, 0.1)
    scene = t.mix(gardens, grey, 0.8 * np.maximum(street, cross))
    cover, bright = t.boxes(rng, n, 90, (2.0, 6.5), angle, pitch)
    roofs = t.colours(rng, n, ROOF[:3], 0.12) * (0.6 + 0.6 * bright[..., None])
    scene = t.mix(scene, roofs, cover * 0.9)
    trees = np.clip(4 * (t.noise(rng, n, 28) - 0.6), 0, 0.8) * (1 - cover)
    return t.mix(scene, t.colours(rng, n, WOOD, 0.1), trees)


SCENES = {
    "AnnualCrop": _annual_crop,
    "Forest": _forest,
    "HerbaceousVegetation": _herbaceous,
    "Highway": _highway,
    "Industrial": _industrial,
    "Pasture": _pasture,
    "PermanentCrop": _permanent_crop,
    "Residential": _residential,
    "River": _river,
    "SeaLake": _sea_lake,
}
