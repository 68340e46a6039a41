"""What training on coresets gave: every checkpoint and measurement on the same tiles and split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean, stdev

from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.coresets.coreset import title_of
from lcc_core.data.splits import split_name
from lcc_core.files import Home
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import wilson_interval
from lcc_core.results.table import own_rows
from lcc_core.results.training_cost import (
    TrainingCost,
    mean_or_none,
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


def points(found: Iterable[Trained], by: str = EPOCHS) -> list[Point]:
    """Means over seeds, smallest fraction first; ``by``: what a group shares, epochs or steps."""
    groups: dict[tuple[str, str, float, str], list[Trained]] = {}
    for one in found:
        groups.setdefault((one.arch, one.method, one.fraction, one.recipe(by)), []).append(one)
    result = []
    for key, group in groups.items():
        oa = mean(one.oa for one in group)
        tiles = group[0].checkpoint.accuracy["test"]["tiles"]
        if len(group) > 1:
            spread = stdev(one.oa for one in group)
            low, high = oa - spread, oa + spread
        else:
            low, high = wilson_interval(round(oa * tiles), tiles)
        result.append(
            Point(
                *key,
                oa=oa,
                low=low,
                high=high,
                seeds=len(group),
                tiles=tiles,
                steps=mean(one.cost.steps for one in group),
                train_s=mean(one.cost.train_s for one in group),
                scoring_s=mean_or_none([one.cost.scoring_s for one in group]),
            )
        )
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
