"""Adaptive bits (LAQ) and adaptive pruning (LAP): one layer after the other, as far as it goes.

After the adaptive bit-width paper; DESIGN §3. Every layer starts at 8 bits. In order of importance,
each takes the boldest setting whose accuracy stays within its margin of the reference, and the
next layer starts from there. ``size`` is ours: it walks each layer's ladder of coded sizes, over
bits, pruning, scales and granularity at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from torch import Tensor

from lcc_core.compression.apply import layer_weight
from lcc_core.compression.importance import importance
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.recalibration import Calibration
from lcc_core.compression.search.ladder import ladder
from lcc_core.compression.search.replay import BUDGET, Replay
from lcc_core.compression.search.result import SearchResult, Tried
from lcc_core.compression.search.settings import STARTING_BITS, STEPS_K, SearchSettings
from lcc_core.compression.search.tally import Verdict
from lcc_core.errors import Cancelled
from lcc_core.hooks import QUIET, Hooks, Progress
from lcc_core.models import Classifier, weight_of


@dataclass(eq=False)
class _Search:
    """The walk over the layers; ``replay`` judges."""

    settings: SearchSettings
    replay: Replay
    rows: dict[str, float]  # importance, in graph order
    shares: dict[str, float]  # of the weights
    hooks: Hooks
    trace: list[Tried] = field(default_factory=list)
    reference: int = 0

    def order(self) -> list[str]:
        if self.settings.order == "built":
            return list(self.rows)
        sign = -1 if self.settings.order == "falling" else 1
        return sorted(self.rows, key=lambda name: sign * self.rows[name])

    def margin(self, layer: str) -> float:
        """T(l) as a share of the tiles."""
        margin = self.settings.t_margin / 100
        if self.settings.margin == "adaptive":
            margin *= self.rows[layer]
        elif self.settings.margin == "shared":
            order = self.order()
            margin *= sum(self.shares[name] for name in order[: order.index(layer) + 1])
        names = list(self.rows)
        if self.settings.half_ends and layer in (names[0], names[-1]):
            margin /= 2
        return margin

    def need(self, layer: str) -> int:
        """Right answers that leave accuracy at or above the reference less the margin."""
        # A margin that is a whole number of tiles but for rounding counts as that number.
        tiles = len(self.replay.tiles)
        return math.ceil(self.reference - self.margin(layer) * tiles - 1e-6)

    def walk(self) -> None:
        order = self.order()
        for place, layer in enumerate(order):
            rest = order[place:]
            for candidates in self._stages(layer):
                self._layer(rest, candidates, place, len(order))

    def _stages(self, layer: str) -> Iterator[Iterator[LayerSetting]]:
        """Bits first, then pruning from the bits that were kept; boldest first."""
        make, method = self.settings.setting, self.settings.method
        if method == "size":
            yield iter(ladder(weight_of(self.replay.original, layer)))
        if "laq" in method:
            yield (make(bits, 0.0) for bits in range(1, STARTING_BITS))
        if "lap" in method:
            bits = self.replay.plan.layers[layer].bits
            yield (make(bits, k) for k in reversed(STEPS_K) if self._saves(layer, make(bits, k)))

    def _saves(self, layer: str, setting: LayerSetting) -> bool:
        """Whether a pruned layer takes fewer bytes: zeros among one-bit codes can cost more."""
        if setting.bits == 32:
            return True
        weight = weight_of(self.replay.original, layer)
        sizes = [layer_weight(weight, one)[1] for one in (replace(setting, prune_k=0.0), setting)]
        return sizes[1].coded_bits < sizes[0].coded_bits

    def _layer(
        self, rest: list[str], candidates: Iterator[LayerSetting], place: int, total: int
    ) -> None:
        layer, need, up = rest[0], self.need(rest[0]), self.settings.direction == "up"
        for setting in candidates if up else reversed(list(candidates)):
            began = time.perf_counter()
            verdict = self.replay.judge(layer, setting, need, rest)
            if verdict.accepted:
                self.replay.take()
            tried = _row(layer, setting, need, verdict, time.perf_counter() - began)
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


def _row(layer: str, setting: LayerSetting, need: int, verdict: Verdict, seconds: float) -> Tried:
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
    )


def search(
    model: Classifier,
    tiles: Tensor,
    labels: Tensor,
    settings: SearchSettings,
    calibration: Calibration | None = None,
    *,
    precision: str = "auto",
    budget: int = BUDGET,
    hooks: Hooks = QUIET,
) -> SearchResult:
    """Search bits, pruning or both on ``tiles`` uint8 (N, C, H, W) with their ``labels``.

    A stopped search returns the plan as far as it came, with ``stopped`` set; ``Cancelled`` is
    raised only before the first layer. ``budget`` in bytes bounds what is kept for replay.
    """
    began = time.perf_counter()
    names = ("w_share", "w_variance", "w_entropy", "w_sparsity", "plus_variance")
    rows = importance(model, **{name: getattr(settings, name) for name in names})
    start = Plan(
        {row.name: settings.setting(settings.bits, 0.0) for row in rows},
        settings.method,
        recalibrate=settings.recalibrate,
    )
    hooks.progress(Progress("search", 0, len(rows), "the reference"))

    def replayed(plan: Plan) -> Replay:
        return Replay(
            model, plan, tiles, labels, calibration,
            precision=precision, budget=budget,
            hooks=hooks,
        )  # fmt: skip

    values = {row.name: row.importance for row in rows}
    shares = {row.name: row.share for row in rows}
    walk = _Search(settings, replayed(start), values, shares, hooks)
    order = walk.order()
    walk.reference = walk.replay.start(order)
    spent = 0.0
    if settings.reference == "float" and settings.bits < 32:
        exact = replayed(Plan({}))
        walk.reference, spent = exact.start([]), exact.equivalents
    stopped = False
    try:
        walk.walk()
    except Cancelled:
        walk.replay.drop()
        stopped = True
    seconds = time.perf_counter() - began
    # No times: facts travel in the packed file, whose size must not depend on them.
    facts = settings.to_json() | {
        "tiles": len(labels),
        "reference_right": walk.reference,
        "stopped": stopped,
    }
    return SearchResult(
        plan=replace(walk.replay.plan, facts=facts),
        trace=tuple(walk.trace),
        tiles=len(labels),
        reference=walk.reference,
        importance=walk.rows,
        stopped=stopped,
        seconds=seconds,
        equivalents=walk.replay.equivalents + spent,
        calibrations=walk.replay.calibrations,
        peak_bytes=walk.replay.peak,
    )
