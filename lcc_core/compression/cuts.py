"""Chunks of tiles, run as far as nothing has changed, so that a change replays only the rest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from lcc_core.compression.execution import Execution
from lcc_core.compression.program import Program, Values, bytes_of

Sizes = dict[fx.Node, int]


def value_sizes(execution: Execution, tiles: Tensor) -> Sizes:
    """Bytes a tile of every value, from a run of normalised ``tiles``."""
    program = execution.program
    every = frozenset(program.steps)
    _, kept = program.run(execution.input(tiles), 0, execution.call, wanted=every)
    return {node: bytes_of(value) // len(tiles) for node, value in kept.items()}


def step_costs(program: Program, net: nn.Module, sizes: Sizes) -> list[float]:
    """Share of the multiply-accumulates of the whole network that lies before each cut."""
    costs = []
    for step in program.steps:
        module = net.get_submodule(step.target) if step.op == "call_module" else None
        weight = getattr(module, "weight", None)
        per_output = weight[0].numel() if weight is not None and weight.ndim > 1 else 0
        costs.append(per_output * sizes[step])
    before = [0.0, *itertools.accumulate(costs)]
    return [cost / (before[-1] or 1.0) for cost in before]


def choose_cuts(
    program: Program, sizes: Sizes, layers: Sequence[str], tiles: int, budget: int
) -> frozenset[int]:
    """Cuts before the ``layers`` still to come that fit ``budget`` bytes, the nearest first.

    Each value counts twice: a candidate's own are kept beside those in force until it is decided.
    """
    chosen: set[int] = set()
    held: set[fx.Node] = set()
    left = budget
    for cut in dict.fromkeys(program.at[name] for name in layers):
        new = [n for n in program.live(cut) if n not in held and n is not program.input]
        cost = 2 * tiles * sum(sizes[node] for node in new)
        if cost <= left:
            left -= cost
            chosen.add(cut)
            held.update(new)
    return frozenset(chosen)


class Stream:
    """Chunks of tiles (uint8) with the values that are known of them at the chosen cuts.

    A run for a candidate starts at the nearest cut that is known and not beyond the change. What
    it meets before the change holds for everyone and is kept; what comes after is ``pending``
    until the candidate is taken or dropped.
    """

    def __init__(
        self,
        execution: Execution,
        chunks: list[Tensor],
        normalise: Callable[[Tensor], Tensor],
        costs: Sequence[float],
    ) -> None:
        self.execution, self.program = execution, execution.program
        self.chunks, self._normalise, self._costs = chunks, normalise, costs
        self.work = 0.0  # in runs of one tile through the whole network
        self._known: list[Values] = [{} for _ in chunks]
        self._pending: dict[int, Values] = {}
        self._cuts: frozenset[int] = frozenset()
        self._wanted: frozenset[fx.Node] = frozenset()
        self._live: dict[int, tuple[fx.Node, ...]] = {0: (self.program.input,)}

    def keep(self, cuts: frozenset[int]) -> None:
        """From now on values at ``cuts`` are kept, all others are let go."""
        self._cuts = cuts
        self._live = {0: (self.program.input,)} | {c: self.program.live(c) for c in cuts}
        wanted = {node for cut in cuts for node in self._live[cut]}
        self._wanted = frozenset(wanted - {self.program.input})
        for known in self._known:
            for node in set(known) - self._wanted:
                del known[node]

    def run(self, chunk: int, change: int) -> Any:
        """The network's output on a chunk; from the cut ``change`` on it is a candidate's."""
        known = self._known[chunk]
        # Beyond the change, what is kept belongs to the state before it.
        usable = {n: v for n, v in known.items() if self.program.index[n] < change}
        start = max(
            cut
            for cut in (0, *self._cuts)
            if cut <= change
            and all(n in usable or n is self.program.input for n in self._live[cut])
        )
        values = {n: usable[n] for n in self._live[start] if n in usable}
        if self.program.input in self._live[start]:
            values |= self.execution.input(self._normalise(self.chunks[chunk]))
        self.work += len(self.chunks[chunk]) * (1 - self._costs[start])
        output, met = self.program.run(values, start, self.execution.call, wanted=self._wanted)
        for node, value in met.items():
            if self.program.index[node] < change:
                known[node] = value
            else:
                self._pending.setdefault(chunk, {})[node] = value
        return output

    def take(self, change: int) -> None:
        """The candidate is in force: its values replace all from ``change`` on."""
        for chunk, known in enumerate(self._known):
            for node in [n for n in known if self.program.index[n] >= change]:
                del known[node]
            known |= self._pending.get(chunk, {})
        self._pending = {}

    def drop(self) -> None:
        self._pending = {}

    @property
    def bytes(self) -> int:
        """Memory held now; a value that several cuts share counts once."""
        return sum(
            bytes_of(value)
            for values in (*self._known, *self._pending.values())
            for value in values.values()
        )

    def reorder(self, order: Tensor) -> None:
        """Put the tiles in a new order, after a run of them all; chunks keep their sizes."""
        lengths = [len(chunk) for chunk in self.chunks]
        self.chunks = list(torch.cat(self.chunks)[order].split(lengths))
        for node in list(self._known[0]):
            parts = [known.pop(node) for known in self._known]
            if isinstance(parts[0], Tensor) and parts[0].shape[:1] == self.chunks[0].shape[:1]:
                parts = list(torch.cat(parts)[order].split(lengths))
            for known, part in zip(self._known, parts, strict=True):
                known[node] = part
