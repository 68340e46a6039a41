"""The noun ``TileSet``: labelled tiles in one memory-mapped array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from lcc_core.errors import require


@dataclass(frozen=True, eq=False)
class TileSet:
    """Labelled tiles.

    ``images`` uint8 (N, H, W, C), memory-mapped; ``labels`` int64 (N,); ``mean`` and ``std`` per
    band on the 0…1 scale, of all tiles (a model takes those of its training part); ``fingerprint``
    sha256 of images, labels and class names. ``test_ids`` is set only where the data set brings its
    own test part.
    """

    values: ClassVar[type] = np.uint8

    name: str
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    source: str = ""
    synthetic: bool = False
    test_ids: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require(self.images.ndim == 4, "images.shape", self.images.shape, "(N, H, W, C)")
        right = self.images.dtype == self.values
        require(right, "images.dtype", self.images.dtype, self.values.__name__)
        require(
            self.labels.shape == self.images.shape[:1],
            "labels.shape",
            self.labels.shape,
            f"one label for each of the {len(self.images)} tiles",
        )
        require(len(self.class_names) >= 2, "class_names", self.class_names, "two or more names")
        bands = self.images.shape[3]
        require(len(self.mean) == bands == len(self.std), "mean, std", self.mean, f"{bands} values")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def bands(self) -> int:
        return self.images.shape[3]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.images.shape[1], self.images.shape[2]

    def thumbnail(self, index: int) -> np.ndarray:
        """Show a tile as a picture for people: uint8 (H, W, 3) or (H, W)."""
        tile = np.asarray(self.images[index])
        return tile[..., :3] if self.bands >= 3 else tile[..., 0]

    def class_counts(self, ids: np.ndarray | None = None) -> np.ndarray:
        """Count the tiles of each class among ``ids``, or among all: int64 (classes,)."""
        labels = self.labels if ids is None else self.labels[ids]
        return np.bincount(labels, minlength=len(self.class_names))
