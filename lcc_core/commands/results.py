"""``lcc results``, ``lcc verify`` and ``lcc ship``."""

from __future__ import annotations

import argparse
import csv
import io
from dataclasses import asdict
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.output import output_text, send
from lcc_core.commands.text import number, percent, size, table
from lcc_core.errors import LccError
from lcc_core.plaintext import csv_cell


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser("results", parents=[after], help="everything that was measured")
    command.add_argument("--data", metavar="D", help="on this data set alone")
    command.add_argument(
        "--front", action="store_true", help="only what no other one beats, by validation accuracy"
    )
    command.add_argument(
        "--best", action="store_true", help="only the most accurate, by validation accuracy"
    )
    command.add_argument(
        "--chosen-on-test",
        action="store_true",
        help="let front and best have rows whose settings were chosen on test tiles",
    )
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
    from lcc_core.results import choice
    from lcc_core.results.table import all_rows, flat

    out = output_text(arguments.out, context) if arguments.out else None
    every = all_rows(context.home)
    skipped = context.skipped(every.unreadable, "stored row")
    rows = [
        row
        for row in every
        if row.measurement.part == "test" and arguments.data in (None, row.measurement.data)
    ]
    said = ""
    if arguments.front or arguments.best:
        pool = choice.eligible(rows, arguments.chosen_on_test)
        said = choice.said(pool)
        groups = choice.by_test_set(pool)
        if arguments.best:
            rows = [choice.most_accurate(group, choice.basis(group)) for group in groups]
        else:
            keep = choice.on_front(pool, chosen_on_test=True)
            rows = [row for row in pool if row.id in keep]
    rows.sort(key=lambda row: (row.measurement.data, row.test_set, row.measurement.bytes))
    heads = (
        "data", "arch", "trained on", "method", "bits", "validation", "test", "tiles", "chosen on",
        "size", "real", "model",
    )  # fmt: skip
    lines = [
        (
            row.measurement.data,
            row.arch,
            percent(row.fraction),
            row.method,
            number(row.measurement.average_bits),
            percent(row.measurement.validation_oa),
            percent(row.measurement.oa),
            row.measurement.tiles,
            row.chosen_on or "–",
            size(row.measurement.bytes),
            f"{row.measurement.real_ratio:.1f}×",
            row.measurement.checkpoint,
        )
        for row in rows
    ]
    context.say(table(heads, lines) if lines else "Nothing was measured yet: lcc compress …")
    if said:
        context.say(f"\n{said} Each set of test tiles has a front of its own.")
    flats = [flat(row) for row in rows]
    if out and flats:
        send(out, _csv(flats))
    return {"results": flats, "unreadable": skipped}


def _csv(flats: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(flats[0]))
    writer.writeheader()
    for one in flats:
        writer.writerow({k: "–" if v is None else csv_cell(v) for k, v in one.items()})
    return text.getvalue().encode()


def verify(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.results.shipped import TOLERANCE, verify

    found = verify(context.home, hooks=context.hooks)
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
    from lcc_core.results.shipped import ship
    from lcc_core.results.table import shipped_folder, shipped_rows

    paths = ship(context.home, arguments.data, int(1e6 * arguments.models_mb))
    used = sum(path.stat().st_size for path in paths)
    rows = len(shipped_rows())
    context.say(f"{rows} rows and {len(paths)} packed models ({size(used)}) in {shipped_folder()}")
    return {"rows": rows, "models": [path.name for path in paths], "bytes": used}
