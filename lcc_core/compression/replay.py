"""Is a candidate still accurate enough? Decided exactly, on as few operations as that takes.

Four ideas. A candidate changes one layer, so every chunk of tiles is replayed from there, not from
the start (:mod:`cuts`). Tiles come hardest first, and a decision is bound as soon as it is certain:
too many are wrong to pass, or enough are right. Batch norms are folded. And the replay runs in
bf16 where the processor gains by it: answers whose margin is within its error are left open, and
only if they could turn the decision are they computed in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lcc_core.compression.apply import apply, layer_weight
from lcc_core.compression.compact import round_some
from lcc_core.compression.cuts import Stream, choose_cuts, step_costs, value_sizes
from lcc_core.compression.execution import Folded
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.program import Program
from lcc_core.compression.recalibration import Calibration, Figures, Measuring, take_over
from lcc_core.models import Classifier, compressible_layers, weight_of
from lcc_core.models.device import choose_device, choose_precision
from lcc_core.progress import ShouldStop, check, never

CHUNK = 128
BUDGET = 2 * 2**30
SAFETY = 6.0  # margins within so many times the rms error of the fast replay stay open
SAMPLE = 256  # hardest tiles on which that error is first measured


@dataclass(frozen=True)
class Verdict:
    """One candidate: right answers lie in ``low``…``high`` of ``tiles``; ``seen`` were run."""

    accepted: bool
    low: int
    high: int
    tiles: int
    seen: int


class Replay:
    """Judges one-layer changes of a compressed model on labelled tiles.

    ``tiles`` uint8 (N, C, H, W). The state in force starts as ``plan`` applied to ``model``;
    :meth:`judge` tries a change, :meth:`take` or :meth:`drop` ends the trial.
    """

    def __init__(
        self,
        model: Classifier,
        plan: Plan,
        tiles: Tensor,
        labels: Tensor,
        calibration: Calibration | None = None,
        *,
        precision: str = "auto",
        budget: int = BUDGET,
        should_stop: ShouldStop = never,
    ) -> None:
        precision = choose_precision(precision, choose_device("cpu"))
        self.original, self.plan = model, plan
        self.should_stop = should_stop
        self.layers = [layer.name for layer in compressible_layers(model)]
        self.program = Program(model.net, self.layers)
        self.model = apply(model, plan, calibration).model.to(memory_format=torch.channels_last)
        self.labels, self.tiles = labels, tiles
        folded = Folded(self.program, self.model.net, precision)
        self._sizes = value_sizes(folded, model.normalise(tiles[:2]))
        costs = step_costs(self.program, model.net, self._sizes)
        self.fast = Stream(folded, list(tiles.split(CHUNK)), model.normalise, costs)
        self.calibrating: Stream | None = None
        budgets = [budget]
        if plan.recalibrate and calibration is not None:
            measuring = Measuring(self.program, model.net, calibration.precision, calibration.means)
            for name in self.layers:
                measuring.set_weight(name, weight_of(self.model, name))
            self.calibrating = Stream(measuring, calibration.chunks(), model.normalise, costs)
            share = len(calibration.tiles) / (len(calibration.tiles) + len(tiles))
            budgets = [int(budget * (1 - share)), int(budget * share)]
        self._budgets = budgets
        self._error = 0.0
        self._trial: _Trial | None = None
        self._stale: set[str] = set()  # modules that the fast replay has yet to take over
        self.peak = 0
        self._exact_tiles = 0

    @property
    def equivalents(self) -> float:
        """Work so far, in evaluations of all tiles; recalibration is counted apart."""
        return (self.fast.work + self._exact_tiles) / len(self.labels)

    @property
    def calibrations(self) -> float:
        """Work so far, in recalibrations of the whole network."""
        stream = self.calibrating
        return stream.work / sum(map(len, stream.chunks)) if stream else 0.0

    # The state in force ---------------------------------------------------------------------

    def start(self, order: Sequence[str]) -> int:
        """Right answers of the state in force, exactly; tiles are put in order of hardness."""
        self._choose_cuts(order)
        outputs = [self._outputs(chunk, len(self.program.steps)) for chunk in range(self._chunks)]
        logits = torch.cat(outputs)
        margin = _true_margin(logits, self.labels)
        hardest = margin.argsort(stable=True)
        self.fast.reorder(hardest)
        self.labels, self.tiles = self.labels[hardest], self.tiles[hardest]
        logits = logits[hardest]
        sample = torch.arange(min(SAMPLE, len(self.labels)))
        self._learn_error(logits[sample], self._exact(sample))
        return self._settle(logits, torch.arange(len(self.labels)), 0, 0, None)[0]

    def _choose_cuts(self, order: Sequence[str]) -> None:
        streams = [self.fast, *([self.calibrating] if self.calibrating else [])]
        for stream, budget in zip(streams, self._budgets, strict=True):
            count = sum(len(chunk) for chunk in stream.chunks)
            stream.keep(choose_cuts(self.program, self._sizes, order, count, budget))

    # One candidate --------------------------------------------------------------------------

    def judge(self, layer: str, setting: LayerSetting, need: int, order: Sequence[str]) -> Verdict:
        """Whether ``layer`` at ``setting`` leaves at least ``need`` tiles right.

        ``order``: the layers from this one on, in the order in which they will be tried.
        """
        self.drop()
        self._choose_cuts(order)
        change = self.program.at[layer]
        self._trial = _Trial(self, layer, setting)
        if self.calibrating is not None:
            measuring = self.calibrating.execution
            measuring.set_weight(layer, self._trial.weight)
            self._trial.correct(self._calibrate(change))
        self._refresh(self._trial.changed)
        verdict = self._count(change, need)
        self.peak = max(
            self.peak, self.fast.bytes + (self.calibrating.bytes if self.calibrating else 0)
        )
        return verdict

    def take(self) -> None:
        """The candidate judged last becomes the state in force."""
        assert self._trial is not None
        change = self.program.at[self._trial.layer]
        self.fast.take(change)
        if self.calibrating is not None:
            self.calibrating.take(change)
        layers = {**self.plan.layers, self._trial.layer: self._trial.setting}
        self.plan = Plan(layers, self.plan.method, self.plan.sides, {}, self.plan.recalibrate)
        self._trial = None

    def drop(self) -> None:
        """Back to the state in force."""
        if self._trial is None:
            return
        self._trial.undo()
        self._stale |= self._trial.changed
        self.fast.drop()
        if self.calibrating is not None:
            self.calibrating.drop()
        self._trial = None

    def _refresh(self, changed: set[str]) -> None:
        """Hand changed modules, and those whose change was undone, to the fast replay."""
        changed = changed | self._stale
        norm_of = self.program.norm_of
        layers = [n for n in self.layers if n in changed or norm_of.get(n) in changed]
        norms = [name for name in self.program.norms if name in changed]
        self.fast.execution.refresh(self.model.net, layers, norms)
        self._stale = set()

    # Counting -------------------------------------------------------------------------------

    @property
    def _chunks(self) -> int:
        return len(self.fast.chunks)

    def _outputs(self, chunk: int, change: int) -> Tensor:
        check(self.should_stop)
        with torch.inference_mode():
            return self.fast.run(chunk, change).float()

    def _calibrate(self, change: int) -> Figures:
        assert self.calibrating is not None
        measuring = self.calibrating.execution
        measuring.figures = Figures()
        with torch.inference_mode():
            for chunk in range(len(self.calibrating.chunks)):
                check(self.should_stop)
                self.calibrating.run(chunk, change)
        return measuring.figures

    def _count(self, change: int, need: int) -> Verdict:
        total, start = len(self.labels), 0
        right = wrong = 0  # settled answers
        open_logits, open_ids = [], []
        for chunk in range(self._chunks):
            logits = self._outputs(chunk, change)
            ids = torch.arange(start, start + len(logits))
            start += len(logits)
            settled = _margin(logits) > SAFETY * self._error
            hits = logits.argmax(1) == self.labels[ids]
            right += int((hits & settled).sum())
            wrong += int((~hits & settled).sum())
            open_logits.append(logits[~settled])
            open_ids.append(ids[~settled])
            if right >= need or wrong > total - need:
                break
        if right < need <= total - wrong and start == total:
            right, wrong = self._settle(
                torch.cat(open_logits), torch.cat(open_ids), right, wrong, need
            )
        return Verdict(right >= need, right, total - wrong, total, start)

    def _settle(
        self, logits: Tensor, ids: Tensor, right: int, wrong: int, need: int | None
    ) -> tuple[int, int]:
        """Right and wrong answers, those within the fast replay's error counted in float32.

        Should the exact answers show that error to be larger than thought, more are looked at.
        """
        margin = _margin(logits)
        hits = logits.argmax(1) == self.labels[ids]
        known = torch.zeros(len(ids), dtype=torch.bool)
        while True:
            unsure = (margin <= SAFETY * self._error) & ~known
            if not bool(unsure.any()):
                return right + int(hits.sum()), wrong + int((~hits).sum())
            exact = self._exact(ids[unsure])
            self._learn_error(logits[unsure], exact)
            hits[unsure] = exact.argmax(1) == self.labels[ids[unsure]]
            known |= unsure

    def _exact(self, ids: Tensor) -> Tensor:
        """Float32 logits of the state on trial."""
        self._exact_tiles += len(ids)
        with torch.inference_mode():
            return torch.cat([self.model(self.tiles[part]) for part in ids.split(CHUNK)])

    def _learn_error(self, fast: Tensor, exact: Tensor) -> None:
        """Root mean square error of the gap between the two best classes."""
        if len(fast):
            best = exact.topk(2, 1).indices
            gap = fast.gather(1, best) - exact.gather(1, best)
            self._error = max(self._error, float((gap[:, 0] - gap[:, 1]).pow(2).mean().sqrt()))


def _margin(logits: Tensor) -> Tensor:
    best = logits.topk(2, 1).values
    return best[:, 0] - best[:, 1]


def _true_margin(logits: Tensor, labels: Tensor) -> Tensor:
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return own[:, 0] - others.amax(1)


class _Trial:
    """A change of one layer in the float32 model, and its undoing."""

    @torch.no_grad()
    def __init__(self, replay: Replay, layer: str, setting: LayerSetting) -> None:
        self.replay, self.layer, self.setting = replay, layer, setting
        self.weight = layer_weight(weight_of(replay.original, layer), setting)[0]
        self._before: dict[str, dict[str, Tensor]] = {}
        self._remember(layer)
        weight_of(replay.model, layer).copy_(self.weight)

    @property
    def changed(self) -> set[str]:
        return set(self._before)

    def _remember(self, name: str) -> None:
        module = self.replay.model.net.get_submodule(name)
        if name not in self._before:
            self._before[name] = {k: v.clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def correct(self, figures: Figures) -> None:
        """New statistics and biases from the changed layer on, rounded as they will be stored."""
        net, original = self.replay.model.net, self.replay.original.net
        program = self.replay.program
        norms, biases = [], {}
        for name in figures.sums:
            if program.position[name] < program.at[self.layer]:
                continue
            self._remember(name)
            if name in program.norms:
                norms.append(name)
                for key in ("weight", "bias"):
                    getattr(net.get_submodule(name), key).copy_(
                        getattr(original.get_submodule(name), key)
                    )
            else:
                biases[name] = original.get_submodule(name).bias
        take_over(net, figures, set(norms), biases)
        if self.replay.plan.rounds_sides:
            round_some(net, norms, list(biases))

    @torch.no_grad()
    def undo(self) -> None:
        net = self.replay.model.net
        for name, state in self._before.items():
            net.get_submodule(name).load_state_dict(state)
        if self.replay.calibrating is not None:
            self.replay.calibrating.execution.set_weight(
                self.layer, weight_of(self.replay.model, self.layer)
            )
