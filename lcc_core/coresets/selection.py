"""Which training tiles stay: the common settings of all methods, and the choice itself.

A method lists the tiles it would take from a pool, the first choice first. Class-balanced, it is
asked class by class for equal shares; plain, once for all. Ties are broken by the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lcc_core.coresets.methods import METHODS, Candidates, CoresetMethod, Pick
from lcc_core.coresets.scores import Scores
from lcc_core.errors import DataError, require
from lcc_core.reading import Shortened
from lcc_core.settings import (
    changed_settings,
    check_settings,
    config_from,
    setting,
    settings_json,
    text_of,
)

DEFAULT_METHOD = "ccs"
BALANCED = "balanced-"  # before a method's name in lists: each class gets an equal share
LARGEST_SEED = 2**31 - 1
# What every stored coreset said, whatever its method, before methods had settings of their own.
ONCE_COMMON = ("beta", "aum")


@dataclass(frozen=True)
class CoresetSettings:
    """How to choose: a ``method`` with its ``own`` settings, and what all methods have in common.

    ``own`` is an instance of the method's config; by default one without changes.
    """

    method: str = setting(DEFAULT_METHOD, "Method", "which tiles are kept", metavar="NAME")
    fraction: float = setting(
        0.1,
        "Fraction",
        "share of the training tiles to keep; validation and test tiles stay as they are",
        low=0.0,
        high=1.0,
        metavar="F",
    )
    balanced: bool = setting(False, "Class-balanced", "keep equally many tiles of each class")
    seed: int = setting(
        0,
        "Seed",
        "breaks ties, and draws where the method draws",
        low=0,
        high=LARGEST_SEED,
        metavar="S",
    )
    own: Any = None

    def __post_init__(self) -> None:
        known = f"one of {', '.join(METHODS.names())}"
        require(self.method in METHODS, "method", Shortened(self.method), known)
        check_settings(self)
        require(self.fraction > 0, "fraction", self.fraction, "above 0 and at most 1")
        if self.own is None:
            object.__setattr__(self, "own", self.entry.config())
        config = self.entry.config
        right = type(self.own) is config
        require(right, "own", Shortened(self.own), f"a {config.__name__}, for {self.method}")

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> CoresetSettings:
        """Read a flat ``table`` of settings: common ones and the method's own.

        Raises ``LccError`` for settings that the method does not have.
        """
        common = {name: table[name] for name in COMMON if name in table}
        method = METHODS[common.get("method", DEFAULT_METHOD)]
        rest = {name: value for name, value in table.items() if name not in COMMON}
        return cls(**common, own=config_from(method.config, rest, f"The method {method.name}"))

    @classmethod
    def named(cls, choice: str, fraction: float, seed: int = 0) -> CoresetSettings:
        """Read a name of :func:`choices`, such as ``balanced-margin``."""
        method = choice.removeprefix(BALANCED)
        return cls(method, fraction, method != choice, seed)

    @property
    def entry(self) -> CoresetMethod:
        """The registered method."""
        return METHODS[self.method]

    @property
    def title(self) -> str:
        """``balanced margin``."""
        return f"{'balanced ' if self.balanced else ''}{self.method}"

    @property
    def full_title(self) -> str:
        """The title with what differs of the method's own settings: ``ccs, beta = 0.2``."""
        changed = changed_settings(self.own)
        return ", ".join([self.title, *(f"{n} = {text_of(v)}" for n, v in changed.items())])

    def to_json(self) -> dict[str, Any]:
        """Make a flat table, as :meth:`of` reads it."""
        return {name: getattr(self, name) for name in COMMON} | settings_json(self.own)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> CoresetSettings:
        """Read the settings of a stored coreset, of any age."""
        method = METHODS[content.get("method", DEFAULT_METHOD)]
        own = settings_json(method.config())
        kept = {n: v for n, v in content.items() if n in own or n not in ONCE_COMMON}
        return cls.of({**method.older, **kept})


COMMON = ("method", "fraction", "balanced", "seed")


def settled(asked: CoresetSettings, made: CoresetSettings) -> str:
    """Say in words what of the method's own settings could not be as asked; else nothing."""
    wanted, found = settings_json(asked.own), settings_json(made.own)
    other = [f"{n} = {text_of(v)}" for n, v in found.items() if v != wanted[n]]
    if not other:
        return ""
    return f"{', '.join(other)}: this checkpoint did not record what was asked for"


def choices() -> tuple[str, ...]:
    """List what a study may name: every method, and every method class-balanced."""
    names = METHODS.names()
    return (*names, *(BALANCED + name for name in names))


def select(
    scores: Scores | None,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    settings: CoresetSettings,
) -> np.ndarray:
    """Choose the tiles to keep. Every class that has tiles keeps at least one.

    Args:
        scores: what each tile is worth; ``None`` for a method that needs no dynamics.
        labels: class numbers int64 (n,), in the order of the scores.
        class_names: of all classes.
        settings: how to choose.

    Returns:
        Positions, rising.

    Raises:
        DataError: where the fraction is too small.
    """
    total = len(labels)
    n = round(settings.fraction * total)
    present = np.unique(labels)
    if n < len(present):
        least = np.ceil(1000 * len(present) / total) / 1000
        raise DataError(
            f"{100 * settings.fraction:g} % of {total:,} training tiles are {n}, fewer than the "
            f"{len(present)} classes ({', '.join(class_names[i] for i in present[:3])}, …).",
            f"Keep at least {100 * least:g} %: every class needs a tile.",
        )
    candidates = Candidates(labels, settings.fraction, scores)
    generator = np.random.default_rng(settings.seed)
    pick = _checked(settings.method, settings.entry.picker(settings.own, candidates, generator))
    if settings.balanced:
        quotas = equal_quotas(np.bincount(labels, minlength=len(class_names)), n)
        parts = [pick(np.flatnonzero(labels == c), quotas[c]) for c in present]
        return np.sort(np.concatenate(parts))
    return np.sort(_with_every_class(pick(np.arange(total), n), labels, present, pick))


def _checked(method: str, pick: Pick) -> Pick:
    """Check what ``pick`` gives, so that a method that gives something else is named."""

    def checked(pool: np.ndarray, n: int) -> np.ndarray:
        found = pick(pool, n)
        right = len(found) == n == len(np.unique(found)) and bool(np.isin(found, pool).all())
        require(right, f"choice of {method}", Shortened(found), f"{n} different ones of its pool")
        return found

    return checked


def equal_quotas(counts: np.ndarray, n: int) -> np.ndarray:
    """Share ``n`` equally among classes of ``counts`` tiles, none above what it has."""
    quotas = np.zeros_like(counts)
    while (missing := n - quotas.sum()) > 0:
        open_ = np.flatnonzero(quotas < counts)
        share = int(missing) // len(open_)
        if not share:  # fewer than one a class: the first classes get them
            open_, share = open_[:missing], 1
        quotas[open_] = np.minimum(quotas[open_] + share, counts[open_])
    return quotas


def _with_every_class(
    chosen: np.ndarray, labels: np.ndarray, present: np.ndarray, pick: Pick
) -> np.ndarray:
    """Let the last choices of classes with several make room for a class that has none."""
    counts = np.bincount(labels[chosen], minlength=int(present.max()) + 1)
    keep = list(chosen)
    for label in present[counts[present] == 0]:
        place = next(i for i in range(len(keep) - 1, -1, -1) if counts[labels[keep[i]]] > 1)
        counts[labels[keep[place]]] -= 1
        keep[place] = pick(np.flatnonzero(labels == label), 1)[0]
        counts[label] += 1
    return np.array(keep)
