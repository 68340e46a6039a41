"""``lcc search``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from lcc_core.commands.compressed import compression_report
from lcc_core.commands.context import Context
from lcc_core.commands.options import add_entries, config_of, given
from lcc_core.commands.output import output_text, send
from lcc_core.commands.quantizing import add_quantizer, quantizer_chosen
from lcc_core.commands.tasks import add_task, asked
from lcc_core.commands.text import duration, number, percent, size, table
from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.search import USUAL, SearchResult, SearchSettings
from lcc_core.tasks.searching import SearchTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = add_task(commands, after, SearchTask, _searched, _search)
    option = command.add_argument
    known = "; ".join(f"{one.name}: {one.summary}" for one in PLANNERS)
    option("--method", default=USUAL, metavar="M", help=f"{known} (default: {USUAL})")
    add_entries(command, PLANNERS)
    add_quantizer(command)
    option("--out", metavar="FILE", help="the plan, for `lcc compress --plan`")
    command.set_defaults(run=search)


def _search(arguments: argparse.Namespace) -> SearchTask:
    config = config_of(arguments, PLANNERS[arguments.method], PLANNERS)
    settings = SearchSettings(arguments.method, config, *quantizer_chosen(arguments))
    return SearchTask(**given(arguments, SearchTask), settings=settings)


def search(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    out = output_text(arguments.out, context) if arguments.out else None
    task = asked(arguments)
    result = task.run(context.workspace, context.hooks)
    if out:
        send(out, json.dumps(result["plan"], indent=1, sort_keys=True).encode())
    _searched(task, result, context)
    if out:
        context.say(
            f"\nThe plan is in {out}: `lcc compress {task.checkpoint} --plan {out} --out F`"
        )
    return result | {"out": str(out) if out else None}


def _searched(task: SearchTask, result: dict[str, Any], context: Context) -> None:
    from lcc_core.measure.measurement import Measurement
    from lcc_core.results.searched import Selection

    found = task.found(result)
    checkpoint = context.workspace.checkpoint(task.checkpoint)
    split = context.workspace.split(checkpoint)
    where = Selection(task.select_on, task.tiles)
    context.say(_layers(found))
    context.say(_work(found, where.part(split)))
    if found.stopped:
        context.say("Stopped: the plan is as far as the search came; the other layers are mild.")
        return
    row = Measurement.from_json(result["measurement"])
    context.say(compression_report(row, checkpoint.accuracy.get("test", {}).get("oa")))
    if warning := where.warning(split):
        context.say(f"\n{warning}")
    context.say("\nFixed settings around that size:")
    context.say(
        table(
            ("bits", "zeros", "accuracy", "bytes"),
            [
                (number(r.average_bits), percent(r.sparsity), percent(r.oa), size(r.bytes))
                for r in map(Measurement.from_json, result["fixed"])
            ],
        )
    )


def _work(found: SearchResult, part: str) -> str:
    """What the search took."""
    took = duration(found.seconds)
    if not found.trace:
        on = f" on {found.tiles} {part} tiles" if found.tiles else ""
        return f"\nPlanned{on} in {took}.\n"
    text = (
        f"\n{len(found.trace)} candidates on {found.tiles} {part} tiles in {took}: "
        f"the work of {found.equivalents:.1f} whole evaluations"
    )
    text += f" and {found.calibrations:.1f} recalibrations" if found.calibrations else ""
    return text + f"; up to {size(found.peak_bytes)} kept for replay.\n"


def _layers(found: SearchResult) -> str:
    rows = []
    for name, setting in found.plan.layers.items():
        tried = [one for one in found.trace if one.layer == name]
        value = found.importance.get(name)
        importance = "" if value is None else f"{value:.4f}"
        rows.append((name, importance, setting.bits, setting.prune_k, len(tried) or ""))
    return table(("layer", "importance", "bits", "k", "tried"), rows)
