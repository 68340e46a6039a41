"""Training an architecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from lcc_core.devices import DEVICES
from lcc_core.engine import versions
from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.made import summary
from lcc_core.tasks.task import Task, register

if TYPE_CHECKING:
    from lcc_core.data.splits import Split
    from lcc_core.data.tiles import TileSet
    from lcc_core.training import Recipe
    from lcc_core.workspace import Workspace

SEEDS = 2**31 - 1
EPOCHS = 10_000


@dataclass(frozen=True, kw_only=True)
class RecipeTask(Task):
    """What all trainings are told. What is ``None`` is as the recipe has it."""

    preset: str = setting("default", "Recipe", "Ours, or what a paper states.", metavar="P")
    epochs: int | None = setting(
        None, "Epochs", "Passes over the training tiles.", low=1, high=EPOCHS
    )
    batch: int | None = setting(None, "Batch", "Tiles a step.", low=2, high=65_536)
    rate: float | None = setting(None, "Learning rate", "Peak learning rate.", metavar="R")
    loss: str | None = setting(
        None, "Loss", "cross-entropy (default), mining or mining-wide.", metavar="L"
    )
    seed: int = setting(0, "Seed", "Of the training.", low=0, high=SEEDS, metavar="S")
    device: str = setting(
        "auto", "Device", "auto takes an accelerator if there is one.",
        choices=DEVICES, metavar="|".join(DEVICES),
    )  # fmt: skip

    def chosen(self) -> dict[str, Any]:
        """What differs from the recipe that the preset has; ``make_recipe`` takes it."""
        names = ("preset", "epochs", "batch", "rate", "loss", "seed")
        return {name: getattr(self, name) for name in names}

    def engine(self) -> dict[str, int]:
        return versions("training", "plateau")

    @property
    def then(self) -> str:
        return "The checkpoint is ready: open **Compress**."


@dataclass(frozen=True, kw_only=True)
class DataTask(Task):
    """Tiles to train on, and how they are split. A checkpoint or a coreset may know both."""

    data: str | None = setting(
        None, "Data set", "A data set: demo, eurosat, …", metavar="D"
    )  # fmt: skip
    coreset: str | None = setting(None, "Coreset", "Train on its tiles alone.")
    split: str | None = setting(
        None, "Split",
        "Shares of train / validation / test: 64/16/20 (default), 80/20, 70/30, …; of a scene also "
        "blocks-30/10/60.",
        metavar="T/V/T",
    )  # fmt: skip
    select_on: str | None = setting(
        None, "Select on",
        "test: leave 80/20 and 70/30 without a validation part, as the papers (default: "
        "validation, a fifth of their training part).",
        metavar="validation|test",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SplitTask(RecipeTask, DataTask):
    """A training that may have to split a data set itself."""

    resume: bool = setting(
        False, "Resume",
        "Go on after the last complete epoch of the same run; a finished run is returned.",
    )  # fmt: skip
    ways: ClassVar[tuple[str, ...]] = ("resume",)

    def resumed(self) -> Self:
        return replace(self, resume=True)

    def agree(self, known_by: str, known: dict[str, str]) -> None:
        """Raise ``LccError`` where the data set or the split is said, and is another one.

        Args:
            known_by: what knows them, such as "The coreset 'half' was chosen".
            known: ``data``, ``split`` and ``select_on``.
        """
        for name, fact in known.items():
            option, asked = "--" + name.replace("_", "-"), getattr(self, name)
            if asked not in (None, fact):
                raise LccError(
                    f"{known_by} with {option} {fact}, not {asked}.",
                    f"Leave {option} out: it is known.",
                )

    def drawn_split(self, tiles: TileSet) -> Split:
        """The split of a data set that nobody has split before."""
        from lcc_core.data.splits import DEFAULT_PROTOCOL, make_split

        protocol = self.split or DEFAULT_PROTOCOL
        return make_split(tiles, protocol, self.seed, self.select_on or "validation")


@register
@dataclass(frozen=True, kw_only=True)
class TrainTask(SplitTask):
    """A recipe on a data set or a coreset → a checkpoint."""

    kind: ClassVar[str] = "train"
    summary: ClassVar[str] = "train an architecture"

    seed: int = setting(0, "Seed", "Of weights and split.", low=0, high=SEEDS, metavar="S")
    arch: str = setting(label="Architecture", help="compact, resnet18, …", metavar="A")
    equal_steps: bool = setting(
        False, "Equal steps",
        "Of a coreset: as many steps as the recipe has on all tiles, not as many epochs.",
    )  # fmt: skip
    schedule: str | None = setting(
        None, "Schedule", "onecycle, plateau, step or constant.", metavar="S"
    )
    clip: float | None = setting(
        None, "Clip", "Largest gradient norm; 0: none.", metavar="G", advanced=True
    )
    augmentation: str | None = setting(
        None, "Augmentation", "dihedral, flips or affine.", metavar="K", advanced=True
    )
    weights: str | None = setting(None, "Weights", "none or imagenet.", metavar="W")
    class_weights: bool = setting(
        False, "Class-weighted loss", "Rare classes count more in the loss."
    )
    attention: bool = setting(
        False, "Attention", "With squeeze-excite gates, folded at the end.", advanced=True
    )

    def title(self) -> str:
        from lcc_core.data.catalog import DATASETS
        from lcc_core.models import ARCHITECTURES

        arch = ARCHITECTURES[self.arch].title if self.arch in ARCHITECTURES else self.arch
        if self.coreset:
            return f"Training {arch} on {self.coreset}"
        data = self.data or "nothing"
        return f"Training {arch} on {DATASETS[data].title if data in DATASETS else data}"

    @property
    def then(self) -> str:
        if self.coreset:
            return "Its accuracy stands under **Results** of **Coresets**."
        return super().then

    def recipe(self, tiles: int | None = None) -> Recipe:
        """The recipe for so many training tiles. Raises ``ValueError`` for bad choices."""
        from lcc_core.training import make_recipe

        names = ("schedule", "clip", "augmentation", "weights", "attention")
        more = {name: getattr(self, name) for name in names}
        more["class_weights"] = self.class_weights or None
        return make_recipe(self.arch, tiles=tiles, **self.chosen(), **more)

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.results.training_cost import training_cost
        from lcc_core.training import train, train_anew
        from lcc_core.training.steps import with_equal_steps

        self.recipe()  # bad choices fail before tiles are read
        data, split_of = self._parts(workspace)
        tiles = workspace.tiles(data, hooks)
        split = split_of(tiles)
        if not self.equal_steps:
            recipe = self.recipe(len(split.train))
        elif split.coreset is None:
            raise LccError("Equal steps are of a coreset.", "Name one with --coreset.")
        else:
            whole = split.coreset["of"]
            recipe = with_equal_steps(self.recipe(whole), whole, len(split.train))
        run = train if self.resume else train_anew
        made = run(recipe, tiles, split, workspace.home, self.device, hooks)
        cost = training_cost(workspace.home, made)
        return summary(made) | {
            "log": made.log, "recipe": made.recipe, "cost": asdict(cost) if cost else None,
        }  # fmt: skip

    def _parts(self, workspace: Workspace) -> tuple[str, Callable[[TileSet], Split]]:
        """The data set and what splits it: a protocol, or a coreset that knows both."""
        from lcc_core.coresets.coreset import read_coreset
        from lcc_core.data.splits import selected_on

        if not self.coreset:
            if not self.data:
                raise LccError("No data set is named.", "Give --data or --coreset.")
            return self.data, self.drawn_split
        found = read_coreset(workspace.home, self.coreset)
        known = {"data": found.data, "split": found.protocol}
        known["select_on"] = selected_on(found.split_facts)
        self.agree(f"The coreset {found.name!r} was chosen", known)
        return found.data, found.split
