"""Packed files measured as they are: by anyone who has the tiles, without the checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save

from lcc_core.checkpoints.packed import load_compressed
from lcc_core.compression.compressed import Compressed
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import split_from
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.measure import Origin, Sample, measure
from lcc_core.measure.measurement import Measurement
from lcc_core.models import ModelSpec


def measure_file(
    path: Path,
    home: Home,
    data: str | None = None,
    part: str = "test",
    *,
    hooks: Hooks = QUIET,
) -> Measurement:
    """Accuracy and sizes of a packed file on ``part`` of the set it names, or of ``data``."""
    compressed = load_compressed(path)
    spec, facts = compressed.model.spec, compressed.model.header
    known, split = facts.get("measurement") or {}, facts["extra"].get("split", {})
    trained = known.get("data")
    if not (data or trained):
        raise DataError(f"{path.name} does not say what it was trained on.", "Name it with --data.")
    tiles = load_tiles(data or trained, home, hooks)
    if tiles.name == trained and tiles.fingerprint != known.get("fingerprint"):
        raise DataError(
            f"The tiles of {tiles.name!r} here are not those {path.name} was trained on.",
            "Training tiles could be among them: import the set again, or name another.",
        )
    ids = foreign_ids(tiles, spec, split, part)
    row = measure(
        compressed,
        Origin(known.get("checkpoint", ""), _float_bytes(compressed, known), split),
        Sample(tiles, ids, part),
        hooks=hooks,
    )
    return row.with_file(path.read_bytes())


def _float_bytes(compressed: Compressed, known: dict[str, Any]) -> int:
    """Of the float32 checkpoint file; where the header does not say it, of one made now."""
    return known.get("float_bytes") or len(save(compressed.model.state_dict()))


def foreign_ids(tiles: TileSet, spec: ModelSpec, split: dict[str, Any], part: str) -> np.ndarray:
    """The tiles of ``part`` under the model's own split; its classes and bands must be theirs."""
    if tiles.class_names != spec.class_names or tiles.bands != spec.bands:
        raise DataError(
            f"The model knows {spec.classes} classes in {spec.bands} bands, and those of "
            f"{tiles.name!r} are others.",
            "Name a data set with the same classes with --data.",
        )
    return split_from(tiles, split).part(part)
