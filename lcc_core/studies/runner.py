"""The study is run: what is there is taken, what is missing is done, whoever else is at it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from lcc_core.data.catalog import load_tiles
from lcc_core.files import Home
from lcc_core.hooks import QUIET, Hooks
from lcc_core.studies import cache
from lcc_core.studies import folder as folders
from lcc_core.studies.graph import expand
from lcc_core.studies.scheduler import DONE, FAILED, Options, Run
from lcc_core.studies.spec import Study


@dataclass(frozen=True)
class Finished:
    """How a run ended: of ``points``, so many were ``found``, ``made`` here or ``failed``."""

    id: str
    points: int
    found: int
    made: int
    failed: int
    seconds: float
    steps: dict[str, int] = field(default_factory=dict)


def run_study(
    study: Study,
    home: Home,
    options: Options | None = None,
    hooks: Hooks = QUIET,
) -> Finished:
    """All points that are not there yet. A point that fails leaves its error and stops no other.

    Raises ``Cancelled`` when it was stopped or paused, ``LccError`` when results cannot be stored;
    what was finished is kept.
    """
    began = time.monotonic()
    folder = folders.save(home, study)
    folders.unpause(folder)
    prints = {name: load_tiles(name, home, hooks).fingerprint for name in study.data}
    graph = expand(study, prints)
    folders.write_prints(folder, prints)
    run = Run(graph, home, folder.path, options or Options(), hooks)
    run.prepare()
    found = sum(run.state.get(point) == DONE for point in graph.points)
    if run.missing():
        run.go()
    failed = sum(run.state[point] == FAILED for point in graph.points)
    made = len(graph.points) - found - failed
    cache.trim(home)
    seconds = round(time.monotonic() - began, 2)
    return Finished(study.id, len(graph.points), found, made, failed, seconds, dict(run.made))


__all__ = ["Finished", "Options", "run_study"]
