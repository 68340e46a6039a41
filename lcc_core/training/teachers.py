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


@dataclass(frozen=True)
class Steps:
    """How a run computes its steps: ``batches`` in an epoch, the loss, the device and precision."""

    batches: int
    loss: Loss
    device: torch.device
    precision: str


class Peer(Teacher):
    """Deep mutual learning (Zhang et al. 2018): each is drawn to the other's answers."""

    def __init__(self, model: Classifier, recipe: Recipe, steps: Steps) -> None:
        self.model: Classifier = place(model, steps.device)
        self.device, self.precision, self.loss = steps.device, steps.precision, steps.loss
        self.distil = cast(Distil, recipe.distil)
        self.stepper = Stepper(self.model, recipe, steps.batches)
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
    recipe: Recipe,
    tiles: TileSet,
    split: Split,
    home: Home,
    steps: Steps,
) -> tuple[Teacher | None, dict[str, Any]]:
    """The teacher, if the recipe has one, and what is worth remembering of it.

    Raises ``CheckpointError`` for one that is not there, ``TrainingError`` for other classes.
    """
    distil = recipe.distil
    if distil is None:
        return None, {}
    if distil.mode == "self":
        return OwnPast(steps.device, steps.precision), {}
    if distil.mode == "online" and distil.teacher in ARCHITECTURES:
        # Another beginning than the student's, should they be of one architecture.
        torch.manual_seed(recipe.seed + 1_000_003)
        model = fresh_model(replace(recipe, arch=distil.teacher, weights="none"), tiles, split)
        facts = {"arch": distil.teacher}
    else:
        checkpoint = find_checkpoint(home, distil.teacher)
        same_classes(checkpoint, tiles, "teacher")
        model = checkpoint.model()
        facts = {
            "checkpoint": checkpoint.id,
            "arch": checkpoint.arch,
            "accuracy": checkpoint.accuracy,
        }
    if distil.mode == "online":
        return Peer(model, recipe, steps), facts
    return Teacher(model, steps.device, steps.precision), facts
