"""``lcc import-model``."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.tasks import add_task
from lcc_core.commands.text import pairs, percent, size
from lcc_core.tasks.importing import ImportModelTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    add_task(commands, after, ImportModelTask, _imported)


def _imported(_: ImportModelTask, result: dict[str, Any], context: Context) -> None:
    made = context.workspace.checkpoint(result["id"])
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
    context.say(
        result["doubt"]
        or "If it learnt from another split, some of these tiles were known to it, and the "
        "figures flatter."
    )
