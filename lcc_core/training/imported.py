"""Weights that another program trained → checkpoint, measured on tiles that are here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import torch

from lcc_core.checkpoints.foreign import fill, is_packed, open_packed, read_weights
from lcc_core.checkpoints.store import (
    FACTS,
    IMPORTED,
    Checkpoint,
    checkpoint_id,
    read_checkpoint,
    save_checkpoint,
)
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.unfold import is_folded, unfold_norms
from lcc_core.data.scene import Scene
from lcc_core.data.splits import DEFAULT_PROTOCOL, Split, make_split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import ModelError, require
from lcc_core.files import file_sum
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.measure.evaluate import accuracies, accuracy
from lcc_core.models import Classifier, ModelSpec, architectures, head
from lcc_core.models.device import Compute
from lcc_core.models.sources import IMAGENET as IMAGENET_WEIGHTS
from lcc_core.training.start import same_classes
from lcc_core.workspace import Workspace

BETTER_THAN_CHANCE = 2.0
UNFOLDED_ON = 2048  # training tiles for the statistics of norms that a packed file had folded
TRIED = 1000  # training tiles on which a normalisation is chosen
AUTO, HALF, NONE, DATA, IMAGENET = "auto", "half", "none", "data", "imagenet"
NORMS = (AUTO, IMAGENET, DATA, HALF, NONE)


@dataclass(frozen=True)
class Foreign:
    """How a foreign model is to be read, and what it was trained on.

    ``data``: the data set that it was trained for. ``protocol`` and ``seed`` should be those of
    the split that it was trained with: else it may have learnt from test tiles. ``arch``: whose
    weights they are; a packed file knows. ``norm``: what its input was normalised with,
    ``imagenet``'s statistics, those of the ``data``, ``half`` (0.5 each) or ``none``; ``auto``
    takes the one that gets most of some training tiles right. ``classes``: in the order of its
    outputs, if that is not the data set's own.
    """

    data: str
    protocol: str = DEFAULT_PROTOCOL
    seed: int = 0
    arch: str = ""
    norm: str = AUTO
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = architectures(scene=False)
        require(not self.arch or self.arch in known, "arch", self.arch, f"one of {known}")
        require(self.norm in NORMS, "norm", self.norm, f"one of {', '.join(NORMS)}")


def import_model(
    workspace: Workspace,
    file: Path,
    how: Foreign,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> Checkpoint:
    """Make a checkpoint of a file of weights; what was imported before is not measured again.

    Args:
        workspace: the home that it is stored in.
        file: weights (``.pt``, ``.pth``, ``.safetensors``) or a packed ``.lcc`` file.
        how: how it is read, and what it was trained on.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        hooks: progress and cancel.

    Returns:
        The stored checkpoint, its accuracy measured.

    Raises:
        CheckpointError: the file holds no weights.
        ModelError: they do not fit the architecture or the tiles.
    """
    tiles = workspace.tiles(how.data, hooks)
    if isinstance(tiles, Scene):
        raise ModelError(f"{tiles.name!r} is a scene.", "Models of tiles can be imported.")
    # Whoever trained it with 80/20 or 70/30 trained on all that is not the test part: no validation
    # part may be cut from that.
    split = make_split(tiles, how.protocol, how.seed, "test")
    where = Compute(device), hooks.silent
    hooks.progress(Progress("import", 0, 3, f"reading {file.name}"))
    if is_packed(file):
        model, norm = _of_packed(file, how, tiles, split), ""
    else:
        model, norm = _of_weights(file, how, tiles, split, where)
    recipe = {
        "arch": model.spec.arch,
        "preset": IMPORTED,
        "epochs": 0,
        "seed": split.seed,
        "sha256": file_sum(file),
        "norm": norm,
        "classes": list(how.classes),
    }
    if is_packed(file):
        recipe["unfolded"] = UNFOLDED_ON
    identity = checkpoint_id(recipe, tiles.fingerprint, split.facts())
    folder = workspace.home.checkpoints / identity
    if (folder / FACTS).is_file():
        return read_checkpoint(folder)
    hooks.progress(Progress("import", 1, 3, "measuring"))
    checkpoint = Checkpoint(
        id=identity,
        path=folder,
        recipe=recipe,
        spec=model.spec,
        data=tiles.name,
        fingerprint=tiles.fingerprint,
        synthetic=tiles.synthetic,
        split=split.facts(),
        log=[],
        accuracy=accuracies(model, tiles, split, *where),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=0.0,
        made={"file": file.name},
    )
    saved = save_checkpoint(checkpoint, model.cpu())
    hooks.progress(Progress("import", 3, 3, "done"))
    return saved


def _of_packed(file: Path, how: Foreign, tiles: TileSet, split: Split) -> Classifier:
    """The file's model, with statistics in its norms, which a packed file keeps none of."""
    model = open_packed(file)
    if how.arch not in ("", model.spec.arch):
        raise ModelError(
            f"{file.name} holds a {model.spec.arch}, not a {how.arch}.",
            "Leave the architecture out: a packed file knows it.",
        )
    same_classes(model, tiles, "packed file")
    if is_folded(model.net):
        unfold_norms(model, calibration_tiles(tiles, split, UNFOLDED_ON).tiles)
    return model


