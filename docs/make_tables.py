"""Fill the tables of README.md and docs/RESULTS.md from what was measured.

    python docs/make_tables.py            # writes both
    python docs/make_tables.py --check    # says what differs, and exits with 1

A block ``<!-- table: NAME -->`` … ``<!-- end -->`` is filled with the table NAME. Figures come from
the rows that ship (``cache/studies``) and from the recorded benchmarks (``docs/benchmarks``).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lcc_core.studies.choice import accuracy, basis, eligible, on_front
from lcc_core.studies.table import ResultRow, shipped_rows

DOCS = Path(__file__).parent
README, RESULTS, BENCHMARKS = DOCS.parent / "README.md", DOCS / "RESULTS.md", DOCS / "benchmarks"
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)
FIXED = (32, 8, 4, 3, 2)
LOSSES = (0.5, 1.0, 2.0)  # points below the float model
HEAD = """# What was measured

Made by `docs/make_tables.py`; do not edit. Rows: `cache/studies/eurosat.jsonl`; other tables:
`docs/benchmarks/*.json`. Accuracies are of EuroSAT tiles (64/16/20, seed 0: 4,320 validation and
5,400 test tiles) unless a table says otherwise.

## Fronts

By architecture: what no other plan beats in packed bytes and accuracy. Chosen by validation
accuracy where the rows have it; older rows (engine 1) have none and are chosen by test accuracy,
which flatters.

<!-- table: fronts -->
<!-- end -->

## Channels at equal training

The sources of all criteria were trained for as many epochs, plain or with gates for `attention`;
± is the standard deviation over seeds, where there are several.

<!-- table: attention -->
<!-- end -->

## The quantizers at equal bytes

Both fronts of one compact network, chosen on validation tiles, read off at the same packed bytes by
interpolation between measured points.

<!-- table: quantizers -->
<!-- end -->
"""


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = "|".join(["---", *["---:"] * (len(heads) - 1)])
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, *lines)).replace(
        "|\n", f"|\n|{rule}|\n", 1
    )


def title(row: ResultRow) -> str:
    facts, plan = row.plan.facts, row.plan
    if plan.is_float:
        return "float"
    papers = ", papers' quantizer" if facts.get("granularity") == "tensor" else ""
    if plan.method == "fixed":
        k = f", k = {facts['k']:g}" if facts.get("k") else ""
        return f"{facts['bits']} bits{k}{papers}"
    kind = facts.get("margin", "fixed")
    margin = "" if kind == "fixed" else f" {kind}"
    if "t_margin" not in facts:  # a plan that somebody saved and loaded
        return f"`{plan.method}`{papers}"
    return f"`{plan.method}`, T₀ = {facts['t_margin']:g}{margin}{papers}"


def line(row: ResultRow) -> tuple[str, ...]:
    one = row.measurement
    bits = "–" if one.average_bits is None else f"{one.average_bits:.2f}"
    figures = percent(one.validation_oa), percent(one.oa)
    return title(row), bits, *figures, f"{one.bytes:,}", f"{one.real_ratio:.1f}×"


HEADS = ("plan", "bits", "validation %", "test %", "packed file (B)", "real ratio")


def picked(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Of one architecture's rows: float and fixed bits with our quantizer, and the smallest file
    within each of ``LOSSES`` of the float model, by validation accuracy where all rows have it."""
    by = basis(rows)
    plain = [
        row
        for row in rows
        if row.plan.is_float
        or (row.plan.method == "fixed" and not row.plan.facts["k"] and _ours(row))
    ]
    chosen = [r for bits in FIXED for r in plain if (r.plan.facts.get("bits", 32)) == bits]
    whole = max(accuracy(row, by) for row in plain if row.plan.is_float)
    for loss in LOSSES:
        near = [row for row in rows if accuracy(row, by) >= whole - loss / 100 - 1e-12]
        chosen.append(min(near, key=lambda row: row.measurement.bytes))
    return list({row.id: row for row in chosen}.values())


def _ours(row: ResultRow) -> bool:
    return row.plan.facts.get("granularity") == "channel" and bool(row.plan.recalibrate)


