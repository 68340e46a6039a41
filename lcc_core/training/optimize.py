"""Optimizer and learning rate of a recipe."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lcc_core.training.recipe import Recipe


def _groups(model: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    """Weights that decay, and those that do not: biases and normalisation, unless asked for."""
    decayed = [p for p in model.parameters() if p.ndim > 1 or recipe.decay_norms]
    plain = [p for p in model.parameters() if p.ndim <= 1 and not recipe.decay_norms]
    groups = ((decayed, recipe.weight_decay), (plain, 0.0))
    return [{"params": part, "weight_decay": decay} for part, decay in groups if part]


class Stepper:
    """One optimizer step after each batch, the schedule's step where it belongs."""

    def __init__(self, model: nn.Module, recipe: Recipe, batches: int) -> None:
        self.model, self.clip = model, recipe.clip
        groups = _groups(model, recipe)
        if recipe.optimizer == "sgd":
            self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
                groups, lr=recipe.rate, momentum=recipe.momentum
            )
        else:
            kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
            # One pass over the weights in place of ten.
            self.optimizer = kind(groups, lr=recipe.rate, fused=True)
        self.by_batch = recipe.schedule == "onecycle"
        self.schedule: torch.optim.lr_scheduler.LRScheduler | None = None
        if self.by_batch:
            self.schedule = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer,
                max_lr=recipe.rate,
                total_steps=max(2, recipe.epochs * batches),
                pct_start=max(recipe.warmup, 1e-6),
                cycle_momentum=False,
            )
        elif recipe.schedule == "plateau":
            self.schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(self.optimizer)
        elif recipe.schedule == "step":
            drops = [max(1, round(share * recipe.epochs)) for share in recipe.milestones]
            self.schedule = torch.optim.lr_scheduler.LambdaLR(
                self.optimizer, lambda done: recipe.gamma ** sum(done >= drop for drop in drops)
            )

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        if self.by_batch and self.schedule:
            self.schedule.step()

    def end_epoch(self, loss: float) -> None:
        """``loss``: of the validation tiles; a plateau is where it no longer falls."""
        if isinstance(self.schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            self.schedule.step(loss)
        elif self.schedule and not self.by_batch:
            self.schedule.step()

    def parts(self) -> dict[str, object]:
        parts: dict[str, object] = {"optimizer": self.optimizer}
        return parts | ({"schedule": self.schedule} if self.schedule else {})
