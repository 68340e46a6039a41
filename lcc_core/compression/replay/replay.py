"""Is a candidate still accurate enough? Decided on as few operations as that takes.

Four ideas. A candidate changes one layer, so every chunk of tiles is replayed from there, not from
the start (:mod:`cuts`). Tiles come hardest first, and a decision is bound as soon as it is certain:
too many are wrong to pass, or enough are right. Batch norms are folded. And the replay runs in
bf16 where the processor gains by it: answers whose margin is within its error are left open, and
only if they could turn the decision are they computed in float32 (:mod:`tally`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lcc_core.compression.compressed import apply
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.planning import PlanningInput
from lcc_core.compression.recalibration import (
    Figures,
    Measuring,
    float_means,
    recalibrate,
)
from lcc_core.compression.replay.activations import Stream, choose_cuts, step_costs, value_sizes
from lcc_core.compression.replay.decision import CHUNK, Tally, Verdict
from lcc_core.compression.replay.execution import Folded
from lcc_core.compression.replay.program import Program
from lcc_core.compression.replay.trial import Trial
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import compressible_layers, weight_of
from lcc_core.models.device import choose_device, choose_precision, layout


class Replay:
    """Judges one-layer changes of a compressed model on labelled tiles.

    The state in force starts as a plan applied to the model; :meth:`judge` tries a change,
    :meth:`take` or :meth:`drop` ends the trial.
    """

    def __init__(self, given: PlanningInput, plan: Plan, hooks: Hooks = QUIET) -> None:
        """Apply ``plan``. ``given.budget`` bounds the bytes of what is kept between runs."""
        model, tiles, calibration = given.model, given.tiles, given.calibration
        precision = choose_precision(given.precision, choose_device("cpu"))
        self.original, self.plan, self.hooks = model, plan, hooks
        self.layers = [layer.name for layer in compressible_layers(model)]
        self.program = Program(model)
        self.model = apply(model, plan, calibration).model.to(memory_format=layout(model))
        self.tiles = tiles
        self.tally = Tally(given.labels, self._fast, self._exact)
        folded = Folded(self.program, self.model.net, precision)
        self._sizes = value_sizes(folded, model.normalise(tiles[:2]))
        costs = step_costs(self.program, model.net, self._sizes)
        self.fast = Stream(folded, tiles, model.normalise, costs)
        self.calibrating: Stream | None = None
        self._budgets = [given.budget]
        if plan.recalibrate and calibration is not None:
            self._calibration = calibration
            means = float_means(model, calibration)
            measuring = Measuring(self.program, model.net, calibration.precision, means)
            for name in self.layers:
                measuring.set_weight(name, weight_of(self.model, name))
            self.calibrating = Stream(measuring, calibration.tiles, model.normalise, costs)
            share = len(calibration.tiles) / (len(calibration.tiles) + len(tiles))
            self._budgets = [int(given.budget * (1 - share)), int(given.budget * share)]
        self._trial: Trial | None = None
        self._stale: set[str] = set()  # modules that the fast replay has yet to take over
        self._exact_tiles = 0
        self.peak = 0  # bytes

    @property
    def _streams(self) -> list[Stream]:
        return [self.fast, *([self.calibrating] if self.calibrating else [])]

    @property
    def equivalents(self) -> float:
        """Work so far, in evaluations of all tiles; recalibration is counted apart."""
        return (self.fast.work + self._exact_tiles) / len(self.tiles)

    @property
    def calibrations(self) -> float:
        """Work so far, in recalibrations of the whole network."""
        stream = self.calibrating
        return stream.work / len(stream.tiles) if stream else 0.0

    def start(self, order: Sequence[str]) -> int:
        """Right answers of the state in force, exactly. ``order``: the layers to be tried."""
        self._choose_cuts(order)
        right = self.tally.whole()
        if self.calibrating is not None and self.plan.is_float:
            # A float plan is not recalibrated, but every candidate from it will be.
            recalibrate(self.model, self._calibration)
            self._refresh({*self.layers, *self.program.norms})
            self.fast.keep(frozenset())
        return right

    def judge(self, layer: str, setting: LayerSetting, need: int, order: Sequence[str]) -> Verdict:
        """Whether ``layer`` at ``setting`` leaves at least ``need`` tiles right.

        ``order``: the layers from this one on, in the order in which they will be tried.
        """
        self.drop()
        self._choose_cuts(order)
        trial = self._trial = Trial(self.program, self.original.net, self.model.net, layer, setting)
        if self.calibrating is not None:
            self.calibrating.execution.set_weight(layer, trial.weight)
            trial.correct(self._calibrate(trial.change), self.plan.rounds_sides)
        self._refresh(trial.changed)
        verdict = self.tally.count(need)
        self.peak = max(self.peak, sum(stream.bytes for stream in self._streams))
        return verdict

    def take(self) -> None:
        """The candidate judged last becomes the state in force."""
        assert self._trial is not None
        for stream in self._streams:
            stream.take(self._trial.change)
        layers = {**self.plan.layers, self._trial.layer: self._trial.setting}
        self.plan = Plan(layers, self.plan.method, self.plan.sides, {}, self.plan.recalibrate)
        self._trial = None
        self.tally.taken()

    def drop(self) -> None:
        """Back to the state in force."""
        if self._trial is None:
            return
        self._trial.undo()
        self._stale |= self._trial.changed
        for stream in self._streams:
            stream.drop()
        if self.calibrating is not None:
            self.calibrating.execution.set_weight(self._trial.layer, self._trial.weight)
        self._trial = None

    def _choose_cuts(self, order: Sequence[str]) -> None:
        for stream, budget in zip(self._streams, self._budgets, strict=True):
            cuts = choose_cuts(self.program, self._sizes, order, len(stream.tiles), budget)
            stream.keep(cuts)

    def _refresh(self, changed: set[str]) -> None:
        """Hand changed modules, and those whose change was undone, to the fast replay."""
        changed = changed | self._stale
        norm_of = self.program.norm_of
        layers = [n for n in self.layers if n in changed or norm_of.get(n) in changed]
        norms = [name for name in self.program.norms if name in changed]
        self.fast.execution.refresh(self.model.net, layers, norms)
        self._stale = set()

    def _fast(self, ids: Tensor) -> Tensor:
        """Logits of the state on trial, or in force, by replay."""
        self.hooks.check()
        change = self._trial.change if self._trial else len(self.program.steps)
        with torch.inference_mode():
            return self.fast.run(ids, change).float()

    def _calibrate(self, change: int) -> Figures:
        assert self.calibrating is not None
        measuring = self.calibrating.execution
        measuring.figures = Figures()
        with torch.inference_mode():
            for ids in self._calibration.chunks():
                self.hooks.check()
                self.calibrating.run(ids, change)
        return measuring.figures

    def _exact(self, ids: Tensor) -> Tensor:
        """Float32 logits of the state on trial for tiles at positions ``ids``."""
        self._exact_tiles += len(ids)
        with torch.inference_mode():
            return torch.cat([self.model(self.tiles[part]) for part in ids.split(CHUNK)])
