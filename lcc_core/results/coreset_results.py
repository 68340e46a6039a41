"""What training on coresets gave: every checkpoint and measurement on the same tiles and split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.coresets.coreset import title_of
from lcc_core.data.splits import split_name
from lcc_core.files import Home
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import wilson_interval
from lcc_core.results.summary import summarize
from lcc_core.results.table import own_rows
from lcc_core.results.training_cost import (
    TrainingCost,
    trained_tiles,
    training_cost,
)
from lcc_core.training.steps import whole_epochs

ALL = "all tiles"
EPOCHS, STEPS = "equal epochs", "equal steps"


@dataclass(frozen=True)
class Trained:
    """One checkpoint on a choice of tiles, and what it cost; ``fraction`` 1 and ``method`` ``ALL``
    without one. ``tiles``: how many it was trained on, ``of`` so many."""

    checkpoint: Checkpoint
    method: str
    fraction: float
    tiles: int
    of: int
    cost: TrainingCost

    @property
    def arch(self) -> str:
        """The architecture."""
        return self.checkpoint.arch

    def recipe(self, by: str = EPOCHS) -> str:
        """What trainings must share to be compared, at equal epochs or at equal steps."""
        recipe = self.checkpoint.recipe
        epochs, batch = recipe["epochs"], recipe["batch"]
        weighted = ", class weights" if recipe.get("class_weights") else ""
        if by == STEPS:
            epochs = whole_epochs(epochs, batch, self.of, self.tiles)
            return f"the steps of {epochs} epochs on all tiles, batches of {batch}{weighted}"
        return f"{epochs} epochs of batches of {batch}{weighted}"

    @property
    def oa(self) -> float:
        """Accuracy on test tiles, 0…1."""
        return self.checkpoint.accuracy["test"]["oa"]


@dataclass(frozen=True)
class Point:
    """Mean test accuracy over ``seeds`` trainings; ``low`` … ``high`` is ± one standard deviation
    over the seeds or, for a single one, the 95 % interval on its ``tiles`` test tiles. ``steps``,
    ``train_s`` and ``scoring_s`` are means of what the trainings cost."""

    arch: str
    method: str
    fraction: float
    recipe: str
    oa: float
    low: float
    high: float
    seeds: int
    tiles: int
    steps: float
    train_s: float
    scoring_s: float | None

    @property
    def interval(self) -> str:
        """What ``low`` and ``high`` are, in words."""
        return f"± standard deviation over {self.seeds} seeds" if self.seeds > 1 else "95 %, Wilson"


def trained(home: Home, like: Checkpoint) -> list[Trained]:
    """Checkpoints on the tiles and the split of ``like``.

    Those on all tiles may have another split seed: their test parts are other samples of the same
    size.
    """
    wanted = split_name(like.split)
    found = []
    for one in list_checkpoints(home):
        same = one.fingerprint == like.fingerprint and "test" in one.accuracy
        # A pruned or distilled model would not be another seed of the same training.
        protocol, seed, share = split_name(one.split)
        if not same or one.how or (protocol, share) != (wanted[0], wanted[2]):
            continue
        cost = training_cost(home, one)
        coreset = one.split.get("coreset")
        if cost is None:
            continue
        if coreset is None:
            tiles = trained_tiles(one)
            found.append(Trained(one, ALL, 1.0, tiles, tiles, cost))
        elif seed == wanted[1]:
            sizes = (coreset["tiles"], coreset["of"])
            found.append(Trained(one, title_of(coreset), coreset["fraction"], *sizes, cost))
    return found


KEY = ("arch", "method", "fraction", "recipe")
FIGURES = ("oa", "steps", "train_s", "scoring_s")


def points(found: Iterable[Trained], by: str = EPOCHS) -> list[Point]:
    """Means over seeds, smallest fraction first; ``by``: what a group shares, epochs or steps."""
    found = list(found)
    rows: list[dict[str, Any]] = [
        {
            "arch": one.arch, "method": one.method, "fraction": one.fraction,
            "recipe": one.recipe(by), "oa": one.oa, "steps": one.cost.steps,
            "train_s": one.cost.train_s, "scoring_s": one.cost.scoring_s,
            "tiles": one.checkpoint.accuracy["test"]["tiles"],
        }
        for one in found
    ]  # fmt: skip
    tiles = {tuple(row[name] for name in KEY): row["tiles"] for row in reversed(rows)}
    result = []
    for group in summarize(rows, KEY, FIGURES):
        means = {name: one.mean for name, one in group.figures.items()}
        oa, spread = group.figures["oa"].mean or 0.0, group.figures["oa"].sd
        count = tiles[tuple(group.key[name] for name in KEY)]
        interval = wilson_interval(round(oa * count), count)
        low, high = interval if spread is None else (oa - spread, oa + spread)
        result.append(
            Point(
                **group.key, oa=oa, low=low, high=high, seeds=group.n, tiles=count,
                steps=means["steps"] or 0.0, train_s=means["train_s"] or 0.0,
                scoring_s=means["scoring_s"],
            )
        )  # fmt: skip
    return sorted(result, key=lambda point: (point.fraction, point.method))


def measurements(home: Home, found: Iterable[Trained]) -> list[tuple[Trained, Measurement]]:
    """Every stored measurement of these checkpoints on their test part."""
    by_id = {one.checkpoint.id: one for one in found}
    rows = [row.measurement for row in own_rows(home)]
    return [
        (by_id[row.checkpoint], row)
        for row in rows
        if row.checkpoint in by_id and row.part == "test"
    ]
