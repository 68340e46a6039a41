"""The greedy search: one layer after the other, as far as it goes; DESIGN §3, after [shinde2025].

Every layer starts at 8 bits, or as a float. In order of importance, each takes the boldest setting
whose accuracy stays within its margin of the reference, and the next layer starts from there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lcc_core.compression.greedy.candidates import Candidates
from lcc_core.compression.greedy.config import GreedyConfig
from lcc_core.compression.layer_importance import importance
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.quantizers import quantizer_of
from lcc_core.compression.replay.early_decision import Verdict
from lcc_core.compression.replay.replay import Replay
from lcc_core.compression.result import SearchResult, Tried
from lcc_core.errors import Cancelled
from lcc_core.hooks import Hooks, Progress
from lcc_core.models import weight_of

STARTING_BITS, FLOAT = 8, 32


@dataclass(eq=False)
class _Greedy:
    """A search under way; ``replay`` judges its candidates."""

    config: GreedyConfig
    given: PlanningInput
    replay: Replay
    importance: dict[str, float]  # in graph order
    shares: dict[str, float]  # of the weights
    hooks: Hooks
    trace: list[Tried] = field(default_factory=list)
    reference: int = 0

    def order(self) -> list[str]:
        """The layers in the order in which they are tried."""
        if self.config.order == "built":
            return list(self.importance)
        sign = -1 if self.config.order == "falling" else 1
        return sorted(self.importance, key=lambda name: sign * self.importance[name])

    def margin(self, layer: str) -> float:
        """T(l) as a share of the tiles."""
        margin = self.config.t_margin / 100
        if self.config.margin == "adaptive":
            margin *= self.importance[layer]
        elif self.config.margin == "shared":
            order = self.order()
            margin *= sum(self.shares[name] for name in order[: order.index(layer) + 1])
        names = list(self.importance)
        if self.config.half_ends and layer in (names[0], names[-1]):
            margin /= 2
        return margin

    def need(self, layer: str) -> int:
        """Right answers that leave accuracy at or above the reference less the margin."""
        # A margin that is a whole number of tiles but for rounding counts as that number.
        tiles = len(self.replay.tiles)
        return math.ceil(self.reference - self.margin(layer) * tiles - 1e-6)

    def run(self, stages: Sequence[Candidates]) -> None:
        """Try the candidates of every stage, layer by layer."""
        order = self.order()
        for place, layer in enumerate(order):
            for stage in stages:
                weight = weight_of(self.given.model, layer)
                now = self.replay.plan.layers[layer]
                candidates = stage(weight, now, self.given.quantizer)
                self._layer(order[place:], candidates, place, len(order))

    def _layer(
        self, rest: list[str], candidates: Iterator[LayerSetting], place: int, total: int
    ) -> None:
        layer, need, up = rest[0], self.need(rest[0]), self.config.direction == "up"
        for setting in candidates if up else reversed(list(candidates)):
            began = time.perf_counter()
            verdict = self.replay.judge(layer, setting, need, rest)
            if verdict.accepted:
                self.replay.accept()
            tried = _tried(layer, setting, need, verdict, time.perf_counter() - began)
            self.trace.append(tried)
            self._report(tried, place, total)
            if verdict.accepted == up:
                return

    def _report(self, tried: Tried, place: int, total: int) -> None:
        answer = "kept" if tried.kept else "too much lost"
        what = f"{tried.bits} bits" + (f", k = {tried.k:g}" if tried.k else "")
        self.hooks.progress(
            Progress(
                "search",
                place,
                total,
                f"layer {place + 1} of {total}, {tried.layer}: {what}, {answer}",
                figures=tried.to_json() | {"reference": self.reference},
                lasting=True,
            )
        )


def _tried(layer: str, setting: LayerSetting, need: int, verdict: Verdict, seconds: float) -> Tried:
    return Tried(
        layer=layer,
        bits=setting.bits,
        k=setting.prune_k,
        granularity=setting.granularity,
        scale=setting.scale,
        need=need,
        low=verdict.low,
        high=verdict.high,
        tiles=verdict.tiles,
        seen=verdict.seen,
        kept=verdict.accepted,
        seconds=round(seconds, 4),
        quantizer=setting.quantizer,
        options=setting.options,
    )


def greedy_search(
    given: PlanningInput,
    config: GreedyConfig,
    stages: Sequence[Candidates],
    hooks: Hooks,
    start_bits: int = STARTING_BITS,
) -> SearchResult:
    """Search a plan layer by layer.

    Args:
        given: the model, and the labelled tiles that candidates are judged on.
        config: order, direction and margin.
        stages: what is tried of each layer, one after the other.
        hooks: progress and cancel.
        start_bits: of every layer before anything is tried; 32: float.

    Returns:
        The plan; a stopped search returns it as far as it came.

    Raises:
        Cancelled: it was stopped before the first layer.
    """
    rows = importance(given.model, config)
    if start_bits < FLOAT:
        start_bits = min(start_bits, quantizer_of(given.quantizer).most_bits)
    setting = LayerSetting.of(given.quantizer, start_bits)
    start = Plan({row.name: setting for row in rows}, recalibrate=given.recalibrate)
    hooks.progress(Progress("search", 0, len(rows), "the reference"))
    values = {row.name: row.importance for row in rows}
    shares = {row.name: row.share for row in rows}
    state = _Greedy(config, given, Replay(given, start, hooks), values, shares, hooks)
    state.reference = state.replay.start(state.order())
    spent = 0.0
    if config.reference == "float" and start_bits < FLOAT:
        exact = Replay(given, Plan({}), hooks)
        state.reference, spent = exact.start([]), exact.equivalents
    stopped = False
    try:
        state.run(stages)
    except Cancelled:
        state.replay.drop()
        stopped = True
    return SearchResult(
        plan=replace(state.replay.plan, facts={"reference_right": state.reference}),
        trace=tuple(state.trace),
        tiles=len(given.labels),
        reference=state.reference,
        importance=values,
        stopped=stopped,
        equivalents=state.replay.equivalents + spent,
        calibrations=state.replay.calibrations,
        peak_bytes=state.replay.peak,
    )
