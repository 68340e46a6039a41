"""The noun ``Checkpoint`` and the folder that holds them."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save as arrays_bytes
from safetensors.torch import load_file
from safetensors.torch import save as tensors_bytes

from lcc_core.engine import ENGINE
from lcc_core.errors import CheckpointError, LccError
from lcc_core.files import Home, content_id, write_bytes, write_json
from lcc_core.models import Classifier, ModelSpec, build, first_not_finite
from lcc_core.unreadable import ODD, Found, Unreadable, broken, listed, read_json

WEIGHTS, DYNAMICS, FACTS = "model.safetensors", "dynamics.safetensors", "checkpoint.json"
ATTENTION = "attention.safetensors"
IMPORTED = "imported"  # in place of a recipe's name
# What is read of a checkpoint by others than the one it was written by.
KINDS = {
    "id": str, "recipe": dict, "data": str, "fingerprint": str, "synthetic": bool, "split": dict,
    "log": list, "accuracy": dict, "created": str, "seconds": (int, float), "made": dict,
}  # fmt: skip
COLUMNS = "tiles"  # in the dynamics file: which tile each column is


@dataclass(frozen=True)
class Checkpoint:
    """A trained model on disk: weights, recipe, data fingerprint, log, measured accuracy.

    ``accuracy`` maps a part (validation, test) to ``{"oa", "tiles", "precision"}``; ``recipe`` is
    the recipe as JSON; ``split`` holds protocol, seed and, if it was trained on one, the coreset.
    ``made``: what else came of training: accuracies before it, of the teacher, before folding.
    """

    id: str
    path: Path
    recipe: dict[str, Any]
    spec: ModelSpec
    data: str
    fingerprint: str
    synthetic: bool
    split: dict[str, Any]
    log: list[dict[str, float]]
    accuracy: dict[str, dict[str, Any]]
    created: str
    seconds: float
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def arch(self) -> str:
        return self.spec.arch

    @cached_property
    def bytes(self) -> int:
        """Size of the float32 checkpoint file: the numerator of the real ratio."""
        return (self.path / WEIGHTS).stat().st_size

    @property
    def imported(self) -> bool:
        """Trained by another program."""
        return self.recipe.get("preset") == IMPORTED

    @property
    def from_packed(self) -> bool:
        """Imported from a packed file, whose weights are codes already."""
        return self.imported and "unfolded" in self.recipe

    @property
    def title(self) -> str:
        oa = self.accuracy.get("test", {}).get("oa")
        figure = f", {100 * oa:.2f} % test" if oa is not None else ""
        return f"{self.arch}{self.how} on {self.kept}{self.data}{figure} · {self.id[:8]}"

    @property
    def how(self) -> str:
        """What was done beyond plain training, in brackets; nothing for a plain checkpoint."""
        done = variant(self.recipe, self.spec.to_json())
        return f" ({done})" if done else ""

    @property
    def kept(self) -> str:
        """``10 % (forgetting) of `` for one that was trained on a coreset, else nothing."""
        coreset = self.split.get("coreset")
        if not coreset:
            return ""
        balanced = "balanced " if coreset["balanced"] else ""
        return f"{100 * coreset['fraction']:g} % ({balanced}{coreset['method']}) of "

    def model(self) -> Classifier:
        """The float32 classifier, in evaluation mode."""
        model = build(self.spec)
        try:
            model.load_state_dict(load_file(self.path / WEIGHTS))
        except (OSError, SafetensorError, RuntimeError) as error:
            what, fix = f"The file of weights of checkpoint {self.id}", f"copy {WEIGHTS} back."
            raise CheckpointError(
                *broken(what, error, f"Train it again, or {fix}", self.path / WEIGHTS)
            ) from error
        if bad := first_not_finite(model.net.state_dict()):
            raise CheckpointError(
                f"The weights of {bad!r} of checkpoint {self.id} are not finite.",
                "Its training has failed: train it again, with a lower rate.",
            )
        return model.eval()

    def dynamics(self) -> dict[str, np.ndarray]:
        """Training dynamics, (epochs, training tiles) each; see ``training/dynamics.py``."""
        return {name: table for name, table in self._dynamics().items() if name != COLUMNS}

    def trained_on(self) -> np.ndarray:
        """Ids of the tiles it was trained on: the columns of the dynamics."""
        return self._dynamics()[COLUMNS]

    def _dynamics(self) -> dict[str, np.ndarray]:
        if self.imported:
            raise CheckpointError(
                f"Checkpoint {self.id} was imported: how it learnt each tile is not known.",
                "Train a network here (the compact one is quick): its scores serve any other.",
            )
        try:
            return load_arrays(self.path / DYNAMICS)
        except (OSError, SafetensorError) as error:
            what = f"The file of training dynamics of checkpoint {self.id}"
            fix = "Train it again to record them."
            raise CheckpointError(*broken(what, error, fix, self.path / DYNAMICS)) from error

    def attention(self) -> dict[str, np.ndarray]:
        """s̄ of each batch norm's channels, if it was trained with attention; else empty."""
        path = self.path / ATTENTION
        try:
            return load_arrays(path) if path.is_file() else {}
        except (OSError, SafetensorError) as error:
            what = f"The file of attention of checkpoint {self.id}"
            raise CheckpointError(*broken(what, error, "Train it again.", path)) from error

    def facts(self) -> dict[str, Any]:
        facts = {
            "id": self.id,
            "recipe": self.recipe,
            "spec": self.spec.to_json(),
            "data": self.data,
            "fingerprint": self.fingerprint,
            "synthetic": self.synthetic,
            "split": self.split,
            "log": self.log,
            "accuracy": self.accuracy,
            "created": self.created,
            "seconds": self.seconds,
        }
        return facts | ({"made": self.made} if self.made else {})


