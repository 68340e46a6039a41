"""A study's points over its seeds: means with their standard deviation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lcc_core.errors import require
from lcc_core.results.summary import Mean, summarize
from lcc_core.studies.axis import MODEL, axes
from lcc_core.studies.status import PointRow

SEED = "seed"
HOW = "compression"
# Of a table that people read, with the digits that are worth it.
DIGITS = {
    "accuracy (%)": 2, "average accuracy (%)": 2, "κ": 3, "file (kB)": 1, "real ratio": 1,
    "latency (ms)": 2, "training steps": 0, "training (s)": 1, "scoring (s)": 1,
    "shared pixels (%)": 1, "pixels/s": 0,
}  # fmt: skip


def means(rows: Iterable[PointRow], by: Sequence[str] = ()) -> list[Mean]:
    """Means over the measured points that are alike.

    Args:
        rows: points of a study.
        by: axes (their columns, or what one of their values is called) in which alike points are
            equal; by default all but the seed.

    Raises:
        ValueError: for a name that no axis has.
    """
    done = [row for row in rows if row.row]
    ordered = [axis for axis in axes() if not axis.hidden]
    names = {axis.one: axis.heading for axis in ordered}
    for name in by:
        known = name in names or name in names.values()
        require(known, "by", name, f"one of {', '.join(names)}")
    columns = [names.get(name, name) for name in by] or [
        axis.heading
        for axis in ordered
        if axis.one != SEED and any(row.point.get(axis.one) not in axis.quiet for row in done)
    ]
    shown = {axis.heading: axis for axis in ordered}
    flats = []
    for row in done:
        key = {name: shown[name].shown(row.point.get(shown[name].one)) for name in columns}
        flats.append(key | {HOW: row.point.how} | row.figures)
    named = [name for flat in flats for name in flat]
    figures = [name for name in dict.fromkeys(named) if name not in {*columns, HOW}]
    return summarize(flats, columns if by else [*columns, HOW], figures)


def table(found: Sequence[Mean]) -> tuple[list[str], list[list[str]]]:
    """Heads and lines for people: what tells the means apart, and the figures worth reading."""
    if not found:
        return [], []
    whole = {axis.heading: axis.of for axis in axes()}
    keys = [
        name
        for name in found[0].key
        # The compression's own name says what its axes do.
        if (whole.get(name) == MODEL or name == HOW or HOW not in found[0].key)
        and (len({str(one.key[name]) for one in found}) > 1 or len(found) == 1)
    ]
    shown = [name for name in DIGITS if any(name in one.figures for one in found)]
    lines = []
    for one in found:
        cells = ["" if one.key[name] is None else str(one.key[name]) for name in keys]
        texts = [_text(one, name) for name in shown]
        lines.append([*cells, str(one.n), *texts])
    return [*keys, "n", *shown], lines


def _text(one: Mean, figure: str) -> str:
    spread: Any = one.figures.get(figure)
    return spread.text(DIGITS[figure]) if spread else "–"
