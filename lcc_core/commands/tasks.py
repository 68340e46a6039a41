"""Commands that do a task: options made from its fields, its work, and what is said of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.options import add_options, given
from lcc_core.errors import LccError
from lcc_core.jobs import FACTS
from lcc_core.reading import parse_json, read_text
from lcc_core.settings import config_from
from lcc_core.tasks import TASKS, Task, task_from

# What to say of a task that was done: the task, its result, and where to say it.
Report = Callable[[Any, dict[str, Any], Context], None]
Build = Callable[[argparse.Namespace], Task]
_reports: dict[str, Report] = {}


def add_task(
    commands: Any,
    after: argparse.ArgumentParser,
    task: type[Task],
    report: Report,
    build: Build | None = None,
) -> Any:
    """Add the command of a kind of work.

    Args:
        commands: the subparsers that it joins.
        after: the parser with the options of all commands.
        task: its fields are the options.
        report: says what came of it.
        build: makes the task of the parsed options; by default its settings are all there is.

    Returns:
        Its parser, for options that are no settings of the task.
    """
    _reports[task.kind] = report
    name = task.kind.split()[-1]
    command = commands.add_parser(name, parents=[after], help=task.summary)
    add_options(command, task)
    command.set_defaults(run=do, build=build or partial(_build, task), home_is="written")
    return command


def _build(task: type[Task], arguments: argparse.Namespace) -> Task:
    return config_from(task, given(arguments, task), f"lcc {task.kind}")


def asked(arguments: argparse.Namespace) -> Any:
    """The task that a command line asks for. Raises ``LccError`` for bad choices."""
    return arguments.build(arguments)


def do(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    return done(asked(arguments), context)


def done(task: Task, context: Context) -> dict[str, Any]:
    """Do a task, say what came of it, and return that."""
    result = task.run(context.workspace, context.hooks)
    _reports.get(task.kind, _told)(task, result, context)
    return result


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    """``lcc run``, and a command for each registered kind that has none of its own."""
    command = commands.add_parser(
        "run", parents=[after], help="do what a file says: a task as JSON, or a job's folder"
    )
    command.add_argument(
        "file", metavar="FILE", help='such as {"task": "train", "settings": {"arch": "compact", …}}'
    )
    command.set_defaults(run=run, home_is="written")
    for kind in TASKS:
        if " " not in kind.name and kind.name not in commands.choices:
            add_task(commands, after, kind.task, _told)


def _told(task: Task, result: dict[str, Any], context: Context) -> None:
    context.say(f"{task.title()}: done.")


def run(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    path = Path(arguments.file).expanduser()
    path = path / FACTS if path.is_dir() else path
    try:
        content = parse_json(read_text(path))
    except ValueError as error:
        raise LccError(f"{path} is no JSON: {error}.", "Write it anew.") from error
    if not isinstance(content, dict):
        raise LccError(f"{path} holds no task.", 'Write {"task": "train", "settings": {…}}.')
    return done(task_from(content), context)
