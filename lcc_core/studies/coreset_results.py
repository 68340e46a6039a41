"""What training on coresets gave: every checkpoint and measurement on the same tiles and split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean, stdev

from lcc_core.checkpoints.store import Checkpoint, list_checkpoints
from lcc_core.data.splits import split_name
from lcc_core.files import Home
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.metrics import wilson_interval
from lcc_core.studies.table import own_rows

ALL = "all tiles"


@dataclass(frozen=True)
class Trained:
    """One checkpoint on a choice of tiles; ``fraction`` 1 and ``method`` ``ALL`` without one."""

    checkpoint: Checkpoint
    method: str
    fraction: float

    @property
    def arch(self) -> str:
        return self.checkpoint.arch

    @property
    def recipe(self) -> str:
        """What trainings must share to be compared."""
        recipe = self.checkpoint.recipe
        weighted = ", class weights" if recipe.get("class_weights") else ""
        return f"{recipe['epochs']} epochs of batches of {recipe['batch']}{weighted}"

    @property
    def oa(self) -> float:
        return self.checkpoint.accuracy["test"]["oa"]


@dataclass(frozen=True)
class Point:
    """Mean test accuracy over ``seeds`` trainings; ``low`` … ``high`` is ± one standard deviation
    over the seeds or, for a single one, the 95 % interval on its ``tiles`` test tiles."""

    arch: str
    method: str
    fraction: float
    recipe: str
    oa: float
    low: float
    high: float
    seeds: int
    tiles: int

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
        coreset = one.split.get("coreset")
        if coreset is None:
            found.append(Trained(one, ALL, 1.0))
        elif seed == wanted[1]:
            balanced = "balanced " if coreset["balanced"] else ""
            found.append(Trained(one, balanced + coreset["method"], coreset["fraction"]))
    return found


def points(found: Iterable[Trained]) -> list[Point]:
    """Means over seeds, smallest fraction first."""
    groups: dict[tuple[str, str, float, str], list[Trained]] = {}
    for one in found:
        groups.setdefault((one.arch, one.method, one.fraction, one.recipe), []).append(one)
    result = []
    for key, group in groups.items():
        oa = mean(one.oa for one in group)
        tiles = group[0].checkpoint.accuracy["test"]["tiles"]
        if len(group) > 1:
            spread = stdev(one.oa for one in group)
            low, high = oa - spread, oa + spread
        else:
            low, high = wilson_interval(round(oa * tiles), tiles)
        result.append(Point(*key, oa=oa, low=low, high=high, seeds=len(group), tiles=tiles))
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
