"""``lcc search``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from lcc_core.commands.compressed import compression_report
from lcc_core.commands.context import Context, Timer
from lcc_core.commands.output import output_text, send
from lcc_core.commands.text import number, percent, size, table
from lcc_core.errors import LccError


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "search", parents=[after], help="choose bits and pruning layer by layer"
    )
    option = command.add_argument
    option("checkpoint", metavar="CKPT", help="an id, or the beginning of one")
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
    from lcc_core.results.measured import measure_plan
    from lcc_core.results.searched import Selection, rivals, search_plan

    out = output_text(arguments.out, context) if arguments.out else None
    settings = _settings(arguments)
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
    context.say(
        f"\n{len(found.trace)} candidates on {found.tiles} {where.part(split)} tiles in {timer}: "
        f"the work of {found.equivalents:.1f} whole evaluations"
        + (f" and {found.calibrations:.1f} recalibrations" if found.calibrations else "")
        + f"; up to {size(found.peak_bytes)} kept for replay.\n"
    )
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
