"""Pruning by a schedule, fine-tuned after every step."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.channels.pruning import ChannelPruning
from lcc_core.channels.schedule import KINDS, Schedule
from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import same_setting, setting
from lcc_core.tasks.distilling import TAU
from lcc_core.tasks.made import summary
from lcc_core.tasks.task import register
from lcc_core.tasks.training import EPOCHS, RecipeTask

if TYPE_CHECKING:
    from lcc_core.checkpoints.store import Checkpoint
    from lcc_core.training.finetuned import FineTuning, Pruned
    from lcc_core.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class TuningTask(RecipeTask):
    """A checkpoint, what is removed of it, and how the rest is trained on."""

    checkpoint: str = setting(
        label="Checkpoint", help="An id, or the beginning of one.", metavar="CKPT", positional=True
    )
    schedule: str = setting(
        "one-shot", "Schedule",
        "one-shot: all at once, then fine-tune. iterative: layer by layer. multi-pass: all layers, "
        "a little more each time. All have the same epochs.",
        choices=KINDS, metavar="|".join(KINDS),
    )  # fmt: skip
    passes: int = setting(
        0, "Passes",
        "Steps of iterative and multi-pass; 0: three passes, or a step for each layer as far as "
        "the epochs go.",
        low=0, high=100,
    )  # fmt: skip
    epochs: int | None = setting(
        None, "Epochs", "Of fine-tuning, all steps together (10, or a paper preset's).",
        low=1, high=EPOCHS,
    )  # fmt: skip
    teacher: str | None = setting(
        None, "Teacher",
        "Distil while fine-tuning: the pruned net is drawn to the answers of this model.",
        metavar="CKPT",
    )  # fmt: skip
    tau: float = TAU
    weight: float = setting(
        0.5, "Weight λ", "Of the teacher's answers in the loss.", low=0, high=1, metavar="W"
    )

    def title(self) -> str:
        return f"{self.summary[:1].upper()}{self.summary[1:]}: {self.checkpoint}"

    def fine_tuning(self, workspace: Workspace) -> FineTuning:
        """How it is trained on. Raises ``ValueError`` for bad choices."""
        from lcc_core.training.distil import Distil
        from lcc_core.training.finetuned import EPOCHS, FineTuning
        from lcc_core.training.presets import TUNING_EPOCHS

        recipe = {name: value for name, value in self.chosen().items() if name != "epochs"}
        distil = None
        if self.teacher:
            teacher = workspace.checkpoint(self.teacher).id
            distil = Distil("offline", teacher, self.tau, self.weight)
        usual = TUNING_EPOCHS.get(self.preset, EPOCHS)
        return FineTuning(
            usual if self.epochs is None else self.epochs,
            Schedule(self.schedule, self.passes),
            recipe={name: value for name, value in recipe.items() if value is not None},
            distil=distil,
        )

    def prune(
        self, workspace: Workspace, checkpoint: Checkpoint, how: FineTuning, hooks: Hooks
    ) -> Pruned:
        """Remove what is to be removed, and train the rest on."""
        raise TypeError(f"{type(self).__name__} does not say what it prunes")

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.checkpoints.store import list_checkpoints
        from lcc_core.results.against import compare, widths_json
        from lcc_core.results.lineage import epochs

        how = self.fine_tuning(workspace)
        checkpoint = workspace.checkpoint(self.checkpoint)
        how.recipe_for(checkpoint.arch, 1, 1)  # bad choices fail before tiles are read
        made = self.prune(workspace, checkpoint, how, hooks)
        both = compare(workspace, checkpoint, made.result, hooks=hooks.silent)
        trained = epochs(made.result, {one.id: one for one in list_checkpoints(workspace.home)})
        return summary(made.result) | {
            "source": checkpoint.id,
            "attended": made.attended.id if made.attended else None,
            "continued": made.continued.id if made.continued else None,
            "trained": asdict(trained),
            "steps": [summary(step) for step in made.steps],
            "layers": widths_json(made.result.spec),
            "note": made.note,
            "against": both.to_json(),
            "recipe": made.result.recipe,
        }


@register
@dataclass(frozen=True, kw_only=True)
class PruneChannelsTask(TuningTask):
    """Whole channels removed, by a schedule, and fine-tuned."""

    kind: ClassVar[str] = "prune-channels"
    summary: ClassVar[str] = "remove whole channels, then fine-tune"

    criterion: str = same_setting(ChannelPruning, "criterion")
    ratio: float = same_setting(ChannelPruning, "ratio")
    everywhere: bool = setting(
        False, "Rank within the whole net",
        "The weakest channels wherever they are, not the same share of each group.",
        option="--global",
    )  # fmt: skip
    floor: int = same_setting(ChannelPruning, "floor")
    attention_epochs: int | None = setting(
        None, "Epochs for attention",
        "Epochs in which the gates are trained, before anything is removed (10); attention alone.",
        low=1, high=EPOCHS,
    )  # fmt: skip
    source_epochs: int = setting(
        0, "Epochs before",
        "Epochs that the source is trained on, plain, before channels are removed; not attention. "
        "As many as attention trains its gates for make a fair comparison of the two.",
        low=0, high=EPOCHS,
    )  # fmt: skip
    equal_epochs: bool = setting(
        False, "Equal epochs",
        "In place of --source-epochs: as long as the gates would be trained, for a fair comparison "
        "with attention.",
    )  # fmt: skip

    def title(self) -> str:
        return f"{self.checkpoint} without {100 * self.ratio:g} % of its channels"

    @property
    def then(self) -> str:
        return "The pruned model stands under **Results** of **Channels**."

    def fine_tuning(self, workspace: Workspace) -> FineTuning:
        if self.source_epochs and self.equal_epochs:
            raise LccError("--source-epochs and --equal-epochs exclude each other.", "Give one.")
        if self.source_epochs and self.criterion == "attention":
            raise LccError(
                "The attention criterion trains its source on with gates, not plain.",
                "Say for how long with --attention-epochs, or choose another criterion.",
            )
        how = super().fine_tuning(workspace)
        gates = how.attention_epochs if self.attention_epochs is None else self.attention_epochs
        before = gates if self.equal_epochs else self.source_epochs
        return replace(how, attention_epochs=gates, source_epochs=before)

    def prune(
        self, workspace: Workspace, checkpoint: Checkpoint, how: FineTuning, hooks: Hooks
    ) -> Pruned:
        from lcc_core.training.finetuned import prune_and_tune_channels

        scope = "global" if self.everywhere else "group"
        what = ChannelPruning(self.criterion, self.ratio, scope, self.floor, self.seed)
        return prune_and_tune_channels(workspace, checkpoint, what, how, self.device, hooks)


@register
@dataclass(frozen=True, kw_only=True)
class PruneWeightsTask(TuningTask):
    """Small weights zeroed, by a schedule, and the others fine-tuned."""

    kind: ClassVar[str] = "prune-weights"
    summary: ClassVar[str] = "zero small weights, then fine-tune the others"

    k: float = setting(0.5, "Pruning strength k", "Below K·σ of a layer.", metavar="K")

    def prune(
        self, workspace: Workspace, checkpoint: Checkpoint, how: FineTuning, hooks: Hooks
    ) -> Pruned:
        from lcc_core.training.finetuned import prune_and_tune_weights

        return prune_and_tune_weights(workspace, checkpoint, self.k, how, self.device, hooks)
