"""The split that a checkpoint was trained on, made again on the tiles at hand."""

from __future__ import annotations

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.data.splits import Split, split_from
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError


def checkpoint_split(checkpoint: Checkpoint, tiles: TileSet) -> Split:
    """The split the checkpoint was trained on. ``DataError`` for tiles it was not trained on."""
    if tiles.fingerprint != checkpoint.fingerprint:
        raise DataError(
            f"The tiles of {tiles.name!r} are not those checkpoint {checkpoint.id} was trained on.",
            "Training tiles could be among them: measure on the set it names, or train again.",
        )
    split = split_from(tiles, checkpoint.split)
    if coreset := checkpoint.split.get("coreset"):
        return split.only(checkpoint.trained_on(), coreset)
    return split
