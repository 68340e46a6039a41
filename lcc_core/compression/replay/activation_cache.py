"""Activation cache: tiles run as far as nothing has changed, so that a change replays the rest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from lcc_core.compression.replay.execution import Execution
from lcc_core.compression.replay.program import Program, Values

Sizes = dict[fx.Node, int]


def value_sizes(execution: Execution, tiles: Tensor) -> Sizes:
    """Bytes a tile of every value that has one row for each of the normalised ``tiles``."""
    program = execution.program
    every = frozenset(program.steps)
    _, kept = program.run(execution.input(tiles), 0, execution.call, wanted=every)
    return {
        node: value.numel() * value.element_size() // len(tiles)
        for node, value in kept.items()
        if isinstance(value, Tensor) and value.shape[:1] == tiles.shape[:1]
    }


def step_costs(program: Program, net: nn.Module, sizes: Sizes) -> list[float]:
    """Share of the multiply-accumulates of the whole network that lies before each step."""
    costs = []
    for step in program.steps:
        module = net.get_submodule(step.target) if step.op == "call_module" else None
        weight = getattr(module, "weight", None)
        per_output = weight[0].numel() if weight is not None and weight.ndim > 1 else 0
        costs.append(per_output * sizes.get(step, 0))
    before = [0.0, *itertools.accumulate(costs)]
    return [cost / (before[-1] or 1.0) for cost in before]


def steps_to_keep(
    program: Program, sizes: Sizes, layers: Sequence[str], tiles: int, budget: int
) -> frozenset[int]:
    """The steps whose inputs are kept: those of the ``layers`` still to come, the nearest first.

    Args:
        program: the network's steps.
        sizes: bytes a tile of each value.
        layers: still to be tried, in order.
        tiles: how many.
        budget: bytes. Each value counts twice: a candidate's own are kept beside those of the
            state until it is decided.
    """
    chosen: set[int] = set()
    held: set[fx.Node] = set()
    left = budget
    for step in dict.fromkeys(program.at[name] for name in layers):
        new = [n for n in program.live(step) if n not in held and n is not program.input]
        if not sizes.keys() >= set(new):
            continue  # a value that cannot be kept by the tile
        cost = 2 * tiles * sum(sizes[node] for node in new)
        if cost <= left:
            left -= cost
            chosen.add(step)
            held.update(new)
    return frozenset(chosen)


class Rows:
    """One value of the network for all tiles, filled in as tiles are run."""

    def __init__(self, tiles: int) -> None:
        self.known = torch.zeros(tiles, dtype=torch.bool)
        self._rows: Tensor | None = None
        self._shape: tuple[int, ...] = ()

    def put(self, ids: Tensor, value: Tensor) -> None:
        """Keep the rows of tiles ``ids``."""
        if value.ndim == 4:  # channels last in memory
            value = value.permute(0, 2, 3, 1)
        if self._rows is None:
            self._shape = tuple(value.shape[1:])
            self._rows = value.new_empty((len(self.known), value[0].numel()))
        self._rows[ids] = value.reshape(len(ids), -1)
        self.known[ids] = True

    def get(self, ids: Tensor) -> Tensor:
        """Return the rows of tiles ``ids``, which must be known."""
        assert self._rows is not None
        value = self._rows.index_select(0, ids).view(-1, *self._shape)
        return value.permute(0, 3, 1, 2) if value.ndim == 4 else value

    @property
    def bytes(self) -> int:
        """Of the rows that are filled; the others take no memory yet."""
        if self._rows is None:
            return 0
        return int(self.known.sum()) * self._rows.shape[1] * self._rows.element_size()


class ActivationCache:
    """Tiles (uint8) with the activations that are known of them at the steps that are kept.

    A run for a candidate starts at the nearest such step that is not beyond its change. What it
    meets before the change belongs to the state and is kept; what comes after is pending until the
    candidate is accepted or dropped.
    """

    def __init__(
        self,
        execution: Execution,
        tiles: Tensor,
        normalise: Callable[[Tensor], Tensor],
        costs: Sequence[float],
    ) -> None:
        self.execution, self.program, self.tiles = execution, execution.program, tiles
        self._normalise, self._costs = normalise, costs
        self.work = 0.0  # in runs of one tile through the whole network
        self._known: dict[fx.Node, Rows] = {}
        self._pending: list[tuple[Tensor, Values]] = []
        self._wanted: frozenset[fx.Node] = frozenset()
        self._live: dict[int, tuple[fx.Node, ...]] = {}
        self.keep(frozenset())

    def keep(self, steps: frozenset[int]) -> None:
        """Keep the inputs of these ``steps`` from now on, and let all others go."""
        live = {step: self.program.live(step) for step in steps}
        self._live = {0: (self.program.input,)} | live
        self._wanted = frozenset(n for nodes in live.values() for n in nodes) - {self.program.input}
        self._known = {node: rows for node, rows in self._known.items() if node in self._wanted}

    def run(self, ids: Tensor, change: int) -> Any:
        """The output for tiles ``ids``; from the step ``change`` on it is a candidate's."""
        # Beyond the change, what is kept belongs to the state before it.
        at_hand = {self.program.input} | {
            node
            for node, rows in self._known.items()
            if self.program.index[node] < change and bool(rows.known[ids].all())
        }
        start = max(s for s in self._live if s <= change and at_hand.issuperset(self._live[s]))
        values = {n: self._known[n].get(ids) for n in self._live[start] if n in self._known}
        if self.program.input in self._live[start]:
            values |= self.execution.input(self._normalise(self.tiles[ids]))
        self.work += len(ids) * (1 - self._costs[start])
        output, met = self.program.run(values, start, self.execution.call, wanted=self._wanted)
        pending = {}
        for node, value in met.items():
            if self.program.index[node] >= change:
                pending[node] = value
            elif node not in at_hand:
                self._rows(node).put(ids, value)
        if pending:
            self._pending.append((ids, pending))
        return output

    def _rows(self, node: fx.Node) -> Rows:
        return self._known.setdefault(node, Rows(len(self.tiles)))

    def accept(self, change: int) -> None:
        """Make the candidate the state: its values replace all from ``change`` on."""
        self._known = {n: r for n, r in self._known.items() if self.program.index[n] < change}
        for ids, values in self._pending:
            for node, value in values.items():
                self._rows(node).put(ids, value)
        self._pending = []

    def drop(self) -> None:
        """Forget what the candidate's runs met."""
        self._pending = []

    @property
    def bytes(self) -> int:
        """Memory held now; a value that several steps share counts once."""
        pending = (value for _, values in self._pending for value in values.values())
        return sum(rows.bytes for rows in self._known.values()) + sum(
            value.numel() * value.element_size() for value in pending
        )
