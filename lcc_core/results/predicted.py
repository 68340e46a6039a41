"""Predictions by content: the answer to every tile of a part, kept beside the measurements."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.files import Home, remember
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.evaluate import logits
from lcc_core.models.device import Compute
from lcc_core.results.measured import first_there, result_keys
from lcc_core.workspace import Workspace

# What reading a cut or altered archive may raise.
DAMAGED = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, SyntaxError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of each tile: its id int64, the class answered int64, that answer's probability float32.

    All (n,), in the order of the part.
    """

    ids: np.ndarray
    answers: np.ndarray
    probability: np.ndarray


def _path(home: Home, checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> Path:
    return first_there(home.predictions, result_keys(checkpoint, plan, part, precision), ".npz")


def cached_predictions(
    home: Home, checkpoint: Checkpoint, plan: Plan, part: str = "test", precision: str = "auto"
) -> Predictions | None:
    """What is stored, or ``None``. A damaged file counts as none and is computed again."""
    try:
        with np.load(_path(home, checkpoint, plan, part, precision), allow_pickle=False) as archive:
            found = Predictions(archive["ids"], archive["answers"], archive["probability"])
    except DAMAGED:
        return None
    return found if _sound(found, len(checkpoint.spec.class_names)) else None


def _sound(found: Predictions, classes: int) -> bool:
    kinds = {"ids": np.int64, "answers": np.int64, "probability": np.float32}
    arrays = {name: getattr(found, name) for name in kinds}
    return (
        all(array.dtype == kinds[name] for name, array in arrays.items())
        and all(array.shape == (len(found.ids),) for array in arrays.values())
        and bool(((found.answers >= 0) & (found.answers < classes)).all())
        and bool(((found.probability >= 0) & (found.probability <= 1)).all())
    )


def predictions(
    workspace: Workspace,
    checkpoint: Checkpoint,
    plan: Plan,
    part: str = "test",
    precision: str = "auto",
    hooks: Hooks = QUIET,
) -> Predictions:
    """Answers for the tiles of a part of the checkpoint's split; stored ones are taken.

    Arguments as :func:`~lcc_core.results.measured.measure_plan`.
    """
    home = workspace.home
    ids = np.asarray(workspace.split(checkpoint).part(part), np.int64)
    found = cached_predictions(home, checkpoint, plan, part, precision)
    if found is not None and np.array_equal(found.ids, ids):
        return found
    scores = logits(
        workspace.compressed(checkpoint, plan, hooks).model,
        workspace.tiles(checkpoint.data),
        ids,
        Compute(precision=precision),
        hooks,
    )
    answers = scores.argmax(1)  # as `predict` has it
    probability = scores.double().softmax(1).gather(1, answers[:, None])[:, 0].float()
    made = Predictions(ids, answers.numpy(), probability.numpy())
    _store(home, _path(home, checkpoint, plan, part, precision), made)
    return made


def _store(home: Home, path: Path, made: Predictions) -> None:
    content = io.BytesIO()
    np.savez(content, ids=made.ids, answers=made.answers, probability=made.probability)
    remember(home, path, content.getvalue())
