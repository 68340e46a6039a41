"""``lcc distil``."""

from __future__ import annotations

import argparse
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.tasks import add_task
from lcc_core.commands.text import percent
from lcc_core.commands.training import training_report
from lcc_core.tasks.distilling import DistilTask


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    add_task(commands, after, DistilTask, _distilled)


def _distilled(_: DistilTask, result: dict[str, Any], context: Context) -> None:
    made = context.workspace.checkpoint(result["id"])
    context.say(training_report(made))
    context.say(_taught(made))


def _taught(made: Any) -> str:
    facts = made.made.get("teacher", {})
    trained = facts.get("trained") or facts.get("accuracy") or {}
    line = f"Student {percent(made.accuracy['test']['oa'])}"
    if "test" in trained:
        line += f", teacher ({facts['arch']}) {percent(trained['test']['oa'])}"
    if "start" in made.made:
        line += f", before {percent(made.made['start']['test']['oa'])}"
    return line + " of the test tiles."
