"""``lcc import-model``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.text import names, pairs, percent, size
from lcc_core.commands.training import summary


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser(
        "import-model", parents=[after], help="take over a model that was trained elsewhere"
    )
    option = command.add_argument
    option("file", type=Path, metavar="FILE", help=".pt, .pth, .safetensors (weights) or .lcc")
    option("--data", required=True, metavar="D", help="the data set it was trained for")
    option("--arch", default="", metavar="A", help="whose weights they are; .lcc files know")
    option("--split", metavar="T/V/T", help="it was trained with: 64/16/20 (default), 70/30, …")
    option("--seed", type=int, default=0, metavar="S", help="of the split")
    option("--norm", default="auto", metavar="auto|imagenet|data|half|none", help="of its input")
    option("--classes", type=names, default=(), metavar="A,B,…", help="in the order of its outputs")
    option("--device", default="auto", metavar="auto|cpu|cuda|mps")
    command.set_defaults(run=import_model, home_is="written")


def import_model(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    from lcc_core.data.splits import DEFAULT_PROTOCOL, make_split
    from lcc_core.training import imported

    how = imported.Foreign(arguments.arch, arguments.norm, arguments.classes)
    tiles = context.workspace.tiles(arguments.data, context.hooks)
    # Whoever trained it with 80/20 or 70/30 trained on all that is not the test part: no validation
    # part may be cut from that.
    split = make_split(tiles, arguments.split or DEFAULT_PROTOCOL, arguments.seed, "test")
    made = imported.import_model(
        arguments.file,
        how,
        tiles,
        split,
        context.home,
        arguments.device,
        context.hooks,
    )
    rows = [
        (part, f"{percent(one['oa'])} of {one['tiles']:,} tiles")
        for part, one in made.accuracy.items()
    ]
    context.say(
        pairs(
            [
                ("checkpoint", f"{made.id}: {made.title}"),
                ("float32 file", size(made.bytes)),
                ("normalised by", made.recipe["norm"]),
                *rows,
            ]
        )
    )
    doubt = imported.doubt(made)
    context.say(
        doubt
        or "If it learnt from another split, some of these tiles were known to it, and the "
        "figures flatter."
    )
    return summary(made) | {"recipe": made.recipe, "doubt": doubt}
