"""The tables of the recorded benchmarks; without its file a table says that there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cells import UNKNOWN, percent, points, table

from lcc_core.results.table import ResultRow

BENCHMARKS = Path(__file__).with_name("benchmarks")


def recorded(name: str) -> dict[str, Any] | None:
    path = BENCHMARKS / f"{name}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def attention(_: Sequence[ResultRow]) -> str:
    if (content := recorded("attention")) is None:
        return "Not recorded yet."

    def spelled(figure: dict[str, float | None], words: Callable[[float | None], str]) -> str:
        spread = "" if figure["stdev"] is None else f" ± {percent(figure['stdev'])}"
        return words(figure["mean"]) + spread

    lines = []
    for one in content["summary"]:
        gap = one.get("tuned_minus_norm")
        shares = (spelled(one[name], percent) for name in ("pruned_test", "tuned_test"))
        lines.append(
            (str(one["criterion"]), f"{one['ratio']:g}", *shares,
             spelled(gap, points) if gap else UNKNOWN, str(one["seeds"]))
        )  # fmt: skip
    heads = ("criterion", "ratio", "test % as pruned", "test % fine-tuned",
             "gap to `norm` (points)", "seeds")  # fmt: skip
    how, tiles = content["settings"], sorted({row["test_tiles"] for row in content["rows"]})
    told = (
        f"{how['arch']} on {how['data']} ({how['split']}): {how['source']} + {how['on']} epochs "
        f"before removal, {how['tuning']} after. n = {' or '.join(f'{n:,}' for n in tiles)} test "
        f"tiles. {_source('attention', content)}"
    )
    return f"{told}\n\n{table(heads, lines)}"


def _source(name: str, content: dict[str, Any]) -> str:
    engine = content["machine"]["training_engine"]
    return f"From `benchmarks/{name}.json`, {content['date']}, training engine {engine}."


def quantizers(rows: Sequence[ResultRow]) -> str:
    if (content := recorded("quantizers")) is None:
        return "Not recorded yet."
    lines = [
        (f"{one['bytes']:,}", percent(one["own_test_oa"]), percent(one["papers_test_oa"]),
         points(one["own_minus_papers"]))
        for one in content["at_equal_bytes"]
    ]  # fmt: skip
    heads = ("packed bytes", "own, test %", "papers', test %", "own − papers' (points)")
    margins = [
        (f"{one['margin']}, T₀ = {one['t_margin']:g}",
         *(f"{percent(one[f'{who}_test_oa'])} in {one[f'{who}_bytes']:,} B"
           for who in ("own", "papers")),
         points(one["own_minus_papers"]), " … ".join(points(end) for end in one["interval"]),
         f"{one['p']:.2g}")
        for one in content["at_equal_margin"]
    ]  # fmt: skip
    by_margin = table(
        ("`laq`, margin", "own, test %", "papers', test %", "own − papers' (points)",
         "95 % interval", "McNemar p"), margins,
    )  # fmt: skip
    made = content["checkpoint"]
    tiles = " or ".join(f"{n:,}" for n in sorted({p["test_tiles"] for p in content["points"]}))
    told = (
        f"{made['arch']} on {made['data']}, {made['epochs']} epochs, seed {made['seed']}, "
        f"checkpoint `{made['id']}`. n = {tiles} test tiles. {_source('quantizers', content)}"
    )
    parts = [told, table(heads, lines), "At equal T₀:", by_margin]
    return "\n\n".join(parts + _deviations(content, rows))


def _deviations(content: dict[str, Any], rows: Sequence[ResultRow]) -> list[str]:
    """Where a point and the row that ships of the same model and plan differ in bytes."""
    shipped = {(row.measurement.checkpoint, row.measurement.plan): row for row in rows}
    told = []
    for point in content["points"]:
        row = shipped.get((content["checkpoint"]["id"], point["plan"]))
        if row and row.measurement.bytes != point["bytes"]:
            told.append(
                f"Plan `{point['plan']}` took {point['bytes']:,} B in the benchmark and takes "
                f"{row.measurement.bytes:,} B in the row that ships."
            )
    return told


def compared(_: Sequence[ResultRow]) -> str:
    """What the recorded benchmarks say, for the README."""
    told = []
    if content := recorded("quantizers"):
        gaps = [one["own_minus_papers"] for one in content["at_equal_bytes"]]
        told.append(
            f"- At equal packed bytes ({content['checkpoint']['arch']}, fixed bits and `laq`) the "
            f"papers' quantizer is ahead at {sum(gap < 0 for gap in gaps)} of {len(gaps)} sizes, "
            f"ours at {sum(gap > 0 for gap in gaps)}. {_source('quantizers', content)}"
        )
    if content := recorded("attention"):
        gaps = ", ".join(
            f"{points(one['tuned_minus_norm']['mean'])} at {one['ratio']:g} (seeds: {one['seeds']})"
            for one in content["summary"]
            if one["criterion"] == "attention" and one.get("tuned_minus_norm")
        )
        told.append(
            "- Channels chosen by attention, against by norm, after fine-tuning at equal training, "
            f"in points of test accuracy at each ratio: {gaps}. {_source('attention', content)}"
        )
    return "\n".join(told) or "No benchmark is recorded yet."
