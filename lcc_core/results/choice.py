"""Which of the measured models to take: by validation accuracy, each test set for itself.

What is the best of many by its test accuracy owes part of it to chance. So models are chosen by
their accuracy on validation tiles, and what the test tiles say of the chosen is told. Rows without
a validation figure (measured by an older engine) can only be chosen by test accuracy: beside rows
that have one they are left out, and alone they are chosen so; whoever shows them says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lcc_core.measure.measurement import Measurement
from lcc_core.results.pareto import front
from lcc_core.results.table import ResultRow

Cost = Callable[[ResultRow], float]


def bytes_of(row: ResultRow) -> float:
    """The size of its packed file."""
    return row.measurement.bytes


def by_test_set(rows: Iterable[ResultRow]) -> list[list[ResultRow]]:
    """Rows measured on the same test tiles, the most rows first: others never share a front."""
    groups: dict[tuple[Any, ...], list[ResultRow]] = {}
    for row in rows:
        groups.setdefault(row.tested_on, []).append(row)
    return sorted(groups.values(), key=len, reverse=True)


def eligible(rows: Iterable[ResultRow], chosen_on_test: bool = False) -> list[ResultRow]:
    """The rows that a model may be chosen from.

    Without those whose settings were chosen on test tiles, and, of each test set, without those
    that have no validation figure where others have one; with all of them if they are asked for.
    """
    rows = list(rows)
    if chosen_on_test:
        return rows
    judged = {row.tested_on for row in rows if row.measurement.validation_oa is not None}
    return [
        row
        for row in rows
        if row.chosen_on != "test"
        and (row.measurement.validation_oa is not None or row.tested_on not in judged)
    ]


def basis(rows: Sequence[ResultRow]) -> str:
    """What these rows can be chosen by: ``validation`` if all of them have it, else ``test``."""
    known = all(row.measurement.validation_oa is not None for row in rows)
    return "validation" if known else "test"


def accuracy(row: ResultRow | Measurement, by: str) -> float:
    """The accuracy that a choice ``by`` validation or test goes by, 0…1."""
    one = row.measurement if isinstance(row, ResultRow) else row
    if by == "validation" and one.validation_oa is not None:
        return one.validation_oa
    return one.oa


def most_accurate(rows: Sequence[ResultRow], by: str) -> ResultRow:
    """The smaller file of equals."""
    return max(rows, key=lambda row: (accuracy(row, by), -row.measurement.bytes))


def on_front(
    rows: Iterable[ResultRow], chosen_on_test: bool = False, cost: Cost = bytes_of
) -> set[str]:
    """Ids of the rows that no other one of the same test tiles beats in accuracy and ``cost``."""
    found: set[str] = set()
    for group in by_test_set(eligible(rows, chosen_on_test)):
        by = basis(group)
        keep = front([cost(row) for row in group], [accuracy(row, by) for row in group])
        found |= {row.id for row, on in zip(group, keep, strict=True) if on}
    return found


def said(rows: Sequence[ResultRow]) -> str:
    """What a front or a best one of these was chosen by, in a sentence."""
    if not rows:
        return ""
    bases = {basis(group) for group in by_test_set(rows)}
    if bases == {"validation"}:
        return "Chosen by validation accuracy; the figures are of test tiles."
    missing = sum(row.measurement.validation_oa is None for row in rows)
    return (
        f"Chosen by test accuracy, which flatters the best: {missing} of {len(rows)} rows have no "
        "validation figure."
    )
