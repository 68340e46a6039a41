"""Means over repetitions, with their standard deviation: one way for every study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any


@dataclass(frozen=True)
class Spread:
    """A figure over ``n`` repetitions.

    Attributes:
        mean: ``None`` where it is not known of one of them.
        sd: the standard deviation of a sample (n − 1); ``None`` for a single repetition.
    """

    mean: float | None
    sd: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        """The spread of some values; not known where one of them is not."""
        known = [value for value in values if value is not None]
        if len(known) < len(values) or not known:
            return cls(None, None)
        return cls(mean(known), stdev(known) if len(known) > 1 else None)

    def text(self, digits: int = 2) -> str:
        """``90.12 ± 0.34``; without ± for a single one, ``–`` where it is not known."""
        if self.mean is None:
            return "–"
        spread = "" if self.sd is None else f" ± {self.sd:,.{digits}f}"
        return f"{self.mean:,.{digits}f}{spread}"


@dataclass(frozen=True)
class Mean:
    """``n`` repetitions of the same: what they share, and their figures."""

    key: dict[str, Any]
    n: int
    figures: dict[str, Spread]

    def flat(self) -> dict[str, Any]:
        """As a row of a table: every figure with its ``±`` beside it."""
        found = {**self.key, "n": self.n}
        for name, one in self.figures.items():
            found |= {name: one.mean, f"± {name}": one.sd}
        return found


def summarize(
    rows: Iterable[Mapping[str, Any]], by: Sequence[str], figures: Sequence[str]
) -> list[Mean]:
    """Means and standard deviations over the rows that are alike.

    Args:
        rows: column → value.
        by: the columns in which alike rows are equal; one that a row lacks is ``None``.
        figures: the columns that are averaged; one that no row of a group has is left out of it.

    Returns:
        A mean for each group, in the order in which the first of its rows came.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    return [
        Mean(
            dict(zip(by, key, strict=True)),
            len(group),
            {
                name: Spread.of([row.get(name) for row in group])
                for name in figures
                if any(name in row for row in group)
            },
        )
        for key, group in groups.items()
    ]
