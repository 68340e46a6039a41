"""A hyperspectral scene as a set of tiles: a patch around every labelled pixel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, cast

import numpy as np

from lcc_core.data.patches import Patches
from lcc_core.data.tiles import TileSet
from lcc_core.errors import require

BACKGROUND = -1  # in maps of class numbers


@dataclass(frozen=True, eq=False)
class Scene(TileSet):
    """``images`` are :class:`Patches`; tile i is the patch around ``positions[i]``.

    ``mean`` and ``std`` are those of the labelled pixels in the cube's own unit; a classifier is
    given those of its training pixels. ``rgb``: the bands of the false-colour picture.
    """

    values: ClassVar[type] = np.float32
    # Patches are read as an array is.
    images: Patches  # pyright: ignore[reportIncompatibleVariableOverride]
    rgb: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        require(
            isinstance(cast(object, self.images), Patches), "images", type(self.images), "Patches"
        )
        super().__post_init__()
        known = all(0 <= band < self.bands for band in self.rgb)
        require(known, "rgb", self.rgb, f"bands 0…{self.bands - 1}")

    @property
    def cube(self) -> np.ndarray:
        """float32 (H, W, B)."""
        return self.images.cube

    @property
    def positions(self) -> np.ndarray:
        """Row and column of every labelled pixel, int64 (N, 2)."""
        return self.images.positions

    @property
    def patch(self) -> int:
        """Pixels a side of a patch."""
        return self.images.side

    @property
    def extent(self) -> tuple[int, int]:
        """Height and width of the scene in pixels."""
        return self.images.scene

    def spectra(self, ids: np.ndarray) -> np.ndarray:
        """Take the spectra of the labelled pixels ``ids``, float32 (n, B)."""
        rows, columns = self.positions[ids].T
        return self.cube[rows, columns]

    def spread(self, values: np.ndarray, ids: np.ndarray, rest: int = BACKGROUND) -> np.ndarray:
        """Make a map (H, W) with ``values`` (n,) at the pixels ``ids`` and ``rest`` elsewhere."""
        picture = np.full(self.extent, rest, np.asarray(values).dtype)
        rows, columns = self.positions[ids].T
        picture[rows, columns] = values
        return picture

    def label_map(self) -> np.ndarray:
        """Make a map of class numbers int64 (H, W); ``BACKGROUND`` where nothing is known."""
        return self.spread(self.labels, np.arange(len(self)))

    @cached_property
    def picture(self) -> np.ndarray:
        """False colour uint8 (H, W, 3), each band stretched from its 2nd to its 98th percentile."""
        bands = np.stack([self.cube[..., band] for band in self.rgb], axis=-1)
        low, high = np.percentile(bands, (2, 98), axis=(0, 1))
        share = (bands - low) / np.maximum(high - low, 1e-12)
        return (255 * np.clip(share, 0, 1)).astype(np.uint8)

    def thumbnail(self, index: int) -> np.ndarray:
        """Cut the patch ``index`` out of :attr:`picture`; it ends at the scene's edges."""
        margin = self.patch // 2
        row, column = self.positions[index]
        top, left = max(0, row - margin), max(0, column - margin)
        return self.picture[top : row + margin + 1, left : column + margin + 1]

    def everywhere(self, side: int | None = None) -> Scene:
        """Take every pixel, labelled or not, row by row, with patches of ``side`` if it is said."""
        images = self.images.narrow(side or self.patch).everywhere()
        return replace(self, images=images, labels=self.label_map().ravel())
