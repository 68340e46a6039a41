"""Textures the demo tiles are drawn with. All take and give (n, 64, 64[, 3]) float arrays."""

from __future__ import annotations

import numpy as np

SIZE = 64
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
Rng = np.random.Generator


def noise(rng: Rng, n: int, cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth random fields, about −1…1, with ``cells`` bumps across; each octave doubles them."""
    total = np.zeros((n, SIZE, SIZE), np.float32)
    for octave in range(octaves):
        grid = min(cells * 2**octave, SIZE) + 1
        position = np.linspace(0, grid - 1.001, SIZE)
        low = position.astype(int)
        weight = position - low
        weight = weight * weight * (3 - 2 * weight)
        spread = np.zeros((SIZE, grid), np.float32)
        spread[np.arange(SIZE), low] = 1 - weight
        spread[np.arange(SIZE), np.minimum(low + 1, grid - 1)] += weight
        values = rng.uniform(-1, 1, (n, grid, grid)).astype(np.float32)
        total += np.einsum("ij,njk,lk->nil", spread, values, spread, optimize=True) / 1.6**octave
    return total


def draw_each(rng: Rng, n: int, low: float, high: float) -> np.ndarray:
    """Draw one number a tile, shaped to multiply with (n, 64, 64)."""
    return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)


def turned(rng: Rng, n: int, angle: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in pixels from the middle, turned by a random angle a tile."""
    angle = draw_each(rng, n, 0, np.pi) if angle is None else angle
    x, y = X - SIZE / 2, Y - SIZE / 2
    return x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)


def mix(base: np.ndarray, over: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """``over`` (colours that broadcast) on ``base`` (n, 64, 64, 3) where ``mask`` is 1."""
    return base + mask[..., None] * (over - base)


def colours(rng: Rng, n: int, palette: list[tuple[int, int, int]], spread: float) -> np.ndarray:
    """Draw one colour a tile (n, 1, 1, 3) on the 0…1 scale: a random palette entry, varied."""
    chosen = np.array(palette, np.float32)[rng.integers(len(palette), size=n)] / 255
    chosen = chosen * rng.normal(1, spread, (n, 1)) + rng.normal(0, spread * 0.08, (n, 3))
    return np.clip(chosen, 0.02, 1)[:, None, None, :].astype(np.float32)


def parcels(rng: Rng, n: int, count: int, narrow: float) -> tuple[np.ndarray, np.ndarray]:
    """Field parcels: their numbers (n, 64, 64) and the distance to the border in pixels.

    Cells of the largest-coordinate distance in a turned frame look like ploughed land.
    """
    u, v = turned(rng, n)
    seeds = rng.uniform(-45, 45, (n, count, 2)).astype(np.float32)
    stretch = draw_each(rng, n, 1, narrow)[..., None]
    du = np.abs(u[..., None] - seeds[:, None, None, :, 0]) * stretch
    dv = np.abs(v[..., None] - seeds[:, None, None, :, 1])
    distance = np.maximum(du, dv)
    nearest = np.sort(distance, axis=-1)[..., :2]
    return distance.argmin(-1), nearest[..., 1] - nearest[..., 0]


def paint_parcels(rng: Rng, which: np.ndarray, palettes: np.ndarray) -> np.ndarray:
    """Colours of the parcels: ``palettes`` (n, count, 3) → (n, 64, 64, 3)."""
    n = len(which)
    return palettes[np.arange(n)[:, None, None], which]


def stripes(rng: Rng, n: int, low: float, high: float) -> np.ndarray:
    """Parallel rows, −1…1, ``low``…``high`` pixels apart."""
    u, _ = turned(rng, n)
    wobble = 1.5 * noise(rng, n, 3)
    return np.sin(2 * np.pi * (u + wobble) / draw_each(rng, n, low, high))


def band(rng: Rng, n: int, low: float, high: float, bend: float) -> np.ndarray:
    """Draw a soft-edged band through the tile (0…1), ``low``…``high`` pixels wide, bent."""
    u, v = turned(rng, n)
    middle = draw_each(rng, n, -14, 14) + draw_each(rng, n, -bend, bend) * (v / 32) ** 2
    middle = middle + bend * 0.5 * np.sin(v / draw_each(rng, n, 8, 16) + draw_each(rng, n, 0, 6))
    half = draw_each(rng, n, low, high) / 2
    return np.clip(half - np.abs(u - middle) + 0.5, 0, 1)


def boxes(
    rng: Rng, n: int, count: int, sizes: tuple[float, float], angle: np.ndarray, pitch: float
) -> tuple[np.ndarray, np.ndarray]:
    """Roofs: coverage (n, 64, 64) and a brightness for each roof, 0…1, aligned to ``angle``.

    ``pitch`` > 0 snaps the roofs to rows that far apart, as streets do.
    """
    u, v = turned(rng, n, angle)
    cover = np.zeros((n, SIZE, SIZE), np.float32)
    bright = np.zeros((n, SIZE, SIZE), np.float32)
    for _ in range(count):
        cu, cv = draw_each(rng, n, -42, 42), draw_each(rng, n, -42, 42)
        if pitch:
            cv = np.round(cv / pitch) * pitch + draw_each(rng, n, -1, 1)
        half_u, half_v = draw_each(rng, n, *sizes) / 2, draw_each(rng, n, *sizes) / 2
        one = np.clip(half_u - np.abs(u - cu) + 0.5, 0, 1)
        one *= np.clip(half_v - np.abs(v - cv) + 0.5, 0, 1)
        bright = bright * (1 - one) + one * draw_each(rng, n, 0, 1)
        cover = np.maximum(cover, one)
    return cover, bright
