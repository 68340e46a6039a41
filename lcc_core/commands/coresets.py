"""``lcc coreset`` and ``lcc coresets``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from lcc_core.commands.context import Context, Timer
from lcc_core.commands.options import add_entries, add_options, config_of, given
from lcc_core.commands.text import duration, pairs, percent, table


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """Add the commands about coresets."""
    choosing = commands.add_parser(
        "coreset", parents=[after], help="choose which training tiles to keep"
    )
    choosing.add_argument("checkpoint", metavar="CKPT", help="whose scores choose; an id, or part")
    choosing.when_used(partial(_methods, choosing))
    choosing.add_argument("--out", default="", metavar="NAME", help="default: says what it is")
    choosing.set_defaults(run=coreset, home_is="written")

    command = commands.add_parser("coresets", parents=[after], help="what has been chosen")
    command.add_argument("--delete", metavar="NAME", help="forget one")
    command.set_defaults(run=coresets, home_is="read")


def _methods(command: argparse.ArgumentParser) -> None:
    """The options that all methods share, and those of each."""
    from lcc_core.coresets.methods import METHODS
    from lcc_core.coresets.selection import CoresetSettings

    add_options(command, CoresetSettings)
    add_entries(command, METHODS)


def coreset(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """Choose a coreset and store it."""
    from lcc_core.coresets import METHODS, CoresetSettings, choose_coreset
    from lcc_core.coresets.coreset import save_coreset
    from lcc_core.coresets.selection import DEFAULT_METHOD, settled
    from lcc_core.files import check_name

    said = given(arguments, CoresetSettings)
    method = METHODS[said.get("method", DEFAULT_METHOD)]
    settings = CoresetSettings(**said, own=config_of(arguments, method, METHODS))
    if arguments.out:
        check_name(arguments.out)
    checkpoint = context.workspace.checkpoint(arguments.checkpoint)
    tiles = context.workspace.tiles(checkpoint.data, context.hooks)
    split = context.workspace.split(checkpoint)
    timer = Timer()
    made = choose_coreset(checkpoint, tiles, split, settings, arguments.out)
    seconds = timer.seconds
    save_coreset(context.home, made)
    fallback = settled(settings, made.settings)
    context.say(
        pairs(
            [
                ("coreset", made.name),
                ("method", settings.title),
                ("tiles", f"{len(made.ids):,} of {made.of:,} in {seconds:.2f} s"),
                ("scored in", f"{duration(checkpoint.seconds)}: the training of {checkpoint.id}"),
                ("", fallback),
                *((f"  {name}", count) for name, count in made.class_counts.items()),
            ]
        )
    )
    context.say(f"\nTrain on it: lcc train --coreset {made.name} --arch {checkpoint.arch}")
    told = {"class_counts": made.class_counts, "seconds": seconds, "note": fallback}
    return _summary(made) | told | {"scoring_seconds": checkpoint.seconds}


def _summary(one: Any) -> dict[str, Any]:
    return one.facts() | {"data": one.data, "created": one.created}


def coresets(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    """List what is stored, after deleting one if asked to."""
    from lcc_core.coresets.coreset import delete_coreset, list_coresets

    if arguments.delete:
        delete_coreset(context.home, arguments.delete)
    found = list_coresets(context.home)
    skipped = context.skipped(found.unreadable, "stored coreset")
    heads = ("name", "data", "method", "kept", "tiles", "seed", "from", "created")
    rows = [
        (
            one.name,
            one.data,
            one.settings.title,
            percent(one.settings.fraction),
            len(one.ids),
            one.settings.seed,
            one.source,
            one.created,
        )
        for one in found
    ]
    context.say(
        table(heads, rows)
        if rows
        else "There are no coresets yet. Choose one: lcc coreset CHECKPOINT --method forgetting"
    )
    return {"coresets": [_summary(one) for one in found], "unreadable": skipped}
