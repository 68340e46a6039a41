"""Measurements by content: what was measured once is never computed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.apply import Compressed, apply
from lcc_core.compression.plan import Plan
from lcc_core.compression.recalibration import Calibration, calibration_tiles
from lcc_core.data.splits import Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError
from lcc_core.files import Home, content_id
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measure import Origin, measure
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import wilson_interval
from lcc_core.models import Classifier
from lcc_core.models.device import choose_device, choose_precision
from lcc_core.progress import OnProgress, ShouldStop, ignore, never
from lcc_core.studies.table import make_row, read_row, write_row

VERSION = 1  # raise when a change of the engine changes what a plan yields


def checkpoint_split(checkpoint: Checkpoint, tiles: TileSet) -> Split:
    """The split the checkpoint was trained on. ``DataError`` for tiles it was not trained on."""
    if tiles.fingerprint != checkpoint.fingerprint:
        raise DataError(
            f"The tiles of {tiles.name!r} are not those checkpoint {checkpoint.id} was trained on.",
            "Training tiles could be among them: measure on the set it names, or train again.",
        )
    split = make_split(tiles, checkpoint.split["protocol"], checkpoint.split["seed"])
    if coreset := checkpoint.split.get("coreset"):
        return split.only(checkpoint.trained_on(), coreset)
    return split


def calibration_for(plan: Plan, tiles: TileSet, split: Split) -> Calibration | None:
    """The training tiles that a plan recalibrates on, if it does."""
    if not plan.recalibrate or plan.is_float:
        return None
    return calibration_tiles(tiles, split, plan.recalibrate)


def result_key(checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> str:
    """A hash of all that decides what a plan yields: the name of whatever is stored of it."""
    key = {
        "checkpoint": checkpoint.id,
        "trained": checkpoint.created,
        "plan": plan.id,
        "part": part,
        "precision": choose_precision(precision, choose_device("cpu")),
        "version": VERSION,
    }
    return content_id(key, 24)


def _path(home: Home, checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> Path:
    return home.results / f"{result_key(checkpoint, plan, part, precision)}.json"


def cached_measurement(
    home: Home, checkpoint: Checkpoint, plan: Plan, part: str = "test", precision: str = "auto"
) -> Measurement | None:
    """The stored row, or ``None``. A damaged one counts as none and is measured again."""
    row = read_row(_path(home, checkpoint, plan, part, precision))
    return row.measurement if row else None


def measure_plan(
    home: Home,
    checkpoint: Checkpoint,
    plan: Plan,
    tiles: TileSet,
    split: Split,
    part: str = "test",
    precision: str = "auto",
    on_progress: OnProgress = ignore,
    should_stop: ShouldStop = never,
    use_cache: bool = True,
    compressed: Compressed | None = None,
    compress: Callable[[], Compressed] | None = None,
) -> Measurement:
    """Apply, measure and remember. ``compressed``: the plan applied already, if at hand;
    ``compress``: applies it, where model and calibration tiles are at hand."""
    if use_cache and (found := cached_measurement(home, checkpoint, plan, part, precision)):
        return found
    if compressed is None and compress is not None:
        compressed = compress()
    row = measure(
        compressed or apply(checkpoint.model(), plan, calibration_for(plan, tiles, split)),
        Origin(checkpoint.id, checkpoint.bytes, checkpoint.split),
        tiles,
        split.part(part),
        part,
        precision=precision,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    path = _path(home, checkpoint, plan, part, precision)
    if home.writable:  # one that is read-only is shown what was measured, and keeps none of it
        write_row(path, make_row(row, checkpoint, plan))
    return row


def estimate(
    model: Classifier, tiles: TileSet, split: Split, n: int = 400, precision: str = "auto"
) -> tuple[float, float, float, int]:
    """Accuracy on an even sample of the selection part, its 95 % interval, and the sample size."""
    ids = split.part(split.selection)
    ids = ids[np.unique(np.linspace(0, len(ids) - 1, min(n, len(ids))).astype(int))]
    right = int((predict(model, tiles, ids, precision=precision) == tiles.labels[ids]).sum())
    return right / len(ids), *wilson_interval(right, len(ids)), len(ids)
