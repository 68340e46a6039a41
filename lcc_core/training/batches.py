"""Tiles by the batch: at hand or cut when they are needed, augmented a whole batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
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


def augment(batch: Tensor) -> Tensor:
    """The batch is shuffled, so an eighth of it for each of the eight symmetries is random."""
    parts = [dihedral(part, which) for which, part in enumerate(batch.tensor_split(8))]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def shuffled(n: int, batch: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Positions 0…n−1 in random order. Batch norm needs two: a single last one joins the batch
    before it."""
    order = generator.permutation(n)
    for number in range(count := batch_count(n, batch)):
        yield order[number * batch : (number + 1) * batch if number < count - 1 else n]


def batch_count(n: int, batch: int) -> int:
    return n // batch + (n % batch > 1)
