"""``lcc search``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from lcc_core.commands.compressed import compression_report
from lcc_core.commands.context import Context, Timer
from lcc_core.commands.options import add_entries, config_of
from lcc_core.commands.output import output_text, send
from lcc_core.commands.quantizing import add_quantizer, quantizer_chosen
from lcc_core.commands.text import number, percent, size, table
from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.search import USUAL, SearchResult, SearchSettings
from lcc_core.errors import LccError

if TYPE_CHECKING:
    from lcc_core.results.searched import Selection


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "search", parents=[after], help="choose bits and pruning for every layer"
    )
    option = command.add_argument
    option("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
    known = "; ".join(f"{one.name}: {one.summary}" for one in PLANNERS)
    option("--method", default=USUAL, metavar="M", help=f"{known} (default: {USUAL})")
    add_entries(command, PLANNERS)
    add_quantizer(command)
    option(
        "--select-on",
        default="validation",
        metavar="validation|test",
        help="tiles to choose on; test: as the papers seem to, figures then flatter",
    )
    option("--tiles", type=int, default=0, metavar="N", help="choose on N tiles (0: all)")
    option("--memory", type=float, default=2.0, metavar="GB", help="for replay (2)")
    option("--out", metavar="FILE", help="the plan, for `lcc compress --plan`")
    command.set_defaults(run=search, home_is="written")


def search(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Search, measure what was found and the fixed settings beside it, and say so."""
    from lcc_core.results.measured import measure_plan
    from lcc_core.results.searched import Selection, rivals, search_plan

    out = output_text(arguments.out, context) if arguments.out else None
    settings = settings_said(arguments)
    where = Selection(arguments.select_on, arguments.tiles)
    if arguments.memory < 0:
        raise LccError("--memory is negative.", "Give gigabytes, or 0 to keep nothing.")
    workspace = context.workspace
    checkpoint = workspace.checkpoint(arguments.checkpoint)
    workspace.tiles(checkpoint.data, context.hooks)
    split = workspace.split(checkpoint)
    timer = Timer()
    budget = int(arguments.memory * 2**30)
    found = search_plan(workspace, checkpoint, settings, where, context.hooks, budget)
    if out:
        send(out, json.dumps(found.plan.to_json(), indent=1, sort_keys=True).encode())
    answer = found.to_json() | {"out": str(out) if out else None}
    context.say(_layers(found))
    context.say(_work(found, where.part(split), timer))
    if found.stopped:
        context.say("Stopped: the plan is as far as the search came; the other layers are mild.")
    else:
        row = measure_plan(workspace, checkpoint, found.plan, hooks=context.hooks)
        context.say(compression_report(row, checkpoint.accuracy.get("test", {}).get("oa")))
        if warning := where.warning(split):
            context.say(f"\n{warning}")
        fixed = rivals(workspace, checkpoint, row, settings, context.hooks)
        context.say("\nFixed settings around that size:")
        context.say(
            table(
                ("bits", "zeros", "accuracy", "bytes"),
                [
                    (number(r.average_bits), percent(r.sparsity), percent(r.oa), size(r.bytes))
                    for r in fixed
                ],
            )
        )
        answer |= {"measurement": row.to_json(), "fixed": [one.to_json() for one in fixed]}
    if out:
        context.say(f"\nThe plan is in {out}: `lcc compress {checkpoint.id} --plan {out} --out F`")
    return answer


def settings_said(arguments: argparse.Namespace) -> SearchSettings:
    """What to search, as it was asked for. Raises ``LccError`` for what a planner has not."""
    config = config_of(arguments, PLANNERS[arguments.method], PLANNERS)
    return SearchSettings(arguments.method, config, *quantizer_chosen(arguments))


def search_words(checkpoint: str, settings: SearchSettings, where: Selection) -> list[str]:
    """The words of the command that searches so on a checkpoint of that id."""
    words = ["search", checkpoint, *settings.words()]
    return [*words, "--select-on", where.select_on, "--tiles", str(where.tiles)]


def _work(found: SearchResult, part: str, timer: Timer) -> str:
    """What the search took."""
    if not found.trace:
        on = f" on {found.tiles} {part} tiles" if found.tiles else ""
        return f"\nPlanned{on} in {timer}.\n"
    text = (
        f"\n{len(found.trace)} candidates on {found.tiles} {part} tiles in {timer}: "
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
