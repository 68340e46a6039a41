"""Recipe → checkpoint."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcc_core.checkpoints.store import (
    FACTS,
    Checkpoint,
    checkpoint_id,
    read_checkpoint,
    save_checkpoint,
)
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import TrainingError
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.measure.evaluate import accuracies, logits
from lcc_core.models import Classifier
from lcc_core.models.device import Compute, autocast, choose_device, choose_precision, layout
from lcc_core.training.attention import (
    fold_attention,
    insert_attention,
    mean_attention,
)
from lcc_core.training.batches import augment, batch_count, held, shuffled
from lcc_core.training.dynamics import Dynamics
from lcc_core.training.losses import distillation_term, make_loss
from lcc_core.training.optimize import Stepper
from lcc_core.training.prepare import check_fit, fresh_model
from lcc_core.training.recipe import Recipe
from lcc_core.training.resume import ResumeFile
from lcc_core.training.start import HeldZeros, same_classes
from lcc_core.training.teachers import Peer, make_teacher

VALIDATED = ("validation_loss", "validation_accuracy")
FLT_MAX = float(np.finfo(np.float32).max)


def train(
    recipe: Recipe,
    tiles: TileSet,
    split: Split,
    home: Home,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> Checkpoint:
    """Train and store. A run that was trained before is returned at once.

    A killed run goes on after its last complete epoch.

    Args:
        recipe: how to train.
        tiles: the data set.
        split: its parts; the training part is trained on.
        home: where the checkpoint is stored.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        hooks: progress after each epoch; cancel between batches.

    Raises:
        TrainingError: the loss is no longer finite.
        Cancelled: the hooks say so.
    """
    folder = _folder(recipe, tiles, split, home)
    state = ResumeFile(folder)
    if (folder / FACTS).is_file():
        found = read_checkpoint(folder)
        if home.writable:
            state.discard()  # of a run that was killed between its last two steps
        return found
    run = _Run(recipe, tiles, split, home, device, hooks)
    state.restore(run.trainables(), run.dynamics, run.log)
    return run.to_end(folder, state)


def train_anew(
    recipe: Recipe,
    tiles: TileSet,
    split: Split,
    home: Home,
    device: str = "auto",
    hooks: Hooks = QUIET,
) -> Checkpoint:
    """Train from the beginning whatever is stored; a checkpoint of that run is replaced at the end.

    Arguments as :func:`train`.
    """
    folder = _folder(recipe, tiles, split, home)
    return _Run(recipe, tiles, split, home, device, hooks).to_end(folder, ResumeFile(folder))


def _folder(recipe: Recipe, tiles: TileSet, split: Split, home: Home) -> Path:
    return home.checkpoints / checkpoint_id(recipe.to_json(), tiles.fingerprint, split.facts())


class _Run:
    """One training run in memory."""

    def __init__(
        self,
        recipe: Recipe,
        tiles: TileSet,
        split: Split,
        home: Home,
        device: str,
        hooks: Hooks,
    ) -> None:
        self.recipe, self.tiles, self.split = recipe, tiles, split
        self.hooks = hooks
        self.device = choose_device(device)
        self.precision = choose_precision("auto", self.device)
        torch.manual_seed(recipe.seed)
        self.made: dict[str, Any] = {}
        model = self._build(home)
        self.model = model.to(self.device, memory_format=layout(model))
        self.batches = batch_count(len(split.train), recipe.batch)
        if not self.batches:
            raise TrainingError("There are fewer than two training tiles.", "Add tiles.")
        self.stepper = Stepper(self.model, recipe, self.batches)
        self.held = HeldZeros(self.model) if recipe.start and recipe.start.k else None
        self.loss = make_loss(recipe.loss, self._class_weights(), recipe.label_smoothing)
        self.teacher, facts = make_teacher(
            recipe, tiles, split, home, self.batches, self.loss, self.device, self.precision
        )
        if facts:
            self.made["teacher"] = facts
        if recipe.schedule == "plateau":
            part = "validation" if len(split.validation) else "training"
            self.made["plateau"] = f"{part} loss"
        self.images = held(tiles, split.train)
        self.labels = torch.from_numpy(tiles.labels[split.train])
        self.dynamics = Dynamics(recipe.epochs, len(split.train))
        self.log: list[dict[str, float]] = []
        self.started = time.monotonic()
        self.done_here = 0

    def to_end(self, folder: Path, state: ResumeFile) -> Checkpoint:
        """Train the epochs that are left, measure, and store the checkpoint in ``folder``."""
        recipe = self.recipe
        for epoch in range(len(self.log), recipe.epochs):
            self.epoch(epoch)
            state.save(self.trainables(), self.dynamics, self.log)

        attention = self.finish()
        checkpoint = Checkpoint(
            id=folder.name,
            path=folder,
            recipe=recipe.to_json(),
            spec=self.model.spec,
            data=self.tiles.name,
            fingerprint=self.tiles.fingerprint,
            synthetic=self.tiles.synthetic,
            split=self.split.facts(),
            log=self.log,
            accuracy=self.accuracy(self.model),
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            seconds=round(sum(row["seconds"] for row in self.log), 2),
            made=self.made,
        )
        dynamics = self.dynamics.upto(recipe.epochs)
        save_checkpoint(checkpoint, self.model, dynamics, self.split.train, attention)
        state.discard()
        return checkpoint

    def _build(self, home: Home) -> Classifier:
        model = self._started(home) or fresh_model(self.recipe, self.tiles, self.split)
        if self.recipe.attention:
            insert_attention(model)
        return model

    def _started(self, home: Home) -> Classifier | None:
        """The model it starts from, if it does not start from scratch."""
        if not self.recipe.start:
            return None
        check_fit(self.recipe.arch, self.tiles)
        model = self.recipe.start.model(home)
        same_classes(model, self.tiles, "checkpoint to start from")
        if model.spec.arch != self.recipe.arch:
            raise TrainingError(
                f"The recipe is for {self.recipe.arch}, and checkpoint "
                f"{self.recipe.start.checkpoint} is a {model.spec.arch}.",
                "Make the recipe for the checkpoint's architecture.",
            )
        self.made["start"] = self.accuracy(model)
        return model

    def _class_weights(self) -> torch.Tensor | None:
        if not self.recipe.class_weights:
            return None
        counts = torch.from_numpy(self.tiles.class_counts(self.split.train)).float()
        return (counts.sum() / (len(counts) * counts.clamp(min=1))).to(self.device)

    def trainables(self) -> dict[str, object]:
        peer = self.teacher.parts() if isinstance(self.teacher, Peer) else {}
        return {"model": self.model, **self.stepper.parts(), **peer}

    def accuracy(self, model: Classifier) -> dict[str, dict[str, Any]]:
        """Overall accuracy on the validation and the test part."""
        where = Compute(self.device.type)
        return accuracies(model, self.tiles, self.split, where, self.hooks.silent)

    def finish(self) -> dict[str, Tensor]:
        """Make ``model`` a plain network; returns the mean attention it was trained with."""
        if isinstance(self.teacher, Peer):
            self.made["teacher"]["trained"] = self.accuracy(self.teacher.model)
        if not self.recipe.attention:
            return {}
        self.made["with attention"] = self.accuracy(self.model)
        means = mean_attention(self.model, self.tiles, self.split.train, hooks=self.hooks.silent)
        fold_attention(self.model, means)
        return means

    def epoch(self, epoch: int) -> None:
        """One pass over the training tiles, its row of the log at the end."""
        began = time.monotonic()
        # The order depends on the epoch alone, so that a resumed run meets the same batches.
        generator = np.random.default_rng([self.recipe.seed, epoch])
        torch.manual_seed(self.recipe.seed * 100_003 + epoch)
        self.model.train()
        if self.teacher:
            self.teacher.begin(epoch, self.model)
        total_loss, right, seen = 0.0, 0, 0
        for columns in shuffled(len(self.labels), self.recipe.batch, generator):
            self.hooks.check()
            index = torch.from_numpy(columns)
            images, labels = self.images[index], self.labels[index].to(self.device)
            if self.recipe.augment:
                images = augment(images, self.recipe.augmentation)
            images = images.to(self.device, non_blocking=True)
            with autocast(self.device, self.precision):
                answers = self.model(images).float()
            loss = self._loss(images, answers, labels)
            value = loss.item()
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss became {value} in epoch {epoch + 1} with a learning rate of "
                    f"{self.recipe.rate:g}.",
                    "Lower the rate (a third is a good start) or use another preset.",
                )
            self.stepper.step(loss)
            if self.held:
                self.held.again()
            if isinstance(self.teacher, Peer):
                self.teacher.learn(answers, labels)
            right += self.dynamics.record(epoch, columns, answers, labels)
            total_loss += value * len(columns)
            seen += len(columns)
            self.done_here += 1
            self._report(epoch, total_loss / seen, right / seen)
        row = {
            "epoch": epoch + 1,
            "loss": total_loss / seen,
            "train_accuracy": right / seen,
            "rate": self.stepper.rate,
        }
        row |= self._validation(self.model)
        self.stepper.end_epoch(row.get("validation_loss", row["loss"]))
        if isinstance(self.teacher, Peer):
            own = self._validation(self.teacher.model) if self.recipe.schedule == "plateau" else {}
            self.teacher.stepper.end_epoch(own.get("validation_loss", row["loss"]))
        row["seconds"] = round(time.monotonic() - began, 3)
        self.log.append(row)
        self._report(epoch, row["loss"], row["train_accuracy"])

    def _validation(self, model: Classifier) -> dict[str, float]:
        """Loss, without any teacher's share, and accuracy on the validation part; nothing where
        there is none."""
        ids = self.split.validation
        if not len(ids):
            return {}
        answers = logits(model, self.tiles, ids, Compute(self.device.type), self.hooks.silent).to(
            self.device
        )
        labels = torch.from_numpy(self.tiles.labels[ids]).to(self.device)
        loss = self.loss(answers, labels).item()
        if not math.isfinite(loss):
            loss = FLT_MAX  # no fall, whatever came before; and a number for the log
        right = (answers.argmax(1) == labels).float().mean().item()
        return {"validation_loss": loss, "validation_accuracy": right}

    def _loss(self, images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        loss = self.loss(logits, labels)
        answers = self.teacher.logits(images) if self.teacher else None
        if answers is None:
            return loss
        distil = self.recipe.distil
        drawn = distillation_term(logits, answers, distil.tau)
        return distil.weight * drawn + (1 - distil.weight) * loss

    def _report(self, epoch: int, loss: float, train_accuracy: float) -> None:
        total = self.recipe.epochs * self.batches
        done = min(
            epoch * self.batches + self.done_here % self.batches
            if self.done_here % self.batches
            else (epoch + 1) * self.batches,
            total,
        )
        elapsed = time.monotonic() - self.started
        figures = {"epoch": epoch + 1, "loss": loss, "train_accuracy": train_accuracy}
        if self.log:
            figures |= {key: self.log[-1][key] for key in VALIDATED if key in self.log[-1]}
        self.hooks.progress(
            Progress(
                "train",
                done,
                total,
                f"epoch {epoch + 1} of {self.recipe.epochs}, loss {loss:.3f}",
                elapsed / self.done_here * (total - done),
                figures,
            )
        )
