"""Patches of a scene, cut from one array when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lcc_core.errors import require

LARGEST_SIDE = 63  # pixels


@dataclass(frozen=True, eq=False)
class Patches:
    """Reads like an array float32 (N, side, side, B), and holds none but the padded cube.

    ``padded`` float32 (H + 2m, W + 2m, B) with m = (side − 1) / 2, mirrored at the edges;
    ``positions`` int64 (N, 2), row and column of each patch's centre in the scene.
    """

    padded: np.ndarray = field(repr=False)
    positions: np.ndarray = field(repr=False)
    side: int

    @classmethod
    def of(cls, cube: np.ndarray, positions: np.ndarray, side: int) -> Patches:
        """``cube`` (H, W, B) of any number type. ``ValueError`` for a side that is not odd or
        larger than what the scene can be mirrored by."""
        require(side % 2 == 1 and 1 <= side <= LARGEST_SIDE, "patch", side, "odd, 1…63")
        margin = side // 2
        require(margin < min(cube.shape[:2]), "patch", side, f"smaller for {cube.shape[:2]} pixels")
        padded = np.pad(cube, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        return cls(padded.astype(np.float32, copy=False), positions, side)

    def __post_init__(self) -> None:
        height, width = self.scene
        inside = (self.positions >= 0).all() and (self.positions < (height, width)).all()
        require(bool(inside), "positions", self.positions, f"inside the {height}×{width} scene")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.positions), self.side, self.side, self.padded.shape[2]

    ndim = 4

    @property
    def dtype(self) -> np.dtype:
        return self.padded.dtype

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def scene(self) -> tuple[int, int]:
        """Height and width of the scene."""
        margin = 2 * (self.side // 2)
        return self.padded.shape[0] - margin, self.padded.shape[1] - margin

    @property
    def cube(self) -> np.ndarray:
        """The scene itself, (H, W, B): a view."""
        margin, (height, width) = self.side // 2, self.scene
        return self.padded[margin : margin + height, margin : margin + width]

    @cached_property
    def _windows(self) -> np.ndarray:
        """(H, W, side, side, B): a view of every patch."""
        windows = sliding_window_view(self.padded, (self.side, self.side), axis=(0, 1))
        return windows.transpose(0, 1, 3, 4, 2)

    def __getitem__(self, ids: int | slice | np.ndarray) -> np.ndarray:
        """Cut out the patches ``ids``: (n, side, side, B), or (side, side, B) for a single one."""
        rows, columns = np.moveaxis(self.positions[ids], -1, 0)
        return self._windows[rows, columns]

    def everywhere(self) -> Patches:
        """Take a patch around every pixel of the scene, row by row."""
        return replace(self, positions=np.argwhere(np.ones(self.scene, bool)))

    def narrow(self, side: int) -> Patches:
        """Smaller patches around the same pixels, from the same memory."""
        require(side % 2 == 1 and 1 <= side <= self.side, "side", side, f"odd, 1…{self.side}")
        cut = (self.side - side) // 2
        rows, columns = self.padded.shape[:2]
        inner = self.padded[cut : rows - cut, cut : columns - cut]
        return Patches(inner, self.positions, side)