def _of_weights(
    file: Path, how: Foreign, tiles: TileSet, split: Split, where: tuple[Compute, Hooks]
) -> tuple[Classifier, str]:
    if not how.arch:
        raise ModelError(
            f"{file.name} does not say what network it is of.",
            f"Name the architecture: {', '.join(architectures(scene=False))}.",
        )
    norms = _norms(tiles)
    first = how.norm if how.norm != AUTO else DATA
    if first not in norms:
        raise ModelError(
            f"ImageNet's statistics are of 3 bands, and {tiles.name!r} has {tiles.bands}.",
            f"Take another normalisation: {', '.join(norms)}.",
        )
    model = fill(ModelSpec(how.arch, tiles.class_names, *norms[first]), read_weights(file))
    if how.classes:
        _reorder(model, how.classes)
    if how.norm != AUTO:
        return model, how.norm
    ids = split.train[np.unique(np.linspace(0, len(split.train) - 1, TRIED).astype(int))]
    found: dict[str, tuple[float, Classifier]] = {}
    for name, (mean, std) in norms.items():
        candidate = Classifier(model.net, replace(model.spec, mean=mean, std=std)).eval()
        found[name] = accuracy(candidate, tiles, ids, *where), candidate
    best = max(found, key=lambda name: found[name][0])
    return found[best][1], best


def _norms(tiles: TileSet) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    bands = tiles.bands
    norms = {DATA: (tuple(tiles.mean), tuple(tiles.std))}
    if bands == len(IMAGENET_WEIGHTS.mean):
        norms[IMAGENET] = (IMAGENET_WEIGHTS.mean, IMAGENET_WEIGHTS.std)
    norms[HALF] = ((0.5,) * bands, (0.5,) * bands)
    norms[NONE] = ((0.0,) * bands, (1.0,) * bands)
    return norms


@torch.no_grad()
def _reorder(model: Classifier, classes: tuple[str, ...]) -> None:
    """Outputs in the order of the data set's classes."""
    own = model.spec.class_names
    if sorted(classes) != sorted(own):
        odd = sorted(set(classes) ^ set(own)) or ["one of them twice"]
        raise ModelError(
            f"The class order does not fit the data set: {', '.join(odd)}.",
            f"Name each of these once, in the order of the outputs: {', '.join(own)}.",
        )
    rows = [classes.index(name) for name in own]
    _, layer = head(model.net)
    layer.weight.copy_(layer.weight[rows].clone())
    if cast(object, layer.bias) is not None:
        layer.bias.copy_(layer.bias[rows].clone())


def doubt(checkpoint: Checkpoint) -> str:
    """What seems to be wrong with an import; nothing where it does well."""
    shares = [part["oa"] for part in checkpoint.accuracy.values()]
    if min(shares, default=1.0) >= BETTER_THAN_CHANCE / checkpoint.spec.classes:
        return ""
    return (
        "It is hardly better than chance: were its classes in another order, its tiles of another "
        "size, or normalised in another way? Import it again and say so."
    )
