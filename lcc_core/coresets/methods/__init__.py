"""The coreset methods: one file each, found by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lcc_core.coresets.scores import Scores, scores_of
from lcc_core.registry import Registry
from lcc_core.settings import changed_settings, text_of

# Positions of a pool int64 (m,) and how many of them → that many, the first choice first.
Pick = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class NoSettings:
    """The config of a method without settings of its own."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The training tiles that a method chooses among, in the order of the split.

    Attributes:
        labels: class numbers, int64 (n,).
        fraction: the share of all of them that is kept.
        scores: what they are worth, (n,) each; ``None`` for a method that needs no dynamics.
    """

    labels: np.ndarray
    fraction: float
    scores: Scores | None = None

    @property
    def known(self) -> Scores:
        """The scores. Raises ``ValueError`` where there are none."""
        if self.scores is None:
            raise ValueError("this coreset method needs scores, and none are given")
        return self.scores


def _plain_scores(_: Any, dynamics: Mapping[str, np.ndarray]) -> Scores:
    return scores_of(dynamics)


def _as_asked(config: Any, _: Scores) -> Any:
    return config


def _tag(config: Any) -> str:
    changed = changed_settings(config)
    return "".join(f"-{name}-{text_of(value)}" for name, value in changed.items())


@dataclass(frozen=True)
class CoresetMethod:
    """A way to choose training tiles.

    Attributes:
        name: as commands, studies and stored coresets have it.
        summary: one sentence on which tiles it takes, with its source.
        picker: config, candidates and a random generator → a :data:`Pick`. All chance comes from
            the generator, so that a seed gives the same tiles again.
        config: frozen dataclass of the method's own settings.
        needs_dynamics: whether it asks what a network did on each tile while it learnt.
        scores: config and dynamics → the scores that ``picker`` is given.
        settle: config and scores → the config as it was followed, where a run did not record what
            was asked for.
        older: settings that came later, with what coresets stored without them were chosen by.
        tag: config → what a coreset's name says of it, beginning with ``-``; nothing by default.
    """

    name: str
    summary: str
    picker: Callable[[Any, Candidates, np.random.Generator], Pick]
    config: type = NoSettings
    needs_dynamics: bool = True
    scores: Callable[[Any, Mapping[str, np.ndarray]], Scores] = _plain_scores
    settle: Callable[[Any, Scores], Any] = _as_asked
    older: Mapping[str, Any] = field(default_factory=dict)
    tag: Callable[[Any], str] = _tag


METHODS: Registry[CoresetMethod] = Registry("coreset method", __name__)


def lowest(values: np.ndarray, generator: np.random.Generator) -> Pick:
    """Take those with the lowest ``values`` (n,) first; ties are broken at random."""

    def pick(pool: np.ndarray, n: int) -> np.ndarray:
        pool = generator.permutation(pool)
        return pool[np.argsort(values[pool], kind="stable")[:n]]

    return pick
