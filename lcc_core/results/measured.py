"""Measurements by content: what was measured once is never computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lcc_core.checkpoints.packed import pack
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.compressed import Compressed
from lcc_core.compression.plan import Plan
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home, content_id
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.evaluate import predict
from lcc_core.measure.measure import Origin, Sample, measure
from lcc_core.measure.measurement import ENGINE, Measurement
from lcc_core.measure.metrics import wilson_interval
from lcc_core.models.device import Compute, choose_device, choose_precision
from lcc_core.results.table import make_row, read_row, write_row
from lcc_core.workspace import Workspace

VERSION = 1  # raise when a change of the engine changes what a plan yields


def result_key(checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> str:
    """A hash of all that decides what a plan yields: the name of whatever is stored of it."""
    return result_keys(checkpoint, plan, part, precision)[0]


def result_keys(checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> list[str]:
    """The names under which it may be stored: the present one first, then one from before."""
    key = {
        "checkpoint": checkpoint.id,
        "trained": checkpoint.created,
        "part": part,
        "precision": choose_precision(precision, choose_device("cpu")),
        "version": VERSION,
        "engine": ENGINE,
    }
    return [content_id(key | {"plan": identity}, 24) for identity in plan.ids]


def _path(home: Home, checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> Path:
    return first_there(home.results, result_keys(checkpoint, plan, part, precision), ".json")


def first_there(folder: Path, keys: Sequence[str], suffix: str) -> Path:
    """The first of these files that is there; the first of all where none is."""
    paths = [folder / f"{key}{suffix}" for key in keys]
    return next((path for path in paths if path.is_file()), paths[0])


def cached_measurement(
    home: Home, checkpoint: Checkpoint, plan: Plan, part: str = "test", precision: str = "auto"
) -> Measurement | None:
    """The stored row, or ``None``. A damaged one counts as none and is measured again."""
    path = _path(home, checkpoint, plan, part, precision)
    row = read_row(path)
    if row is None:
        return None
    if row.plan.chosen_on == "test" != plan.chosen_on:
        # The same settings, found without a look at the test tiles: the row is no longer marked.
        row = make_row(replace(row.measurement, method=plan.method), checkpoint, plan)
        write_row(path, row)
    return row.measurement


def measure_plan(
    workspace: Workspace,
    checkpoint: Checkpoint,
    plan: Plan,
    part: str = "test",
    precision: str = "auto",
    hooks: Hooks = QUIET,
) -> Measurement:
    """Apply a plan and measure it, unless that is stored already.

    Beside the test part the validation part is measured too, to choose by.

    Args:
        workspace: the home with its tiles and models.
        checkpoint: what is compressed.
        plan: how.
        part: ``"test"``, ``"validation"`` or ``"train"`` of the checkpoint's own split.
        precision: ``"auto"``, ``"float32"`` or ``"bf16"``.
        hooks: progress and cancel.
    """
    if found := cached_measurement(workspace.home, checkpoint, plan, part, precision):
        return found
    return measure_anew(workspace, checkpoint, plan, part, precision, hooks)


def measure_anew(
    workspace: Workspace,
    checkpoint: Checkpoint,
    plan: Plan,
    part: str = "test",
    precision: str = "auto",
    hooks: Hooks = QUIET,
) -> Measurement:
    """Measure a plan whatever is stored, and store the row; arguments as :func:`measure_plan`."""
    row = measure(
        workspace.compressed(checkpoint, plan, hooks),
        Origin(checkpoint.id, checkpoint.bytes, checkpoint.split),
        Sample.of(workspace.tiles(checkpoint.data), workspace.split(checkpoint), part),
        Compute(precision=precision),
        hooks,
    )
    home = workspace.home
    if home.writable:  # one that is read-only is shown what was measured, and keeps none of it
        write_row(_path(home, checkpoint, plan, part, precision), make_row(row, checkpoint, plan))
    return row


@dataclass(frozen=True)
class Estimate:
    """Accuracy on ``tiles`` of the ``of`` tiles that are about to be measured, with its 95 %
    ``interval``. ``flatters``: the settings were chosen on these very tiles."""

    oa: float
    interval: tuple[float, float]
    tiles: int
    of: int
    flatters: bool

    @property
    def where(self) -> str:
        chosen = ", on which it was chosen: it flatters" if self.flatters else ""
        return f"{self.tiles:,} of the {self.of:,} test tiles{chosen}"


def packed_content(
    workspace: Workspace,
    checkpoint: Checkpoint,
    plan: Plan,
    part: str = "test",
    precision: str = "auto",
    hooks: Hooks = QUIET,
) -> tuple[bytes, Measurement]:
    """The packed file of a plan, and the row that was measured on that very file.

    Compressed again, a model can differ in its last bits: sums depend on the processor and the
    number of threads. Then the row is measured anew on what is handed out, and takes the place of
    the older one. Arguments as :func:`measure_plan`.
    """
    compressed, extra = workspace.compressed(checkpoint, plan, hooks), {"split": checkpoint.split}
    if stored := read_row(_path(workspace.home, checkpoint, plan, part, precision)):
        # Plans that do the same share a row; the file tells of the one that was measured.
        compressed, row = replace(compressed, plan=stored.plan), stored.measurement
        content = pack(compressed, row.for_header(), extra)
        if row.is_of(content):
            return content, row
    row = measure_anew(workspace, checkpoint, compressed.plan, part, precision, hooks)
    return pack(compressed, row.for_header(), extra), row


def estimate(
    compressed: Compressed, tiles: TileSet, split: Split, n: int = 400, precision: str = "auto"
) -> Estimate:
    """A first look at the measurement on the test part, from an even sample of it.

    Validation tiles would not do: a search may have chosen on all of them.
    """
    ids = split.test[
        np.unique(np.linspace(0, len(split.test) - 1, min(n, len(split.test))).astype(int))
    ]
    answers = predict(compressed.model, tiles, ids, Compute(precision=precision))
    right = int((answers == tiles.labels[ids]).sum())
    return Estimate(
        right / len(ids),
        wilson_interval(right, len(ids)),
        len(ids),
        len(split.test),
        compressed.plan.chosen_on == "test",
    )