def rows_of(arch: str, rows: Sequence[ResultRow], engine: int) -> list[ResultRow]:
    """Plain trainings on all tiles, of one architecture and engine."""
    return [
        row
        for row in eligible(rows, chosen_on_test=True)
        if row.arch == arch
        and row.measurement.engine == engine
        and row.coreset is None
        and not row.variant
        and row.chosen_on != "test"
        and row.measurement.tiles == 5400
    ]


def result(rows: Sequence[ResultRow]) -> str:
    return table(HEADS, [line(row) for row in picked(rows_of("compact", rows, 2))])


def fronts(rows: Sequence[ResultRow]) -> str:
    parts = []
    for arch in sorted({row.arch for row in rows}):
        for engine in (2, 1):
            found = rows_of(arch, rows, engine)
            if not found or (engine == 1 and rows_of(arch, rows, 2)):
                continue
            keep = on_front(found)
            best = sorted(
                (row for row in found if row.id in keep), key=lambda row: row.measurement.bytes
            )
            day = max(row.measurement.measured for row in found)[:10]
            parts.append(
                f"### {arch}\n\nEngine {engine}, by {basis(found)} accuracy, {len(found)} rows, "
                f"the last one of {day}.\n\n{table(HEADS, [line(row) for row in best])}"
            )
    return "\n\n".join(parts)


def attention(_: object) -> str:
    content = json.loads((BENCHMARKS / "attention.json").read_text())

    def spelled(figure: dict[str, float | None]) -> str:
        spread = figure["stdev"]
        text = percent(figure["mean"])
        return text if spread is None else f"{text} ± {percent(spread)}"

    lines = [
        (
            str(one["criterion"]),
            f"{one['ratio']:g}",
            spelled(one["pruned_test"]),
            spelled(one["tuned_test"]),
            str(one["seeds"]),
        )
        for one in content["summary"]
    ]
    heads = ("criterion", "ratio", "test % as pruned", "test % fine-tuned", "seeds")
    how = content["settings"]
    told = (
        f"Recorded {content['date']}: {how['arch']}, {how['source']} + {how['on']} epochs before "
        f"removal, {how['tuning']} after."
    )
    return f"{told}\n\n{table(heads, lines)}"


def quantizers(_: object) -> str:
    content = json.loads((BENCHMARKS / "quantizers.json").read_text())
    lines = [
        (
            f"{one['bytes']:,}",
            percent(one["own_test_oa"]),
            percent(one["papers_test_oa"]),
            f"{100 * one['own_minus_papers']:+.2f}",
        )
        for one in content["at_equal_bytes"]
    ]
    heads = ("packed bytes", "own, test %", "papers', test %", "own − papers' (points)")
    margins = [
        (
            f"{one['margin']}, T₀ = {one['t_margin']:g}",
            f"{percent(one['own_test_oa'])} in {one['own_bytes']:,} B",
            f"{percent(one['papers_test_oa'])} in {one['papers_bytes']:,} B",
            f"{one['p']:.2g}",
        )
        for one in content["at_equal_margin"]
    ]
    by_margin = table(("`laq`, margin", "own", "papers'", "McNemar p"), margins)
    return f"Recorded {content['date']}.\n\n{table(heads, lines)}\n\nAt equal T₀:\n\n{by_margin}"


TABLES: dict[str, Any] = {
    "result": result,
    "fronts": fronts,
    "attention": attention,
    "quantizers": quantizers,
}


def filled(text: str, rows: Sequence[ResultRow]) -> str:
    """The text with every block filled anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{TABLES[m[2]](rows)}\n\n{m[3]}", text)


def texts() -> dict[Path, str]:
    """File → what it should hold."""
    rows = shipped_rows()
    return {README: filled(README.read_text(), rows), RESULTS: filled(HEAD, rows)}


def main(words: Sequence[str]) -> int:
    wrong = {path: text for path, text in texts().items() if _now(path) != text}
    for path, text in wrong.items():
        if "--check" in words:
            print(f"{path.name} differs from what was measured: run docs/make_tables.py")
        else:
            path.write_text(text)
    return int("--check" in words and bool(wrong))


def _now(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
