"""The noun ``Recipe``: everything training needs but the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from lcc_core.errors import require
from lcc_core.models.sources import ARCHITECTURES, pretrained_names
from lcc_core.training.distil import Distil
from lcc_core.training.losses import LOSSES
from lcc_core.training.presets import PRESETS, sources
from lcc_core.training.start import Start

OPTIMIZERS = ("adamw", "adam", "sgd")
SCHEDULES = ("onecycle", "plateau", "step", "constant")
AUGMENTATIONS = ("dihedral", "flips", "affine")


@dataclass(frozen=True)
class Recipe:
    """How to train. ``rate`` is the peak learning rate; ``warmup`` a share of the epochs.

    ``schedule`` "plateau" divides the rate by ten when the validation loss has not fallen for
    more than ten epochs; the training loss, where there is no validation part. The checkpoint says
    which.
    The schedule ``step`` multiplies the rate by ``gamma`` at each of the ``milestones``, shares of
    the epochs. ``clip``: the largest norm of all gradients together, 0 for none. ``decay_norms``:
    biases and normalisation decay like the other weights. ``augmentation`` is how tiles are
    changed where ``augment`` is on: flips and quarter turns (dihedral), flips alone, or flips and
    a small turn, shift and zoom (affine).

    ``start``: the checkpoint it starts from; ``attention``: train with squeeze-excite gates, which
    are folded away at the end; ``distil``: who teaches.
    """

    arch: str
    preset: str = "default"
    epochs: int = 16
    batch: int = 128
    optimizer: str = "adamw"
    rate: float = 3e-3
    momentum: float = 0.9
    weight_decay: float = 0.05
    schedule: str = "onecycle"
    warmup: float = 0.2
    label_smoothing: float = 0.05
    class_weights: bool = False
    augment: bool = True
    weights: str = "none"
    seed: int = 0
    loss: str = "cross-entropy"
    attention: bool = False
    start: Start | None = None
    distil: Distil | None = None
    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1
    clip: float = 5.0
    decay_norms: bool = False
    augmentation: str = "dihedral"

    def __post_init__(self) -> None:
        archs = ARCHITECTURES.names()
        require(self.arch in archs, "arch", self.arch, f"one of {', '.join(archs)}")
        require(1 <= self.epochs <= 10_000, "epochs", self.epochs, "1…10000")
        require(2 <= self.batch <= 65_536, "batch", self.batch, "2…65536")
        require(self.optimizer in OPTIMIZERS, "optimizer", self.optimizer, f"one of {OPTIMIZERS}")
        require(self.schedule in SCHEDULES, "schedule", self.schedule, f"one of {SCHEDULES}")
        require(0 < self.rate < 100, "rate", self.rate, "above 0 and below 100")
        require(0 <= self.momentum < 1, "momentum", self.momentum, "0 or more and below 1")
        require(self.weight_decay >= 0, "weight_decay", self.weight_decay, "0 or more")
        require(0 <= self.warmup < 1, "warmup", self.warmup, "0 or more and below 1")
        require(0 <= self.label_smoothing < 1, "label_smoothing", self.label_smoothing, "in [0, 1)")
        kinds = ("none", *pretrained_names())
        require(self.weights in kinds, "weights", self.weights, " or ".join(kinds))
        require(0 <= self.seed < 2**31, "seed", self.seed, "0…2147483647")
        require(self.loss in LOSSES, "loss", self.loss, f"one of {', '.join(LOSSES)}")
        shares = all(0 < share < 1 for share in self.milestones)
        rising = list(self.milestones) == sorted(set(self.milestones))
        require(shares and rising, "milestones", self.milestones, "rising, above 0 and below 1")
        require(0 < self.gamma < 1, "gamma", self.gamma, "above 0 and below 1")
        require(0 <= self.clip < 1e6, "clip", self.clip, "0 (none) or more")
        known = f"one of {', '.join(AUGMENTATIONS)}"
        require(self.augmentation in AUGMENTATIONS, "augmentation", self.augmentation, known)
        both = self.start is not None and self.weights != "none"
        require(not both, "weights", self.weights, "none when training starts from a checkpoint")

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        for name in LATER:
            value = getattr(self, name)
            if value == Recipe.__dataclass_fields__[name].default:
                del content[name]
            elif isinstance(value, (Start, Distil)):
                content[name] = value.to_json()
        return content

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Recipe:
        known = {field.name for field in fields(cls)}
        chosen = {key: value for key, value in content.items() if key in known}
        for name, kind in (("start", Start), ("distil", Distil)):
            if chosen.get(name):
                chosen[name] = kind.from_json(chosen[name])
        if "milestones" in chosen:
            chosen["milestones"] = tuple(chosen["milestones"])
        return cls(**chosen)


# Said only where they are set, so that recipes from before they were there keep their hash.
LATER = (
    "loss", "attention", "start", "distil",
    "milestones", "gamma", "clip", "decay_norms", "augmentation",
)  # fmt: skip


# Small nets on a few hundred pixels a class.
SCENE_SETTINGS = {"epochs": 40, "batch": 64, "rate": 3e-3}
# A small set needs more, smaller steps to see as many of them.
SMALL_SET = 5000
SMALL_SETTINGS = {"epochs": 22, "batch": 32}


def make_recipe(
    arch: str, preset: str = "default", tiles: int | None = None, **overrides: Any
) -> Recipe:
    """A preset's recipe for an architecture and a number of training ``tiles``.

    Overrides that are ``None`` are left out.
    """
    require(preset in PRESETS, "preset", preset, f"one of {', '.join(PRESETS)}")
    settings = dict(PRESETS[preset])
    if preset == "default":
        if tiles is not None and tiles < SMALL_SET:
            settings |= SMALL_SETTINGS
        known = ARCHITECTURES.get(arch)
        if known and known.for_scenes:
            settings |= SCENE_SETTINGS
        if known and known.rate:
            settings["rate"] = known.rate
    settings |= {key: value for key, value in overrides.items() if value is not None}
    return Recipe(arch=arch, preset=preset, **settings)


def explain(recipe: Recipe) -> list[dict[str, str]]:
    """Every value of a recipe's preset with its source; of our own recipe the values alone.

    A value that was chosen otherwise than the preset has it says so.
    """
    own = {name: value for name, value in asdict(recipe).items() if name not in UNSOURCED}
    found = sources(recipe.preset)
    usual = asdict(make_recipe(recipe.arch, recipe.preset))
    rows = []
    for name in found or own:
        source = found.get(name)
        value = source.value if source and source.value else _spelled(own.get(name))
        kind, where = (source.kind, source.where) if source else ("own", "this project's")
        if name in own and own[name] != usual[name]:
            value, kind, where = _spelled(own[name]), "chosen", "not the preset's"
        rows.append({"name": name, "value": value, "kind": kind, "where": where})
    return rows


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_spelled, value)) if isinstance(value, tuple) else str(value)


# What a run sets, not a paper.
UNSOURCED = ("arch", "preset", "seed", "start", "distil")
