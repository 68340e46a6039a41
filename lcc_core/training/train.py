"""Recipe → checkpoint."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

import numpy as np
import torch
from torch import nn

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
from lcc_core.measure.evaluate import predict
from lcc_core.models.device import autocast, choose_device, choose_precision, layout
from lcc_core.progress import OnProgress, Progress, ShouldStop, check, ignore, never
from lcc_core.training.batches import augment, batch_count, held, shuffled
from lcc_core.training.dynamics import Dynamics
from lcc_core.training.optimize import Stepper
from lcc_core.training.prepare import fresh_model
from lcc_core.training.recipe import Recipe
from lcc_core.training.resume import ResumeFile


def train(
    recipe: Recipe,
    tiles: TileSet,
    split: Split,
    home: Home,
    device: str = "auto",
    on_progress: OnProgress = ignore,
    should_stop: ShouldStop = never,
    resume: bool = True,
) -> Checkpoint:
    """Train and store. A run that was trained before is returned at once.

    A killed run goes on after its last complete epoch when ``resume`` is true. Raises
    ``TrainingError`` when the loss is no longer finite, ``Cancelled`` between batches.
    """
    identity = checkpoint_id(recipe.to_json(), tiles.fingerprint, split.facts())
    folder = home.checkpoints / identity
    if resume and (folder / FACTS).is_file():
        return read_checkpoint(folder)

    run = _Run(recipe, tiles, split, device, on_progress, should_stop)
    state = ResumeFile(folder)
    if resume:
        state.restore(run.trainables(), run.dynamics, run.log)
    for epoch in range(len(run.log), recipe.epochs):
        run.epoch(epoch)
        state.save(run.trainables(), run.dynamics, run.log)

    accuracy = {}
    for part in ("validation", "test"):
        if len(ids := getattr(split, part)):
            right = predict(run.model, tiles, ids, device=device, should_stop=should_stop)
            accuracy[part] = {
                "oa": float((right == tiles.labels[ids]).mean()),
                "tiles": len(ids),
                "precision": run.precision,
            }
    checkpoint = Checkpoint(
        id=identity,
        path=folder,
        recipe=recipe.to_json(),
        spec=run.model.spec,
        data=tiles.name,
        fingerprint=tiles.fingerprint,
        synthetic=tiles.synthetic,
        split=split.facts(),
        log=run.log,
        accuracy=accuracy,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(sum(row["seconds"] for row in run.log), 2),
    )
    save_checkpoint(checkpoint, run.model, run.dynamics.upto(recipe.epochs), split.train)
    state.discard()
    return checkpoint


class _Run:
    """One training run in memory."""

    def __init__(
        self,
        recipe: Recipe,
        tiles: TileSet,
        split: Split,
        device: str,
        on_progress: OnProgress,
        should_stop: ShouldStop,
    ) -> None:
        self.recipe, self.tiles, self.split = recipe, tiles, split
        self.on_progress, self.should_stop = on_progress, should_stop
        self.device = choose_device(device)
        self.precision = choose_precision("auto", self.device)
        torch.manual_seed(recipe.seed)
        model = fresh_model(recipe, tiles, split)
        self.model = model.to(self.device, memory_format=layout(model))
        self.batches = batch_count(len(split.train), recipe.batch)
        if not self.batches:
            raise TrainingError("There are fewer than two training tiles.", "Add tiles.")
        self.stepper = Stepper(self.model, recipe, self.batches)
        self.loss = nn.CrossEntropyLoss(
            weight=self._class_weights(), label_smoothing=recipe.label_smoothing
        )
        self.images = held(tiles, split.train)
        self.labels = torch.from_numpy(tiles.labels[split.train])
        self.dynamics = Dynamics(recipe.epochs, len(split.train))
        self.log: list[dict[str, float]] = []
        self.started = time.monotonic()
        self.done_here = 0

    def _class_weights(self) -> torch.Tensor | None:
        if not self.recipe.class_weights:
            return None
        counts = torch.from_numpy(self.tiles.class_counts(self.split.train)).float()
        return (counts.sum() / (len(counts) * counts.clamp(min=1))).to(self.device)

    def trainables(self) -> dict[str, object]:
        return {"model": self.model, **self.stepper.parts()}

    def epoch(self, epoch: int) -> None:
        """One pass over the training tiles, its row of the log at the end."""
        began = time.monotonic()
        # The order depends on the epoch alone, so that a resumed run meets the same batches.
        generator = np.random.default_rng([self.recipe.seed, epoch])
        torch.manual_seed(self.recipe.seed * 100_003 + epoch)
        self.model.train()
        total_loss, right, seen = 0.0, 0, 0
        for columns in shuffled(len(self.labels), self.recipe.batch, generator):
            check(self.should_stop)
            index = torch.from_numpy(columns)
            images, labels = self.images[index], self.labels[index].to(self.device)
            if self.recipe.augment:
                images = augment(images)
            with autocast(self.device, self.precision):
                logits = self.model(images.to(self.device, non_blocking=True))
            loss = self.loss(logits.float(), labels)
            value = loss.item()
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss became {value} in epoch {epoch + 1} with a learning rate of "
                    f"{self.recipe.rate:g}.",
                    "Lower the rate (a third is a good start) or use another preset.",
                )
            self.stepper.step(loss)
            right += self.dynamics.record(epoch, columns, logits, labels)
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
        if len(ids := self.split.validation):
            predicted = predict(
                self.model, self.tiles, ids, device=self.device.type, should_stop=self.should_stop
            )
            row["validation_accuracy"] = float((predicted == self.tiles.labels[ids]).mean())
        row["seconds"] = round(time.monotonic() - began, 3)
        self.stepper.end_epoch(row["loss"])
        self.log.append(row)
        self._report(epoch, row["loss"], row["train_accuracy"])

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
            figures |= {
                key: self.log[-1][key] for key in ("validation_accuracy",) if key in self.log[-1]
            }
        self.on_progress(
            Progress(
                "train",
                done,
                total,
                f"epoch {epoch + 1} of {self.recipe.epochs}, loss {loss:.3f}",
                elapsed / self.done_here * (total - done),
                figures,
            )
        )
