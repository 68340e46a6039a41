"""Letting a student learn from a teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lcc_core.errors import LccError
from lcc_core.hooks import Hooks
from lcc_core.settings import setting
from lcc_core.tasks.made import summary
from lcc_core.tasks.task import register
from lcc_core.tasks.training import SplitTask

if TYPE_CHECKING:
    from lcc_core.checkpoints.store import Checkpoint
    from lcc_core.data.splits import Split
    from lcc_core.data.tiles import TileSet
    from lcc_core.training.start import Start
    from lcc_core.workspace import Workspace

TAU = setting(
    4.0, "Temperature τ", "How soft the answers are that the student is drawn to.",
    low=0.1, high=100, metavar="T",
)  # fmt: skip


@register
@dataclass(frozen=True, kw_only=True)
class DistilTask(SplitTask):
    """A teacher and a student → the student's checkpoint."""

    kind: ClassVar[str] = "distil"
    summary: ClassVar[str] = "let a small student learn from a large teacher"

    teacher: str | None = setting(
        None, "Teacher", "A checkpoint; with --mode online also an arch.", metavar="CKPT"
    )
    arch: str | None = setting(None, "Architecture", "The student, from scratch.", metavar="A")
    student: str | None = setting(
        None, "Starts from", "The student starts from this checkpoint.", metavar="CKPT"
    )
    ratio: float | None = setting(
        None, "Channels to remove", "The student is the teacher, narrowed by R.", metavar="R"
    )
    criterion: str = setting(
        "norm", "Criterion", "By which channels go with --ratio.", metavar="norm|l1|l2|random"
    )
    mode: str = setting(
        "offline", "Mode",
        "offline: the teacher is frozen. online: teacher and student learn from each other. "
        "self: the student learns from itself as it was an epoch ago.",
        choices=("offline", "online", "self"), metavar="offline|online|self",
    )  # fmt: skip
    tau: float = TAU
    weight: float = setting(
        0.5, "Weight λ", "Of the teacher's answers in the loss; the rest is the labels'.",
        low=0, high=1, metavar="W",
    )  # fmt: skip

    def title(self) -> str:
        student = self.arch or self.student or "a narrowed student"
        return f"{student} learning{f' from {self.teacher}' if self.teacher else ''}, {self.mode}"

    def run(self, workspace: Workspace, hooks: Hooks) -> dict[str, Any]:
        from lcc_core.models import ARCHITECTURES
        from lcc_core.training import make_recipe, train, train_anew
        from lcc_core.training.distil import Distil
        from lcc_core.training.finetuned import SLOWER

        teacher, name = None, self.teacher or ""
        if name and not (self.mode == "online" and name in ARCHITECTURES):
            teacher = workspace.checkpoint(name)
            name = teacher.id
        arch, start = self._student(workspace, teacher)
        chosen: dict[str, Any] = self.chosen() | {
            "start": start, "distil": Distil(self.mode, name, self.tau, self.weight)
        }  # fmt: skip
        make_recipe(arch, **chosen)  # bad choices fail before tiles are read
        tiles, split = self._tiles(workspace, hooks, teacher)
        recipe = make_recipe(arch, tiles=len(split.train), **chosen)
        if start and self.rate is None and recipe.preset == "default":
            recipe = replace(recipe, rate=recipe.rate * SLOWER)
        run = train if self.resume else train_anew
        made = run(recipe, tiles, split, workspace.home, self.device, hooks)
        return summary(made) | {"log": made.log, "recipe": made.recipe}

    def _student(
        self, workspace: Workspace, teacher: Checkpoint | None
    ) -> tuple[str, Start | None]:
        """The student's architecture and where it starts."""
        from lcc_core.channels import ChannelPruning
        from lcc_core.training.start import Start

        given = [one for one in (self.arch, self.student, self.ratio) if one is not None]
        if len(given) != 1:
            raise LccError(
                "The student is not clear." if given else "No student is named.",
                "Give one of --arch (from scratch), --student (a checkpoint) or --ratio (the "
                "teacher, narrowed).",
            )
        if self.arch:
            return self.arch, None
        if self.student:
            found = workspace.checkpoint(self.student)
            return found.arch, Start(found.id)
        if teacher is None:
            raise LccError(
                "--ratio narrows the teacher, and none is named.", "Give --teacher CKPT."
            )
        if self.criterion == "attention":
            raise LccError(
                "Attention has to be trained first.",
                "Use `lcc prune-channels --criterion attention --teacher CKPT`.",
            )
        what = ChannelPruning(self.criterion, self.ratio or 0.0, seed=self.seed)
        return teacher.arch, Start(teacher.id, what)

    def _tiles(
        self, workspace: Workspace, hooks: Hooks, teacher: Checkpoint | None
    ) -> tuple[TileSet, Split]:
        """The tiles and the split of the checkpoints and the coreset.

        They have to be the same, so that no test tile was ever learnt from.
        """
        from lcc_core.coresets.coreset import read_coreset
        from lcc_core.data.splits import selected_on, split_name

        known = [teacher] if teacher else []
        known += [workspace.checkpoint(self.student)] if self.student else []
        facts = {
            f"Checkpoint {one.id}": (one.data, one.fingerprint, *split_name(one.split))
            for one in known
        }
        coreset = read_coreset(workspace.home, self.coreset) if self.coreset else None
        if coreset:
            facts[f"The coreset {coreset.name!r}"] = (
                coreset.data, coreset.fingerprint, *split_name(coreset.split_facts)
            )  # fmt: skip
        if not facts:
            if not self.data:
                fix = "Give --data, --coreset, --teacher or --student."
                raise LccError("No data set is named.", fix)
            tiles = workspace.tiles(self.data, hooks)
            return tiles, self.drawn_split(tiles)
        who, (data, _, protocol, seed, share) = next(iter(facts.items()))
        made_on = selected_on({"protocol": protocol, "seed": seed, "validation": share})
        self.agree(f"{who} was made", {"data": data, "split": protocol, "select_on": made_on})
        if len({one[1:] for one in facts.values()}) > 1:
            raise LccError(
                f"{' and '.join(facts)} are of other tiles or another split.",
                "Take those of the same data set and split: test tiles of one could be known to "
                "the other.",
            )
        tiles = workspace.tiles(data, hooks)
        return tiles, coreset.split(tiles) if coreset else workspace.split(known[0])
