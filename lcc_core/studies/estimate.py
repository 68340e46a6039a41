"""How long steps take, from those that were done; how far a run is, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from lcc_core.data.splits import PROTOCOLS
from lcc_core.files import Home
from lcc_core.hooks import Progress
from lcc_core.models import ARCHITECTURES
from lcc_core.studies.graph import CHOOSE, DISTIL, MEASURE, NARROW, SEARCH, TRAIN, Graph, Step
from lcc_core.studies.records import all_records, look
from lcc_core.training import make_recipe
from lcc_core.unreadable import ODD, read_json

# Seconds on one core where nothing was measured yet: rough. A training by tile, epoch and million
# weights, which 2 cores with bf16 needed in trials.
GUESS = {TRAIN: 60.0, CHOOSE: 1.0, DISTIL: 60.0, NARROW: 60.0, SEARCH: 60.0, MEASURE: 4.0}
PER_TILE_S, POWER = 0.004, 0.3
TILES = 3000


class Durations:
    """What was learnt on this machine, and what this run has done of its work."""

    def __init__(
        self, home: Home, todo: Iterable[Step], tiles: Mapping[str, int], jobs: int = 1
    ) -> None:
        self.tiles, self.jobs = tiles, max(jobs, 1)
        self.known: dict[tuple[Any, ...], list[float]] = {}
        for one in all_records(home):
            if one.found:
                continue
            seconds = one.seconds
            if one.kind == TRAIN:
                seconds /= max(one.about.get("work", 1), 1)
            self.known.setdefault((one.kind, one.about.get("arch")), []).append(seconds)
        self.weights = {step.id: self.seconds(step) for step in todo}
        self.began = time.monotonic()

    def seconds(self, step: Step) -> float:
        """What the step may take."""
        arch = step.content.get("arch")
        known = [v for (kind, of), v in self.known.items() if kind == step.kind and of == arch]
        known = known or [v for (kind, _), v in self.known.items() if kind == step.kind]
        times = [one for values in known for one in values]
        if step.kind != TRAIN:
            return median(times) if times else GUESS[step.kind]
        content = step.content
        whole = self.tiles.get(content["data"], TILES)
        tiles = round(whole * PROTOCOLS.get(content["split"], (0.3,))[0])
        chosen: dict[str, Any] = {"tiles": tiles, **content["recipe"]}
        recipe = make_recipe(content["arch"], **chosen)
        guess = PER_TILE_S * max(0.1, ARCHITECTURES[content["arch"]].weights_m) ** POWER
        return (median(times) if times else guess) * recipe.epochs * tiles

    def reached(self, path: Path) -> tuple[float, str]:
        """How far a worker says it is."""
        try:
            content = read_json(path)
            return float(content["share"]), str(content["message"])
        except ODD:
            return 0.0, ""

    def progress(
        self, state: Mapping[str, str], shares: Mapping[str, float], said: str, steps: Any
    ) -> Progress:
        """The progress of a whole run."""
        total = sum(self.weights.values()) or 1.0
        done = sum(
            weight * (1.0 if state[step] in ("done", "failed") else shares.get(step, 0.0))
            for step, weight in self.weights.items()
        )
        taken = time.monotonic() - self.began
        left = taken * (total - done) / done if done > 0 else total / self.jobs
        return Progress(
            "study", round(1000 * done), round(1000 * total), said, left, {"stages": steps}
        )


@dataclass(frozen=True)
class Estimate:
    """What a study would take. ``missing`` points; ``rough``: steps of a kind that was never done
    here are guessed."""

    seconds: float
    missing: int
    rough: bool


def estimate(home: Home, graph: Graph, jobs: int, tiles: Mapping[str, int]) -> Estimate:
    """Estimate how long the missing points take with ``jobs`` processes."""
    todo: dict[str, Step] = {}
    wanted = list(graph.points)
    while wanted:
        missing = [s for s in wanted if s not in todo and look(home, s) is None]
        todo |= {s: graph.steps[s] for s in missing}
        wanted = list({n for s in missing for n in graph.steps[s].needs.values()})
    durations = Durations(home, todo.values(), tiles, jobs)
    seconds = max(
        sum(durations.weights.values()) / durations.jobs, _longest_chain(graph, durations.weights)
    )
    known = {kind for kind, _ in durations.known}
    rough = any(step.kind not in known for step in todo.values())
    return Estimate(seconds, sum(step in graph.points for step in todo), rough)


def _longest_chain(graph: Graph, weights: Mapping[str, float]) -> float:
    """Seconds that steps take which must follow each other: more processes do not help there."""
    ends: dict[str, float] = {}
    for step in graph.steps.values():  # each after its needs
        before = max((ends[need] for need in step.needs.values()), default=0.0)
        ends[step.id] = before + weights.get(step.id, 0.0)
    return max(ends.values(), default=0.0)
