"""Pruned by a schedule and fine-tuned: every step an ordinary checkpoint, made once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lcc_core.channels import ChannelPruning, channel_groups
from lcc_core.channels.schedule import Schedule, Step, step_ratio
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.errors import LccError, require
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import compressible_layers, skeleton
from lcc_core.training import Recipe, make_recipe, train
from lcc_core.training.distil import Distil
from lcc_core.training.start import Start
from lcc_core.workspace import Workspace

EPOCHS = 10
# Of the rate that trains from scratch: what was learnt should be kept.
SLOWER = 1 / 3
OWN = ("arch", "start", "attention", "distil", "epochs")


@dataclass(frozen=True)
class FineTuning:
    """How a pruned net is trained again, ``epochs`` in all steps together.

    ``recipe``: overrides of the default recipe; without a ``rate`` among them a third of the
    default's. ``attention_epochs``: for how long the gates are trained before channels are chosen
    by them. ``source_epochs``: for how long a source is trained on, plain, before channels are
    chosen by a criterion without gates; as many as those of attention make a comparison of equal
    training. ``distil``: who teaches while fine-tuning, if anybody.
    """

    epochs: int = EPOCHS
    schedule: Schedule = field(default_factory=Schedule)
    attention_epochs: int = EPOCHS
    recipe: dict[str, Any] = field(default_factory=dict)
    distil: Distil | None = None
    source_epochs: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("attention_epochs", 1), ("source_epochs", 0)):
            value = getattr(self, name)
            require(least <= value <= 10_000, name, value, f"{least}…10000")
        own = sorted(set(self.recipe) & set(OWN))
        require(not own, "recipe", own, f"free of {', '.join(OWN)}: they are set apart")

    def to_json(self) -> dict[str, Any]:
        """For hashes: what came later is left out where it is not used."""
        content = asdict(self)
        if not self.source_epochs:
            del content["source_epochs"]
        return content

    def recipe_for(self, arch: str, tiles: int, epochs: int, **more: Any) -> Recipe:
        recipe = make_recipe(arch, tiles=tiles, **self.recipe)
        if self.recipe.get("rate") is None and recipe.preset == "default":
            recipe = replace(recipe, rate=recipe.rate * SLOWER)
        return replace(recipe, epochs=epochs, **more)


@dataclass(frozen=True, eq=False)
class Pruned:
    """What a schedule made: ``steps`` in order, the last one the result.

    ``source`` is what was pruned; ``attended`` the same trained with attention, where the
    criterion asked for it; ``continued`` the same trained on without, where that was asked for;
    ``note`` says what could not be narrowed.
    """

    source: Checkpoint
    steps: tuple[Checkpoint, ...]
    attended: Checkpoint | None = None
    note: str = ""
    continued: Checkpoint | None = None

    @property
    def result(self) -> Checkpoint:
        return self.steps[-1]


@dataclass(eq=False)
class _Chain:
    """Trainings one after the other, each from the last one's weights."""

    workspace: Workspace
    source: Checkpoint
    how: FineTuning
    device: str
    hooks: Hooks
    total: int
    done: int = 0

    def train(self, recipe: Recipe, what: str) -> Checkpoint:
        made = train(
            recipe, self.workspace.tiles(self.source.data), self.workspace.split(self.source),
            self.workspace.home, self.device,
            self.hooks.told(lambda report: self._pass_on(report, recipe.epochs, what)),
        )  # fmt: skip
        self.done += recipe.epochs
        return made

    def recipe(self, arch: str, epochs: int, **more: Any) -> Recipe:
        tiles = len(self.workspace.split(self.source).train)
        return self.how.recipe_for(arch, tiles, epochs, **more)

    def _pass_on(self, report: Progress, epochs: int, what: str) -> None:
        """The training's progress as a part of all of them; the curve runs on."""
        share = self.done + epochs * report.done / max(report.total, 1)
        figures = dict(report.figures or {})
        if "epoch" in figures:
            figures["epoch"] += self.done
        self.hooks.progress(
            Progress(
                "train",
                round(1000 * share),
                1000 * self.total,
                f"{what}: {report.message}",
                figures=figures,
                lasting=report.lasting,
            )
        )


def prune_and_tune_channels(
    workspace: Workspace,
    checkpoint: Checkpoint,
    pruning: ChannelPruning,
    how: FineTuning,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> Pruned:
    """Remove channels by the schedule, fine-tuning after every step.

    The ``attention`` criterion first trains the checkpoint with attention, unless it was trained
    so; the others train it on for ``how.source_epochs``, by the same schedule. Raises
    ``ModelError`` for architectures that cannot be narrowed, ``Cancelled`` between batches; what
    was finished is found again.
    """
    if pruning.only:
        raise LccError("The schedule chooses the groups.", "Leave 'only' empty.")
    groups = channel_groups(checkpoint.spec)
    steps = how.schedule.steps([group.name for group in groups], how.epochs)
    gates = pruning.criterion == "attention" and not checkpoint.recipe.get("attention")
    first = how.attention_epochs * gates
    if pruning.criterion != "attention":
        first = how.source_epochs
    chain = _Chain(workspace, checkpoint, how, device, hooks, how.epochs + first)
    current, prepared = checkpoint, None
    if first:
        recipe = chain.recipe(checkpoint.arch, first, start=Start(checkpoint.id), attention=gates)
        # What is pruned learns by the plain loss: the mining loss is for the fine-tuning.
        what = "attention" if gates else "training on"
        current = prepared = chain.train(replace(recipe, loss="cross-entropy"), what)
    made, before = [], 0.0
    for number, step in enumerate(steps, 1):
        ratio = step_ratio(pruning.ratio, before, step.share) if not step.layers else pruning.ratio
        now = replace(pruning, ratio=ratio, only=step.layers)
        start = Start(current.id, now)
        recipe = chain.recipe(checkpoint.arch, step.epochs, start=start, distil=how.distil)
        current = chain.train(recipe, _named(number, steps))
        made.append(current)
        before = 0.0 if step.layers else step.share
    attended, continued = (prepared, None) if gates else (None, prepared)
    return Pruned(checkpoint, tuple(made), attended, groups.note, continued)


def prune_and_tune_weights(
    workspace: Workspace,
    checkpoint: Checkpoint,
    k: float,
    how: FineTuning,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> Pruned:
    """Zero weights below k·σ by the schedule; zeros are held while the others are trained on."""
    require(0 < k <= 10, "k", k, "above 0, to 10")
    layers = [layer.name for layer in compressible_layers(skeleton(checkpoint.spec))]
    steps = how.schedule.steps(layers, how.epochs)
    chain = _Chain(workspace, checkpoint, how, device, hooks, how.epochs)
    current, made = checkpoint, []
    for number, step in enumerate(steps, 1):
        start = Start(current.id, k=k * step.share, layers=step.layers)
        recipe = chain.recipe(checkpoint.arch, step.epochs, start=start, distil=how.distil)
        current = chain.train(recipe, _named(number, steps))
        made.append(current)
    return Pruned(checkpoint, tuple(made))


def _named(number: int, steps: list[Step]) -> str:
    return "fine-tuning" if len(steps) == 1 else f"step {number} of {len(steps)}"
