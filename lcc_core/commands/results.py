"""``lcc results``, ``lcc verify`` and ``lcc ship``."""

from __future__ import annotations

import argparse
import csv
import io
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.output import output_text, send
from lcc_core.commands.text import percent, size, table
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser("results", parents=[after], help="everything that was measured")
    command.add_argument("--data", metavar="D", help="on this data set alone")
    command.add_argument("--front", action="store_true", help="only what no other one beats")
    command.add_argument("--out", metavar="FILE.csv", help="write them as CSV")
    command.set_defaults(run=results, home_is="read")

    command = commands.add_parser(
        "verify", parents=[after], help="measure the shipped models on your own tiles"
    )
    command.set_defaults(run=verify)

    command = commands.add_parser(
        "ship", parents=[after], help="put this machine's results of a set into cache/studies/"
    )
    command.add_argument("--data", required=True, metavar="D")
    command.add_argument(
        "--models-mb", type=float, default=12.0, metavar="MB", help="packed models with them (12)"
    )
    command.set_defaults(run=ship)


def results(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.pareto import front
    from lcc_core.studies.table import all_rows, flat

    out = output_text(arguments.out, context) if arguments.out else None
    every = all_rows(context.home)
    skipped = context.skipped(every.unreadable, "stored row")
    rows = [
        row
        for row in every
        if row.measurement.part == "test" and arguments.data in (None, row.measurement.data)
    ]
    if arguments.front and rows:
        keep = front([r.measurement.bytes for r in rows], [r.measurement.oa for r in rows])
        rows = [row for row, on in zip(rows, keep, strict=True) if on]
    rows.sort(key=lambda row: (row.measurement.data, row.measurement.bytes))
    heads = ("data", "arch", "trained on", "method", "bits", "accuracy", "size", "real", "model")
    lines = [
        (
            row.measurement.data,
            row.arch,
            percent(row.fraction),
            row.method,
            f"{row.measurement.average_bits:.2f}",
            percent(row.measurement.oa),
            size(row.measurement.bytes),
            f"{row.measurement.real_ratio:.1f}×",
            row.measurement.checkpoint,
        )
        for row in rows
    ]
    context.say(table(heads, lines) if lines else "Nothing was measured yet: lcc compress …")
    flats = [flat(row) for row in rows]
    if out and flats:
        send(out, _csv(flats))
    return {"results": flats, "unreadable": skipped}


def _csv(flats: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(flats[0]))
    writer.writeheader()
    writer.writerows(flats)
    return text.getvalue().encode()


def verify(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.shipped import TOLERANCE, verify

    found = verify(context.home, on_progress=context.progress, should_stop=context.stop)
    heads = ("model", "shipped", "here", "tiles", "")
    context.say(
        table(
            heads,
            [
                (
                    one.name,
                    percent(one.shipped),
                    percent(one.measured),
                    one.tiles,
                    "holds" if one.holds else "DIFFERS",
                )
                for one in found
            ],
        )
    )
    off = [one.name for one in found if not one.holds]
    if off:
        raise LccError(
            f"{len(off)} of {len(found)} differ by more than {100 * TOLERANCE:g} points: "
            f"{', '.join(off)}.",
            "Are these the same tiles? See `lcc data info`.",
        )
    return {"verified": [asdict(one) | {"holds": one.holds} for one in found]}


def ship(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.studies.shipped import ship
    from lcc_core.studies.table import shipped_folder, shipped_rows

    paths = ship(context.home, arguments.data, int(1e6 * arguments.models_mb))
    used = sum(path.stat().st_size for path in paths)
    rows = len(shipped_rows())
    context.say(f"{rows} rows and {len(paths)} packed models ({size(used)}) in {shipped_folder()}")
    return {"rows": rows, "models": [path.name for path in paths], "bytes": used}
