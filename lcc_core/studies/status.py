"""How a study stands, read from what lies on disk: nothing has to run to know it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from lcc_core.data.stored import FACTS, stored
from lcc_core.files import Home
from lcc_core.results.table import ResultRow, flat, look_at
from lcc_core.results.training_cost import TrainingCost, cost_of
from lcc_core.studies import folder as folders
from lcc_core.studies.folder import Folder
from lcc_core.studies.graph import KINDS, Graph, Point, expand
from lcc_core.studies.leases import leased
from lcc_core.studies.records import look, unreadable
from lcc_core.studies.spec import Study
from lcc_core.unreadable import ODD, Found, Unreadable, read_json

DONE, FAILED, MISSING = "done", "failed", "missing"


@dataclass(frozen=True)
class PointRow:
    """A point with the row that was measured, or with what went wrong; ``cost``: of the training
    of its model, as far as the checkpoint is still there."""

    id: str
    point: Point
    row: ResultRow | None = None
    error: str = ""
    cost: TrainingCost | None = None

    @property
    def state(self) -> str:
        return DONE if self.row else FAILED if self.error else MISSING

    def flat(self) -> dict[str, Any]:
        """What was asked for, and what came of it; units in the names."""
        asked = {name: value for name, value in asdict(self.point).items() if name != "arch"}
        asked = {"point": self.id, "state": self.state, "architecture": self.point.arch} | asked
        asked["fraction (%)"] = round(100 * asked.pop("fraction"), 4)
        asked["channels off (%)"] = round(100 * asked.pop("channels"), 4)
        if self.row is None:
            return asked | {"error": self.error}
        measured = {k: v for k, v in flat(self.row).items() if k not in asked}
        measured["row"] = self.row.id
        measured |= self.cost.flat() if self.cost else {}
        return asked | measured | {"error": ""}


@dataclass(frozen=True)
class Standing:
    """``steps``: kind → (done, all). ``busy``: steps that some runner is doing now."""

    id: str
    name: str
    points: int
    done: int
    failed: int
    busy: int
    paused: bool
    steps: dict[str, tuple[int, int]]

    @property
    def state(self) -> str:
        if self.done == self.points:
            return "done"
        if self.busy:
            return "running"
        return "paused" if self.paused else "failed" if self.failed else "not finished"


def fingerprints(home: Home, study: Study) -> dict[str, str]:
    """Of the sets that are there, without opening them."""
    found = {}
    for name in study.data:
        with contextlib.suppress(*ODD):
            found[name] = str(read_json(home.tiles / name / FACTS)["fingerprint"])
    return found


def graph_of(home: Home, study: Study) -> Graph:
    return expand(study, fingerprints(home, study))


def tile_counts(home: Home) -> Mapping[str, int]:
    return {one.name: one.tiles for one in stored(home)}


def rows(home: Home, folder: Folder) -> Found[PointRow]:
    """Every point of the study in its order, and the files of points that cannot be read."""
    graph = graph_of(home, folder.study)
    found, bad = [], []
    for step, point in graph.points.items():
        record = look(home, step)
        row = look_at(home.results / f"{record.value}.json") if record else None
        lost = row if record else unreadable(home, step)
        if isinstance(lost, Unreadable):
            bad.append(lost)
            row = None
        text = "" if row else " ".join(_error(folder, step)).strip()
        found.append(PointRow(step, point, row, text))
    models = {one.row.measurement.checkpoint for one in found if one.row}
    costs = {model: cost_of(home, model) for model in models}
    return Found(
        (
            replace(one, cost=costs[one.row.measurement.checkpoint]) if one.row else one
            for one in found
        ),
        bad,
    )


def _error(folder: Folder, step: str) -> tuple[str, str]:
    return folders.read_error(folder.path, step)


def standing(home: Home, folder: Folder) -> Standing:
    graph = graph_of(home, folder.study)
    done = {step for step in graph.steps if look(home, step)}
    failed = {step for step in graph.points if step not in done and any(_error(folder, step))}
    counts, whole = Counter(), Counter()
    for step in graph.steps.values():
        whole[step.kind] += 1
        counts[step.kind] += step.id in done
    busy = len(leased(home, set(graph.steps) - done))
    return Standing(
        folder.id,
        folder.study.name,
        len(graph.points),
        len(done & set(graph.points)),
        len(failed),
        busy,
        folders.paused(folder.path),
        {kind: (counts[kind], whole[kind]) for kind in KINDS if whole[kind]},
    )
