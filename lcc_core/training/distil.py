"""Who teaches: a frozen checkpoint, a network that learns along, or the student's own past."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from lcc_core.errors import require
from lcc_core.models import Classifier
from lcc_core.models.device import autocast, place

MODES = ("offline", "online", "self")


@dataclass(frozen=True)
class Distil:
    """λ·τ²·KL(teacher/τ ‖ student/τ) + (1 − λ)·loss, with λ = ``weight``; DESIGN §3.

    ``teacher``: a checkpoint's id; in mode ``online`` also an architecture, which then starts from
    scratch. ``self``: the student at the end of its last epoch teaches (Kim et al. 2021).
    """

    mode: str = "offline"
    teacher: str = ""
    tau: float = 4.0
    weight: float = 0.5

    def __post_init__(self) -> None:
        require(self.mode in MODES, "mode", self.mode, f"one of {', '.join(MODES)}")
        fits = bool(self.teacher) == (self.mode != "self")
        allowed = "none with mode self, a checkpoint or (online) an architecture otherwise"
        require(fits, "teacher", self.teacher, allowed)
        require(0.1 <= self.tau <= 100, "tau", self.tau, "0.1…100")
        require(0 <= self.weight <= 1, "weight", self.weight, "0…1")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Distil:
        return cls(**content)


class Teacher:
    """A frozen network whose answers the student is drawn to."""

    def __init__(self, model: Classifier | None, device: torch.device, precision: str) -> None:
        self.model, self.device, self.precision = model, device, precision
        if model is not None:
            place(model.eval().requires_grad_(False), device)

    def begin(self, epoch: int, student: Classifier) -> None:
        """Called before each epoch."""

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor | None:
        """Logits float32 (N, classes), no gradients; ``None`` while there is nobody to ask."""
        if self.model is None:
            return None
        with autocast(self.device, self.precision):
            return self.model(images).float()


class OwnPast(Teacher):
    """The student as it was when the epoch began; nothing needs to be kept for a resume."""

    def __init__(self, device: torch.device, precision: str) -> None:
        super().__init__(None, device, precision)

    def begin(self, epoch: int, student: Classifier) -> None:
        if epoch:  # before the first one it has learnt nothing
            self.model = copy.deepcopy(student).eval().requires_grad_(False)
