"""A surrogate of a scene whose cube is not at hand: real label map, real spectra, drawn pixels.

Each pixel is drawn from the mean and covariance of its class's spectra, with coefficients that
vary smoothly over the scene, so that neighbours are alike as they are in a real one. Background
takes the nearest class. What is measured on it says how methods compare, not what they reach on
the real scene.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lcc_core.errors import DataError, require


@dataclass(frozen=True)
class Texture:
    """How pixels vary within a class.

    Attributes:
        smoothness: deviation in pixels of the Gaussian that smooths the coefficients.
        smooth_share: share of their variance that is smooth.
        shrinkage: share of each class's covariance that is taken from its diagonal, as noise of
            its own in every band and pixel; without it the few spectra of a class would span a
            subspace that gives every pixel away.
    """

    smoothness: float = 4.0
    smooth_share: float = 0.5
    shrinkage: float = 0.1

    def __post_init__(self) -> None:
        require(self.smoothness > 0, "smoothness", self.smoothness, "above 0 pixels")
        require(0 <= self.smooth_share <= 1, "smooth_share", self.smooth_share, "0…1")
        require(0 <= self.shrinkage <= 1, "shrinkage", self.shrinkage, "0…1")


def draw_cube(
    labels: np.ndarray,
    spectra: np.ndarray,
    classes: np.ndarray,
    seed: int = 0,
    texture: Texture | None = None,
) -> np.ndarray:
    """Draw a cube for a label map.

    Args:
        labels: (H, W): 1, 2, … with 0 as background.
        spectra: (n, B).
        classes: of the spectra (n,), numbered as the labels are.
        seed: of all chance.
        texture: how pixels vary.

    Returns:
        float32 (H, W, B).

    Raises:
        DataError: where a class has fewer than two spectra.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    texture = texture or Texture()
    smooth_share, shrinkage = texture.smooth_share, texture.shrinkage
    numbers = [int(n) for n in np.unique(labels) if n]
    counts = {n: int((classes == n).sum()) for n in numbers}
    if few := [n for n, count in counts.items() if count < 2]:
        raise DataError(
            f"Class {few[0]} of the label map has {counts[few[0]]} spectra.",
            "Give two or more of every class, and --order where they are numbered differently.",
        )
    nearest = distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    filled = labels[tuple(nearest)]
    generator = np.random.default_rng(seed)
    rank = max(counts.values()) - 1
    smooth = np.empty((rank, *labels.shape), np.float32)
    for field in smooth:
        field[:] = gaussian_filter(
            generator.standard_normal(labels.shape), texture.smoothness, mode="wrap"
        )
        field /= field.std()
    cube = np.empty((*labels.shape, spectra.shape[1]), np.float32)
    for number in numbers:
        here = filled == number
        own = spectra[classes == number]
        mean, directions = covariance_root(own)
        rough = generator.standard_normal((int(here.sum()), len(directions)))
        share = np.sqrt(smooth_share) * smooth[: len(directions), here].T
        drawn = (share + np.sqrt(1 - smooth_share) * rough) @ directions
        noise = generator.standard_normal(drawn.shape) * own.std(0, ddof=1)
        cube[here] = mean + np.sqrt(1 - shrinkage) * drawn + np.sqrt(shrinkage) * noise
    return np.maximum(cube, min(0.0, float(spectra.min())))


def bytes_to_draw(labels: np.ndarray, spectra: np.ndarray, classes: np.ndarray) -> int:
    """Count the bytes that :func:`draw_cube` takes: the cube, and a smooth field for each spectrum
    of the largest class."""
    return (
        4 * labels.size * (spectra.shape[1] + int(np.unique(classes, return_counts=True)[1].max()))
    )


def covariance_root(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean (B,) of ``spectra`` (n, B), and directions (n − 1, B).

    For standard normal z, mean + z·directions has mean and covariance of the spectra.
    """
    mean = spectra.mean(0)
    _, values, directions = np.linalg.svd(spectra - mean, full_matrices=False)
    rank = len(spectra) - 1
    return mean, (values[:rank, None] / np.sqrt(rank)) * directions[:rank]


def renumber(classes: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """Number classes 1, 2, … of the spectra as the label map does: the i-th becomes order[i]."""
    if not order:
        return classes
    if classes.max() > len(order):
        raise DataError(
            f"The spectra have classes up to {classes.max()}, and the order names {len(order)}.",
            "Give --order the label map's number of every class of the spectra.",
        )
    if len(set(order)) != len(order):
        raise DataError(
            f"The order {','.join(map(str, order))} names a class twice.",
            "Give --order another number for every class of the spectra.",
        )
    return np.concatenate([[0], order])[classes]
