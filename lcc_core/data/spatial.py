"""Spatially disjoint parts of a scene: no training patch shares a pixel with a test patch.

The scene is cut into groups (square blocks, or the connected regions of each class); every group
goes to the part that lacks its classes most, rare classes first; then pixels whose patch would
touch a patch of an earlier part are left out. Of many random cuts the one that leaves every class
most is taken, so the same seed always gives the same parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from lcc_core.data.scene import Scene
from lcc_core.errors import DataError

TRIES, MOST_TRIES = 40, 400  # the most are made only while a class is missing in a part
FEWEST = 3  # pixels of a class in each part
# Blocks or regions, and shares of train / validation / test before the guard is left out.
SPATIAL: dict[str, tuple[str, tuple[float, float, float]]] = {
    "blocks-30/10/60": ("blocks", (0.30, 0.10, 0.60)),
    "regions-30/10/60": ("regions", (0.30, 0.10, 0.60)),
}


@dataclass(frozen=True)
class Parts:
    """Indices into the scene's labelled pixels, and what is known of how they lie.

    ``facts``: ``distance`` is the smallest Chebyshev distance in pixels between the parts (patches
    share none from ``patch`` on); ``unused`` pixels are in no part.
    """

    train: np.ndarray = field(repr=False)
    validation: np.ndarray = field(repr=False)
    test: np.ndarray = field(repr=False)
    facts: dict[str, Any]


def disjoint_parts(scene: Scene, protocol: str, seed: int) -> Parts:
    """Draw the parts of a protocol in ``SPATIAL``.

    Raises ``DataError`` that names classes that are too small.
    """
    return _parts(_Task(scene.fingerprint, protocol, seed, scene))


@dataclass(frozen=True)
class _Task:
    """Equal for equal contents; the scene itself comes along."""

    fingerprint: str
    protocol: str
    seed: int
    scene: Scene = field(compare=False, repr=False)


@lru_cache(maxsize=8)
def _parts(task: _Task) -> Parts:
    scene, (kind, shares) = task.scene, SPATIAL[task.protocol]
    labels, classes = scene.label_map(), len(scene.class_names)
    wanted = np.outer(shares, scene.class_counts())
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for number in range(MOST_TRIES):
        if number >= TRIES and best and best[0] >= classes:
            break
        generator = np.random.default_rng([task.seed, number])
        side = scene.patch * int(generator.integers(1, 5))
        groups = block_groups(labels, side, generator)
        if kind == "regions":
            groups = region_groups(labels, groups)
        parts = guard(assign(labels, groups, shares, generator), scene.patch)
        got = np.stack([np.bincount(labels[parts == p], minlength=classes) for p in range(3)])
        # First of all every class must be in every part, then as full as it was meant to be.
        score = (got.min(0) >= FEWEST).sum() + np.minimum(got / wanted, 1).mean()
        if best is None or score > best[0]:
            best = score, parts, got
    assert best is not None
    _, parts, got = best
    _check(scene, task.protocol, got)
    rows, columns = scene.positions.T
    part_of = parts[rows, columns]
    train, validation, test = (np.flatnonzero(part_of == part) for part in range(3))
    facts = {
        "patch": scene.patch,
        "distance": {
            "train-test": nearest(scene, train, test),
            "train-validation": nearest(scene, train, validation),
            "validation-test": nearest(scene, validation, test),
        },
        "unused": int((part_of < 0).sum()),
    }
    return Parts(train, validation, test, facts)


def block_groups(labels: np.ndarray, side: int, generator: np.random.Generator) -> np.ndarray:
    """Group numbers (H, W) of square blocks, from a random corner."""
    rows, columns = np.indices(labels.shape)
    down, right = generator.integers(0, side, 2)
    return (rows + down) // side * (labels.shape[1] + side) + (columns + right) // side


def region_groups(labels: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Group numbers (H, W) of each class's connected regions (corners connect).

    A region of more than a third of its class is cut at the ``blocks``: no part could do without.
    """
    from scipy.ndimage import label

    groups = np.zeros(labels.shape, np.int64)
    for number in range(labels.max() + 1):
        mask = labels == number
        found, count = label(mask, np.ones((3, 3)))
        large = np.bincount(found[mask], minlength=count + 1) > mask.sum() / 3
        cell = np.where(large[found], blocks + 1, 0)
        key = (found * (blocks.max() + 2) + cell)[mask]
        groups[mask] = np.unique(key, return_inverse=True)[1] + groups.max() + 1
    return groups


def assign(
    labels: np.ndarray,
    groups: np.ndarray,
    shares: tuple[float, ...],
    generator: np.random.Generator,
) -> np.ndarray:
    """Assign every labelled pixel to a part, (H, W); −1 elsewhere. A group stays whole."""
    known = labels >= 0
    names, inverse = np.unique(groups[known], return_inverse=True)
    counts = np.zeros((len(names), labels.max() + 1))
    np.add.at(counts, (inverse, labels[known]), 1)
    weight = counts / counts.sum(0)  # of each class, the share that lies in a group
    filled = np.zeros((len(shares), counts.shape[1]))
    part = np.zeros(len(names), np.int64)
    order = generator.permutation(len(names))
    for group in order[np.argsort(-weight[order].max(1), kind="stable")]:
        lack = np.clip(1 - filled / np.asarray(shares)[:, None], -1, 1)
        part[group] = np.argmax(lack @ weight[group] + 1e-9 * generator.random(len(shares)))
        filled[part[group]] += weight[group]
    result = np.full(labels.shape, -1)
    result[known] = part[inverse]
    return result


def guard(parts: np.ndarray, patch: int) -> np.ndarray:
    """Leave out (−1) what is nearer than ``patch`` to an earlier part: train, validation, test."""
    parts = parts.copy()
    for part in (1, 2):
        earlier = (parts >= 0) & (parts < part)
        parts[(parts == part) & near(earlier, patch)] = -1
    return parts


def near(mask: np.ndarray, patch: int) -> np.ndarray:
    """Pixels whose patch shares a pixel with one around a pixel of ``mask``."""
    from scipy.ndimage import maximum_filter

    return maximum_filter(mask.astype(np.uint8), 2 * patch - 1, mode="constant") > 0


def nearest(scene: Scene, some: np.ndarray, others: np.ndarray) -> int:
    """Smallest Chebyshev distance in pixels between two sets of labelled pixels."""
    from scipy.spatial import cKDTree

    if not len(some) or not len(others):
        return 0
    tree = cKDTree(scene.positions[some])
    return int(tree.query(scene.positions[others], p=np.inf)[0].min())


def touching(scene: Scene, train: np.ndarray, test: np.ndarray) -> float:
    """Compute the share of ``test`` patches that share a pixel with a ``train`` patch."""
    mask = scene.spread(np.ones(len(train), bool), train, rest=False)
    rows, columns = scene.positions[test].T
    return float(near(mask, scene.patch)[rows, columns].mean())


def _check(scene: Scene, protocol: str, got: np.ndarray) -> None:
    small = [n for n, few in zip(scene.class_names, got.min(0) < FEWEST, strict=True) if few]
    if small:
        raise DataError(
            f"{scene.name!r} cannot be split by {protocol}: with patches of {scene.patch}×"
            f"{scene.patch} pixels there is no room to keep {', '.join(small)} apart in three "
            f"parts of {FEWEST} pixels or more.",
            "Import it with smaller patches (--patch) or without these classes (--without), or "
            "split at random.",
        )
