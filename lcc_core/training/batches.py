"""Tiles by the batch: at hand or cut when they are needed, augmented a whole batch at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lcc_core.data.scene import Scene
from lcc_core.data.tiles import TileSet


def gather(tiles: TileSet, ids: np.ndarray) -> Tensor:
    """uint8, or of scenes float32, (n, C, H, W): a view of channels-last memory."""
    return torch.from_numpy(np.ascontiguousarray(tiles.images[ids])).permute(0, 3, 1, 2)


class Uncut:
    """Stands for the patches ``ids`` of a scene; cuts only those that are asked for."""

    def __init__(self, tiles: TileSet, ids: np.ndarray) -> None:
        self.tiles, self.ids = tiles, ids

    def __getitem__(self, places: Tensor) -> Tensor:
        return gather(self.tiles, self.ids[places.numpy()])


def held(tiles: TileSet, ids: np.ndarray) -> Tensor | Uncut:
    """What a training run keeps of its tiles: all of them, but of a scene the cube alone."""
    return Uncut(tiles, ids) if isinstance(tiles, Scene) else gather(tiles, ids)


def dihedral(batch: Tensor, which: int) -> Tensor:
    """One of the eight flips and quarter turns of a square tile (four where it is not)."""
    if which & 1:
        batch = batch.flip(3)
    if which & 2:
        batch = batch.flip(2)
    if which & 4 and batch.shape[2] == batch.shape[3]:
        batch = batch.transpose(2, 3)
    return batch


def augment(batch: Tensor, kind: str = "dihedral") -> Tensor:
    """A changed batch (n, C, H, W), by one of the kinds a recipe knows.

    The batch is shuffled, so an equal part of it for each of the symmetries is random.
    """
    symmetries = 8 if kind == "dihedral" else 4
    parts = [dihedral(part, which) for which, part in enumerate(batch.tensor_split(symmetries))]
    whole = torch.cat(parts)
    changed = affine(whole) if kind == "affine" else whole
    return changed.contiguous(memory_format=torch.channels_last)


TURN, SHIFT, ZOOM = math.radians(15), 0.1, 0.1


def affine(batch: Tensor) -> Tensor:
    """Each tile turned by up to 15°, shifted by up to a tenth of a side and zoomed by up to a
    tenth, mirrored beyond its edge; drawn from torch's generator. The type stays."""
    n = len(batch)
    turn, x, y, zoom = (2 * torch.rand(n) - 1 for _ in range(4))
    cos, sin = torch.cos(TURN * turn), torch.sin(TURN * turn)
    scale = 1 + ZOOM * zoom
    rows = [scale * cos, -scale * sin, 2 * SHIFT * x, scale * sin, scale * cos, 2 * SHIFT * y]
    matrix = torch.stack(rows, 1).view(n, 2, 3)
    grid = F.affine_grid(matrix, list(batch.shape), align_corners=False)
    moved = F.grid_sample(
        batch.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return (moved if batch.is_floating_point() else moved.round()).to(batch.dtype)


def shuffled(n: int, batch: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Positions 0…n−1 in random order. Batch norm needs two: a single last one joins the batch
    before it."""
    order = generator.permutation(n)
    for number in range(count := batch_count(n, batch)):
        yield order[number * batch : (number + 1) * batch if number < count - 1 else n]


def batch_count(n: int, batch: int) -> int:
    """Count the batches of an epoch; a last one of a single tile is left out."""
    return n // batch + (n % batch > 1)