def variant(recipe: dict[str, Any], spec: dict[str, Any]) -> str:
    """What was done to a model beyond plain training, in words, from its facts."""
    start = recipe.get("start") or {}
    by = f" by {start['cut']['criterion']}" if start.get("cut") else ""
    done = [IMPORTED] if recipe.get("preset") == IMPORTED else []
    done += [f"narrowed{by}"] if spec.get("channels") else []
    done += [f"k = {start['k']:g}"] if start.get("k") else []
    done += ["attention"] if recipe.get("attention") else []
    done += ["distilled"] if recipe.get("distil") else []
    done += [recipe["loss"]] if recipe.get("loss") else []
    return ", ".join(done) or ("trained on" if start else "")


def checkpoint_id(recipe: dict[str, Any], fingerprint: str, split: dict[str, Any]) -> str:
    """A hash of what makes a checkpoint, known before it is trained."""
    if "coreset" in split:  # its tiles count, not its name
        split = split | {"coreset": split["coreset"]["id"]}
    made_by: dict[str, Any] = {"recipe": recipe, "fingerprint": fingerprint, "split": split}
    if recipe.get("schedule") == "plateau":
        made_by["plateau"] = ENGINE["plateau"]
    return content_id(made_by | {"engine": ENGINE["training"]})


def save_checkpoint(
    checkpoint: Checkpoint,
    model: torch.nn.Module,
    dynamics: dict[str, np.ndarray] | None = None,
    trained_on: np.ndarray | None = None,
    attention: dict[str, torch.Tensor] | None = None,
) -> Checkpoint:
    """Write weights and dynamics, then the facts: a folder without facts is no checkpoint."""
    state = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    try:
        # As bytes: the library's own writer tells a full disk as an error of its format.
        write_bytes(checkpoint.path / WEIGHTS, tensors_bytes(state))
        if dynamics is not None and trained_on is not None:
            arrays = {**dynamics, COLUMNS: trained_on.astype(np.int64)}
            arrays = {name: np.ascontiguousarray(v) for name, v in arrays.items()}
            write_bytes(checkpoint.path / DYNAMICS, arrays_bytes(arrays))
        if attention:
            parts = {name: value.contiguous() for name, value in attention.items()}
            write_bytes(checkpoint.path / ATTENTION, tensors_bytes(parts))
        write_json(checkpoint.path / FACTS, checkpoint.facts())
    except LccError:
        _discard(checkpoint.path)
        raise
    return checkpoint


def _discard(folder: Path) -> None:
    """What was written of a checkpoint that could not be; what training goes on from stays."""
    if (folder / FACTS).exists():  # it was there before
        return
    with contextlib.suppress(OSError):
        for name in (WEIGHTS, DYNAMICS, ATTENTION):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint in a folder. Raises ``CheckpointError`` where it cannot be read."""
    try:
        return _read(path)
    except ODD as error:
        fix = "Delete its folder or train it again."
        raise CheckpointError(*broken(f"The checkpoint {path.name}", error, fix)) from error


def _read(path: Path) -> Checkpoint:
    facts = read_json(path / FACTS)
    facts["spec"] = ModelSpec.from_json(facts["spec"])
    found = Checkpoint(path=path, **facts)
    for name, kind in KINDS.items():
        if not isinstance(getattr(found, name), kind):
            raise ValueError(f"{name!r} has another type")
    _ = found.split["protocol"], found.split["seed"]
    if found.id != path.name:
        raise ValueError(f"its id is {found.id!r}")
    _ = found.title, found.bytes  # what every list shows
    return found


def list_checkpoints(home: Home) -> Found[Checkpoint]:
    """The complete checkpoints, newest first, and those that cannot be read.

    A folder without facts is a training that goes on, or will be resumed.
    """
    folders = listed(home.checkpoints)
    found, bad = [], list(folders.unreadable)
    for path in folders:
        try:
            found.append(_read(path))
        except (FileNotFoundError, NotADirectoryError):
            if (path / FACTS).exists():
                bad.append(Unreadable(path / WEIGHTS, "it is missing"))
        except ODD as error:
            bad.append(Unreadable.of(path / FACTS, error))
    return Found(sorted(found, key=lambda one: one.created, reverse=True), bad)


def find_checkpoint(home: Home, name: str) -> Checkpoint:
    """The checkpoint whose id is or begins with ``name``."""
    matches = [c for c in list_checkpoints(home) if name and c.id.startswith(name)]
    exact = [c for c in matches if c.id == name]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if matches:
        raise CheckpointError(
            f"{name!r} fits {len(matches)} checkpoints: {', '.join(c.id for c in matches)}.",
            "Give more of the id.",
        )
    raise CheckpointError(
        f"There is no checkpoint {name!r}.", "See `lcc checkpoints`, or train one with `lcc train`."
    )


def delete_checkpoint(checkpoint: Checkpoint) -> None:
    """Delete its folder; rows that were measured on it stay."""
    shutil.rmtree(checkpoint.path)
