"""Prune, fine-tune, repeat: in which steps, for channels and single weights alike."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lcc_core.errors import require

KINDS = ("one-shot", "iterative", "multi-pass")
PASSES = 3


@dataclass(frozen=True)
class Schedule:
    """``one-shot``: all at once, then fine-tune. ``iterative``: layer by layer, fine-tuning after
    each. ``multi-pass``: all layers, a little more in each of so many ``passes``.

    ``passes`` 0: three for multi-pass; for iterative as many as there are layers, but no more than
    there are epochs. The epochs of all steps together are the same for every kind.
    """

    kind: str = "one-shot"
    passes: int = 0

    def __post_init__(self) -> None:
        require(self.kind in KINDS, "schedule", self.kind, f"one of {', '.join(KINDS)}")
        require(0 <= self.passes <= 100, "passes", self.passes, "0…100")

    def steps(self, layers: Sequence[str], epochs: int) -> list[Step]:
        """The steps for these layers, in order; raises ``ValueError`` for too few epochs."""
        count = 1
        if self.kind == "multi-pass":
            count = self.passes or min(PASSES, epochs)
        elif self.kind == "iterative":
            count = min(self.passes or epochs, len(layers))
        require(epochs >= count, "epochs", epochs, f"{count} or more: one for each step")
        bounds = [round(i * epochs / count) for i in range(count + 1)]
        spans = [later - earlier for earlier, later in itertools.pairwise(bounds)]
        if self.kind == "iterative":
            ends = [round(i * len(layers) / count) for i in range(count + 1)]
            parts = [tuple(layers[a:b]) for a, b in itertools.pairwise(ends)]
            return [Step(1.0, part, span) for part, span in zip(parts, spans, strict=True)]
        return [Step((i + 1) / count, (), span) for i, span in enumerate(spans)]


@dataclass(frozen=True)
class Step:
    """Prune ``layers`` (all if empty) as far as ``share`` of the way, then train ``epochs``."""

    share: float
    layers: tuple[str, ...]
    epochs: int


def step_ratio(ratio: float, before: float, share: float) -> float:
    """Of the channels that are left after share ``before``, the part to remove at ``share``.

    What stays shrinks by the same factor over equal shares: (1 − ratio)^share of it.
    """
    return 1 - (1 - ratio) ** (share - before)
