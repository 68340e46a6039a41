"""``lcc search``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from lcc_core.commands.compressed import compression_report
from lcc_core.commands.context import Context
from lcc_core.commands.options import given
from lcc_core.commands.output import output_text, send
from lcc_core.commands.tasks import add_task, asked
from lcc_core.commands.text import duration, number, percent, size, table
from lcc_core.errors import LccError
from lcc_core.tasks.searching import SearchTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = add_task(commands, after, SearchTask, _searched, _search)
    option = command.add_argument
    option(
        "--method",
        default="laq",
        metavar="laq|lap|laq+lap|size",
        help="bits, pruning, both; size: by bytes",
    )
    option("--t-margin", type=float, default=0.5, metavar="T", help="points a layer may cost (0.5)")
    option("--margin", default="fixed", metavar="fixed|adaptive|shared", help="default fixed")
    option("--weights", metavar="P,V", help="of share and variance in the importance (0.5,0.5)")
    option("--order", default="falling", metavar="falling|rising|built", help="of the layers")
    option("--direction", default="up", metavar="up|down", help="boldest or mildest first")
    option("--reference", default="8-bit", metavar="8-bit|float", help="accuracy to hold")
    option("--whole-ends", action="store_true", help="no half margin for first and last layer")
    option("--granularity", metavar="tensor|channel", help="default channel")
    option("--scale", metavar="absmax|lse", help="default lse")
    option("--recalibrate", action=argparse.BooleanOptionalAction, help="default: yes")
    option("--paper", action="store_true", help="the papers' quantizer: tensor, absmax, as it is")
    option("--out", metavar="FILE", help="the plan, for `lcc compress --plan`")
    command.set_defaults(run=search)


def _search(arguments: argparse.Namespace) -> SearchTask:
    said = given(arguments, SearchTask) | {"settings": _settings(arguments)}
    return SearchTask(**said)


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
    from lcc_core.studies.searched import Selection

    found = task.found(result)
    checkpoint = context.workspace.checkpoint(task.checkpoint)
    split = context.workspace.split(checkpoint)
    where = Selection(task.select_on, task.tiles)
    context.say(_layers(found))
    context.say(
        f"\n{len(found.trace)} candidates on {found.tiles} {where.part(split)} tiles in "
        f"{duration(found.seconds)}: "
        f"the work of {found.equivalents:.1f} whole evaluations"
        + (f" and {found.calibrations:.1f} recalibrations" if found.calibrations else "")
        + f"; up to {size(found.peak_bytes)} kept for replay.\n"
    )
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


def _settings(arguments: argparse.Namespace) -> Any:
    from lcc_core.compression.recalibration import TILES
    from lcc_core.compression.search import PAPER, SearchSettings

    base = PAPER if arguments.paper else {"recalibrate": TILES}
    asked = {name: getattr(arguments, name) for name in ("granularity", "scale")}
    if arguments.recalibrate is not None:
        asked["recalibrate"] = TILES if arguments.recalibrate else 0
    if arguments.weights:
        try:
            asked["w_share"], asked["w_variance"] = map(float, arguments.weights.split(","))
        except ValueError as error:
            raise LccError(
                f"--weights {arguments.weights} are not two numbers.", "Write --weights 0.5,0.5."
            ) from error
    plain = ("method", "t_margin", "margin", "order", "direction", "reference")
    return SearchSettings(
        **{name: getattr(arguments, name) for name in plain},
        half_ends=not arguments.whole_ends,
        **base | {name: value for name, value in asked.items() if value is not None},
    )


def _layers(found: Any) -> str:
    rows = []
    for name, setting in found.plan.layers.items():
        tried = [one for one in found.trace if one.layer == name]
        rows.append(
            (name, f"{found.importance[name]:.4f}", setting.bits, setting.prune_k, len(tried))
        )
    return table(("layer", "importance", "bits", "k", "tried"), rows)
