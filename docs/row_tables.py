"""The tables of the rows that ship: of each architecture a few, picked by a rule, and the front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from cells import UNKNOWN, percent, table

from lcc_core.results.choice import accuracy, basis, by_test_set, eligible, on_front
from lcc_core.results.table import ResultRow

FIXED = (8, 4, 3, 2)
LOSSES = (0.5, 1, 2)  # points below the float model
HEADS = ("plan", "bits", "validation %", "test %", "packed file (B)", "real ratio")


def title(row: ResultRow) -> str:
    """The plan of a row in words."""
    facts, plan = row.plan.facts, row.plan
    if plan.is_float:
        return "float"
    papers = ", papers' quantizer" if facts.get("granularity") == "tensor" else ""
    if plan.method == "fixed" and "bits" in facts:
        k = f", k = {facts['k']:g}" if facts.get("k") else ""
        return f"{facts['bits']} bits{k}{papers}"
    kind = facts.get("margin", "fixed")
    margin = "" if kind == "fixed" else f" {kind}"
    if "t_margin" not in facts:  # a plan that somebody saved and loaded
        return f"`{plan.method}`{papers}"
    return f"`{plan.method}`, T₀ = {facts['t_margin']:g}{margin}{papers}"


def trained(row: ResultRow) -> str:
    """What a row's model is beyond a plain training on all tiles."""
    part = f"{100 * row.fraction:g} % by {row.coreset['method']}" if row.coreset else ""
    return ", ".join(filter(None, (row.variant, part))) or "plain"


def figures(row: ResultRow) -> tuple[str, ...]:
    """The cells under ``HEADS``."""
    one = row.measurement
    bits = UNKNOWN if one.average_bits is None else f"{one.average_bits:.2f}"
    shares = percent(one.validation_oa), percent(one.oa)
    return title(row), bits, *shares, f"{one.bytes:,}", f"{one.real_ratio:.1f}×"


def where_from(rows: Sequence[ResultRow]) -> str:
    """Tiles, dates and engines of rows of one test set: what belongs to every figure of them."""
    judged = sorted({r.measurement.validation_tiles for r in rows} - {0, None})
    days = sorted({row.measurement.measured[:10] for row in rows})
    engines = sorted({row.measurement.engine for row in rows})
    drawn = " (synthetic)" if any(row.measurement.synthetic for row in rows) else ""
    return (
        f"n = {rows[0].test_set}{drawn}"
        + "".join(f", {count:,} validation tiles" for count in judged)
        + f"; measured {' to '.join(sorted({days[0], days[-1]}))}, "
        + f"engine {' and '.join(map(str, engines))}"
    )


def ours(row: ResultRow) -> bool:
    """Whether it is of fixed bits alone, by the own quantizer as it is by default."""
    facts = row.plan.facts
    quantizer = (facts.get("granularity"), facts.get("scale"), facts.get("spare_depthwise", True))
    plain = row.plan.method == "fixed" and not facts.get("k") and row.plan.recalibrate > 0
    return plain and quantizer == ("channel", "lse", True)


def one_model(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """Of one architecture's rows those of a single plain training, on all tiles.

    The newest engine's; of it the model with a float row and the most rows that may be chosen from.
    """
    plain = [
        row
        for row in rows
        if row.measurement.part == "test" and not row.variant and row.coreset is None
    ]
    models: dict[tuple[Any, ...], list[ResultRow]] = {}
    for row in eligible(plain):
        one = row.measurement
        models.setdefault((one.engine, one.checkpoint, one.precision), []).append(row)
    known = [key for key in models if any(row.plan.is_float for row in models[key])]
    best = max(known, key=lambda key: (key[0], len(models[key]), key), default=None)
    return models[best] if best else []


def picked(rows: Sequence[ResultRow]) -> list[tuple[ResultRow, str]]:
    """A few rows of one model, and what the choice of each went by (empty: by nothing).

    The float model; ``FIXED`` bits with the own quantizer; and the fewest bytes within each of
    ``LOSSES`` of the float model, by validation accuracy if all rows have it, else by test.
    """
    by = basis(rows)
    whole = next(row for row in rows if row.plan.is_float)
    found = [(whole, "")]
    for bits in FIXED:
        found += [(row, "") for row in rows if ours(row) and row.plan.facts["bits"] == bits][:1]
    reasons: dict[str, list[str]] = {}
    small = sorted(rows, key=lambda row: (row.measurement.bytes, -accuracy(row, by), row.id))
    for loss in LOSSES:
        least = accuracy(whole, by) - loss / 100 - 1e-12
        near = next(row for row in small if accuracy(row, by) >= least)
        reasons.setdefault(near.id, []).append(f"{loss:g}")
    chosen = [(row, reasons[row.id]) for row in reversed(small) if row.id in reasons]
    given = {row.id for row, _ in found}
    told = {row.id: f"{by}, within {' and '.join(losses)} points" for row, losses in chosen}
    return [(row, told.get(row.id, why)) for row, why in found] + [
        (row, told[row.id]) for row, _ in chosen if row.id not in given
    ]


def by_arch(rows: Iterable[ResultRow]) -> dict[tuple[str, str], list[ResultRow]]:
    """By architecture and data set, in the order of their names."""
    ordered = sorted(rows, key=_kind)
    return {key: list(group) for key, group in groupby(ordered, key=_kind)}


def _kind(row: ResultRow) -> tuple[str, str]:
    return row.arch, row.measurement.data


def result(rows: Sequence[ResultRow]) -> str:
    parts = []
    for (arch, data), group in by_arch(rows).items():
        if not (found := one_model(group)):
            continue
        row, by = found[0], basis(found)
        recipe, one = row.model["recipe"], row.measurement
        flatters = ", **chosen by test accuracy, which flatters**" if by == "test" else ""
        lines = [
            (*figures(r), why or UNKNOWN, f"`{r.measurement.plan}`") for r, why in picked(found)
        ]
        parts.append(
            f"**{arch}** on {data}: {one.parameters / 1e6:.2f} M parameters, {recipe['epochs']} "
            f"epochs, seed {recipe['seed']}, checkpoint `{one.checkpoint}`, {len(found)} rows"
            f"{flatters}.\n{where_from(found)}.\n\n" + table((*HEADS, "chosen on", "row"), lines)
        )
    return "\n\n".join(parts)


def fronts(rows: Sequence[ResultRow]) -> str:
    parts = []
    for (arch, _), group in by_arch(rows).items():
        for tested in by_test_set(group):
            may, keep = eligible(tested), on_front(tested)
            if not may:
                continue
            best = sorted((r for r in may if r.id in keep), key=lambda row: row.measurement.bytes)
            left = f", {len(tested) - len(may)} more left out" if len(may) < len(tested) else ""
            heads = (HEADS[0], "model", *HEADS[1:], "row")
            lines = [
                (
                    first,
                    trained(row),
                    *rest,
                    f"`{row.measurement.checkpoint}-{row.measurement.plan}`",
                )
                for row in best
                for first, *rest in [figures(row)]
            ]
            parts.append(
                f"### {arch}, {best[0].measurement.tiles:,} test tiles\n\n"
                f"Chosen by {basis(may)} accuracy of {len(may)} rows{left}. {where_from(may)}.\n\n"
                + table(heads, lines, text=2)
            )
    return "\n\n".join(parts)
