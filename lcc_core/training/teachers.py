"""A recipe's teacher, ready to teach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.models import ARCHITECTURES, Classifier
from lcc_core.models.device import autocast, place
from lcc_core.training.distil import Distil, OwnPast, Teacher
from lcc_core.training.losses import Loss, distillation_term
from lcc_core.training.optimize import Stepper
from lcc_core.training.prepare import fresh_model
from lcc_core.training.recipe import Recipe
from lcc_core.training.start import same_classes


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a teacher shares with its student: the tiles, the loss, and where both run.

    ``batches``: of an epoch.
    """

    tiles: TileSet
    split: Split
    batches: int
    loss: Loss
    device: torch.device
    precision: str


class Peer(Teacher):
    """Deep mutual learning (Zhang et al. 2018): each is drawn to the other's answers."""

    def __init__(self, model: Classifier, recipe: Recipe, lesson: Lesson) -> None:
        self.device, self.precision, self.loss = lesson.device, lesson.precision, lesson.loss
        self.model: Classifier = place(model, self.device)
        self.distil = cast(Distil, recipe.distil)
        self.stepper = Stepper(self.model, recipe, lesson.batches)
        self._answer: Tensor | None = None

    def begin(self, epoch: int, student: Classifier) -> None:
        self.model.train()

    def logits(self, images: Tensor) -> Tensor:
        with torch.enable_grad(), autocast(self.device, self.precision):
            answer: Tensor = self.model(images).float()
        self._answer = answer
        return answer.detach()

    def learn(self, student: Tensor, labels: Tensor) -> None:
        """Its own step on the batch it answered last; ``student``: the other's logits."""
        weight, tau = self.distil.weight, self.distil.tau
        answer = cast(Tensor, self._answer)
        own = (1 - weight) * self.loss(answer, labels)
        self.stepper.step(own + weight * distillation_term(answer, student.detach(), tau))
        self._answer = None

    def parts(self) -> dict[str, Any]:
        """What a resume needs."""
        parts = {"model": self.model, **self.stepper.parts()}
        return {f"peer {name}": part for name, part in parts.items()}


def make_teacher(
    recipe: Recipe, lesson: Lesson, home: Home
) -> tuple[Teacher | None, dict[str, Any]]:
    """Make the teacher, if the recipe has one, and tell what is worth remembering of it.

    Args:
        recipe: the student's; its ``distil`` names the teacher.
        lesson: what the two share.
        home: where a checkpoint that teaches is stored.

    Returns:
        The teacher or ``None``, and the facts of it for the student's checkpoint.

    Raises:
        CheckpointError: the teacher is not there.
        TrainingError: it is of other classes.
    """
    distil = recipe.distil
    if distil is None:
        return None, {}
    if distil.mode == "self":
        return OwnPast(lesson.device, lesson.precision), {}
    if distil.mode == "online" and distil.teacher in ARCHITECTURES:
        # Another beginning than the student's, should they be of one architecture.
        torch.manual_seed(recipe.seed + 1_000_003)
        own = replace(recipe, arch=distil.teacher, weights="none")
        model = fresh_model(own, lesson.tiles, lesson.split)
        facts = {"arch": distil.teacher}
    else:
        checkpoint = find_checkpoint(home, distil.teacher)
        same_classes(checkpoint, lesson.tiles, "teacher")
        model = checkpoint.model()
        facts = {
            "checkpoint": checkpoint.id,
            "arch": checkpoint.arch,
            "accuracy": checkpoint.accuracy,
        }
    if distil.mode == "online":
        return Peer(model, recipe, lesson), facts
    return Teacher(model, lesson.device, lesson.precision), facts
