"""What a checkpoint cost: steps and seconds of its training, and of the run that scored tiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import mean

from lcc_core.checkpoints.store import FACTS, Checkpoint, read_checkpoint
from lcc_core.coresets.methods import METHODS
from lcc_core.errors import CheckpointError
from lcc_core.files import Home
from lcc_core.training.steps import steps


@dataclass(frozen=True)
class TrainingCost:
    """``steps`` and ``train_s`` of the last training; ``scoring_s`` of the training on all tiles
    whose scores chose the coreset: 0 where nothing was scored, ``None`` where that run is gone."""

    steps: int
    train_s: float
    scoring_s: float | None = 0.0

    @property
    def seconds(self) -> float | None:
        """All of it, if it is known."""
        return None if self.scoring_s is None else self.train_s + self.scoring_s

    def flat(self) -> dict[str, float | int | None]:
        """As a table shows it, units in the names."""
        scoring = None if self.scoring_s is None else round(self.scoring_s, 1)
        return {
            "training steps": self.steps,
            "training (s)": round(self.train_s, 1),
            "scoring (s)": scoring,
        }


def training_cost(home: Home, checkpoint: Checkpoint) -> TrainingCost | None:
    """``None`` for an imported model, of whose training nothing is known."""
    if checkpoint.imported:
        return None
    tiles = trained_tiles(checkpoint)
    recipe = checkpoint.recipe
    done = steps(len(checkpoint.log), recipe["batch"], tiles)
    return TrainingCost(done, checkpoint.seconds, _scoring(home, checkpoint))


def trained_tiles(checkpoint: Checkpoint) -> int:
    """How many tiles it was trained on."""
    coreset = checkpoint.split.get("coreset")
    return coreset["tiles"] if coreset else _columns(checkpoint.path, checkpoint.created)


@lru_cache(maxsize=512)
def _columns(path: Path, _created: str) -> int:
    return len(read_checkpoint(path).trained_on())


def _scoring(home: Home, checkpoint: Checkpoint) -> float | None:
    coreset = checkpoint.split.get("coreset")
    method = METHODS.get(coreset["method"]) if coreset else None
    if not coreset or (method and not method.needs_dynamics):
        return 0.0
    try:
        return read_checkpoint(home.checkpoints / coreset["source"]).seconds
    except CheckpointError:
        return None


def cost_of(home: Home, identity: str) -> TrainingCost | None:
    """The same by id; ``None`` where the checkpoint is gone or damaged."""
    path = home.checkpoints / identity
    if not (path / FACTS).is_file():
        return None
    try:
        return training_cost(home, read_checkpoint(path))
    except CheckpointError:
        return None


def mean_or_none(values: list[float | None]) -> float | None:
    """The mean, or ``None`` where one of them is not known."""
    known = [value for value in values if value is not None]
    return mean(known) if len(known) == len(values) else None
