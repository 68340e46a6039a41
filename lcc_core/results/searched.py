"""Searches by content: a plan found once is never searched again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcc_core.checkpoints.packed import pack
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.greedy.candidates import STEPS_K
from lcc_core.compression.plan import Plan
from lcc_core.compression.planning import BUDGET, PlanningInput
from lcc_core.compression.quantizers import quantizer_of
from lcc_core.compression.recalibration import calibration_tiles
from lcc_core.compression.search import SearchResult, SearchSettings, search
from lcc_core.compression.uniform import uniform_plan
from lcc_core.data.splits import SELECT_ON, Split
from lcc_core.errors import require
from lcc_core.files import Home, content_id, remember, write_json
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.measurement import Measurement
from lcc_core.models import Classifier
from lcc_core.results.measured import VERSION, measure_plan
from lcc_core.unreadable import ODD, read_json
from lcc_core.workspace import Workspace


@dataclass(frozen=True)
class Selection:
    """Where a search chooses: on the ``validation`` part, or as the papers on the ``test`` part.

    A split without a validation part leaves it the test part alone; see :meth:`warning`.
    ``tiles``: a random sample of so many of them; 0: all.
    """

    select_on: str = "validation"
    tiles: int = 0

    def __post_init__(self) -> None:
        known = f"one of {', '.join(SELECT_ON)}"
        require(self.select_on in SELECT_ON, "select_on", self.select_on, known)
        require(self.tiles >= 0, "tiles", self.tiles, "0 (all) or more")

    def part(self, split: Split) -> str:
        return "test" if self.select_on == "test" else split.selection

    def warning(self, split: Split) -> str:
        """What to tell whoever reads the figures; empty where nothing was chosen on test tiles."""
        if self.part(split) != "test":
            return ""
        why = "as the papers seem to do" if self.select_on == "test" else "there are no others"
        return f"Chosen on the test tiles, {why}: these figures flatter."

    def key(self) -> dict[str, Any]:
        """As stored searches are named, which once called the two ways by other names."""
        old = {"validation": "honest", "test": "paper"}
        return {"protocol": old[self.select_on], "tiles": self.tiles}

    def ids(self, split: Split) -> np.ndarray:
        ids = split.part(self.part(split))
        if not 0 < self.tiles < len(ids):
            return ids
        return np.sort(np.random.default_rng(0).permutation(ids)[: self.tiles])


def search_path(
    home: Home, checkpoint: Checkpoint, settings: SearchSettings, where: Selection
) -> Path:
    """Where the result of this search is, or will be, stored."""
    key = {
        "checkpoint": checkpoint.id,
        "trained": checkpoint.created,
        "settings": settings.to_json(),
        "selection": where.key(),
        "version": VERSION,
    }
    return home.folder("searches") / f"{content_id(key, 24)}.json"


def cached_search(
    home: Home, checkpoint: Checkpoint, settings: SearchSettings, where: Selection
) -> SearchResult | None:
    """The stored result of a search that ran to its end, or ``None``."""
    try:
        content = read_json(search_path(home, checkpoint, settings, where))
        return SearchResult.from_json(content)
    except ODD:
        return None


def search_plan(
    workspace: Workspace,
    checkpoint: Checkpoint,
    settings: SearchSettings,
    where: Selection,
    hooks: Hooks = QUIET,
    budget: int = BUDGET,
) -> SearchResult:
    """Search a plan, unless it is stored; a search that was not stopped is remembered.

    Args:
        workspace: the home with its tiles and models.
        checkpoint: what is compressed.
        settings: what is searched.
        where: the tiles to choose on.
        hooks: progress and cancel.
        budget: bytes of activations kept for replay at most.
    """
    home = workspace.home
    if found := cached_search(home, checkpoint, settings, where):
        return found
    tiles, split = workspace.tiles(checkpoint.data), workspace.split(checkpoint)
    labelled = settings.planner.needs_labels
    ids = where.ids(split) if labelled else np.empty(0, np.int64)
    calibration = None
    if settings.recalibrate:
        calibration = calibration_tiles(tiles, split, settings.recalibrate)
    given = PlanningInput(
        workspace.model(checkpoint),
        torch.from_numpy(np.ascontiguousarray(tiles.images[ids])).permute(0, 3, 1, 2),
        torch.from_numpy(tiles.labels[ids]),
        calibration=calibration,
        budget=budget,
    )
    result = search(settings, given, hooks)
    if labelled:  # what sees no labels cannot have chosen by them
        facts = {**result.plan.facts, "select_on": where.select_on, "part": where.part(split)}
        result = replace(result, plan=replace(result.plan, facts=facts))
    if not result.stopped:
        write_json(search_path(home, checkpoint, settings, where), result.to_json())
    return result


def rivals(
    workspace: Workspace,
    checkpoint: Checkpoint,
    found: Measurement,
    settings: SearchSettings,
    hooks: Hooks = QUIET,
) -> list[Measurement]:
    """Measure the fixed settings just above and just below the size that a search ``found``."""
    home, model = workspace.home, workspace.model(checkpoint)
    key = {"checkpoint": checkpoint.id, "trained": checkpoint.created, "version": VERSION}
    key |= {"plan": found.plan, "bytes": found.bytes, "method": settings.method}
    memory = home.folder("searches") / f"{content_id(key, 24)}-fixed.json"
    plans: list[Plan] = []
    with contextlib.suppress(*ODD):
        plans = [Plan.from_json(plan) for plan in read_json(memory)]
    if not plans:
        for plan in _fixed(model, settings):
            plans = [*plans[-1:], plan]
            if len(pack(workspace.compressed(checkpoint, plan, hooks))) <= found.bytes:
                break
        remember(home, memory, json.dumps([plan.to_json() for plan in plans]).encode())
    return [measure_plan(workspace, checkpoint, plan, hooks=hooks) for plan in plans]


def _fixed(model: Classifier, settings: SearchSettings) -> Iterator[Plan]:
    """Fixed settings from mild to bold, in the quantizer of the search."""
    how = (settings.quantizer, settings.recalibrate)
    if settings.planner.only_prunes:
        yield from (uniform_plan(model, 32, k, *how) for k in STEPS_K)
    else:
        widths = quantizer_of(settings.quantizer).widths
        yield from (uniform_plan(model, bits, 0.0, *how) for bits in reversed(widths))
