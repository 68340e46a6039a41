"""Judge whether a candidate is still accurate enough, with as few operations as that takes.

Four ideas. A candidate changes one layer, so every batch of tiles is replayed from there, not from
the start (:mod:`activation_cache`). Tiles come hardest first, and the decision falls as soon as it
is certain: too many are wrong to pass, or enough are right (:mod:`early_decision`). Batch norms are
folded. And the replay runs in bf16 where the processor gains by it: answers whose margin is within
its error are left open, and only if they could turn the decision are they computed in float32.
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
from lcc_core.compression.replay.activation_cache import (
    ActivationCache,
    step_costs,
    steps_to_keep,
    value_sizes,
)
from lcc_core.compression.replay.early_decision import CHUNK, EarlyDecision, Verdict
from lcc_core.compression.replay.execution import Folded
from lcc_core.compression.replay.program import Program
from lcc_core.compression.replay.trial import Trial
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import compressible_layers, weight_of
from lcc_core.models.device import choose_device, choose_precision, layout


class Replay:
    """Judges one-layer changes of a compressed model on labelled tiles.

    The state starts as a plan applied to the model; :meth:`judge` tries a change of it,
    :meth:`accept` or :meth:`drop` ends the trial.
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
        self.decision = EarlyDecision(given.labels, self._fast, self._exact)
        folded = Folded(self.program, self.model.net, precision)
        self._sizes = value_sizes(folded, model.normalise(tiles[:2]))
        costs = step_costs(self.program, model.net, self._sizes)
        self.fast = ActivationCache(folded, tiles, model.normalise, costs)
        self.calibrating: ActivationCache | None = None
        self._budgets = [given.budget]
        if plan.recalibrate and calibration is not None:
            self._calibration = calibration
            means = float_means(model, calibration)
            measuring = Measuring(self.program, model.net, calibration.precision, means)
            for name in self.layers:
                measuring.set_weight(name, weight_of(self.model, name))
            self.calibrating = ActivationCache(measuring, calibration.tiles, model.normalise, costs)
            share = len(calibration.tiles) / (len(calibration.tiles) + len(tiles))
            self._budgets = [int(given.budget * (1 - share)), int(given.budget * share)]
        self._trial: Trial | None = None
        self._stale: set[str] = set()  # modules that the fast replay has yet to take over
        self._exact_tiles = 0
        self.peak = 0  # bytes

    @property
    def _caches(self) -> list[ActivationCache]:
        return [self.fast, *([self.calibrating] if self.calibrating else [])]

    @property
    def equivalents(self) -> float:
        """Work so far, in evaluations of all tiles; recalibration is counted apart."""
        return (self.fast.work + self._exact_tiles) / len(self.tiles)

    @property
    def calibrations(self) -> float:
        """Work so far, in recalibrations of the whole network."""
        cache = self.calibrating
        return cache.work / len(cache.tiles) if cache else 0.0

    def start(self, order: Sequence[str]) -> int:
        """Count the right answers of the state exactly. ``order``: the layers to be tried."""
        self._choose_steps(order)
        right = self.decision.whole()
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
        self._choose_steps(order)
        trial = self._trial = Trial(self.program, self.original.net, self.model.net, layer, setting)
        if self.calibrating is not None:
            self.calibrating.execution.set_weight(layer, trial.weight)
            trial.correct(self._calibrate(trial.change), self.plan.rounds_sides)
        self._refresh(trial.changed)
        verdict = self.decision.decide(need)
        self.peak = max(self.peak, sum(cache.bytes for cache in self._caches))
        return verdict

    def accept(self) -> None:
        """Make the candidate judged last the state."""
        assert self._trial is not None
        for cache in self._caches:
            cache.accept(self._trial.change)
        layers = {**self.plan.layers, self._trial.layer: self._trial.setting}
        self.plan = Plan(layers, self.plan.method, self.plan.sides, {}, self.plan.recalibrate)
        self._trial = None
        self.decision.accepted()

    def drop(self) -> None:
        """Go back to the state."""
        if self._trial is None:
            return
        self._trial.undo()
        self._stale |= self._trial.changed
        for cache in self._caches:
            cache.drop()
        if self.calibrating is not None:
            self.calibrating.execution.set_weight(self._trial.layer, self._trial.weight)
        self._trial = None

    def _choose_steps(self, order: Sequence[str]) -> None:
        for cache, budget in zip(self._caches, self._budgets, strict=True):
            steps = steps_to_keep(self.program, self._sizes, order, len(cache.tiles), budget)
            cache.keep(steps)

    def _refresh(self, changed: set[str]) -> None:
        """Hand changed modules, and those whose change was undone, to the fast replay."""
        changed = changed | self._stale
        norm_of = self.program.norm_of
        layers = [n for n in self.layers if n in changed or norm_of.get(n) in changed]
        norms = [name for name in self.program.norms if name in changed]
        self.fast.execution.refresh(self.model.net, layers, norms)
        self._stale = set()

    def _fast(self, ids: Tensor) -> Tensor:
        """Logits of the candidate, or of the state where there is none, by replay."""
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
        """Float32 logits of the candidate for tiles at positions ``ids``."""
        self._exact_tiles += len(ids)
        with torch.inference_mode():
            return torch.cat([self.model(self.tiles[part]) for part in ids.split(CHUNK)])
