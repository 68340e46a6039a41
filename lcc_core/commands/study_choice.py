"""The study that a command line asks for: a file, a known one or a preset, and what it changes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from lcc_core.commands.context import Context
from lcc_core.commands.options import add_option
from lcc_core.commands.text import words
from lcc_core.reading import parse_json
from lcc_core.settings import Setting, settings_of
from lcc_core.studies.axis import axes
from lcc_core.studies.common import Common

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

TABLES = (("recipe", "every training"), ("tuning", "models that lose channels"))


def study_settings() -> list[Setting]:
    """What a study says, axes and what holds for all points, as settings."""
    return [*(axis.setting() for axis in axes()), *settings_of(Common)]


def add_changes(command: argparse.ArgumentParser) -> None:
    """Add an option for every axis, for what holds for all points, and for the tables."""
    changes = command.add_argument_group("in place of what the study says")
    for one in study_settings():
        add_option(changes, one)
    for name, what in TABLES:
        changes.add_argument(f"--{name}", type=_table, metavar="KEY=VALUE,…", help=f"of {what}")


def chosen_study(arguments: argparse.Namespace, context: Context) -> tuple[Study, bool]:
    """The study that is named, and whether the command line says something in its place."""
    from lcc_core.studies.axes.sources import is_checkpoint
    from lcc_core.tasks.studies import StudyTask

    study = StudyTask(study=arguments.study).found(context.home)
    said = {
        one.name: getattr(arguments, one.name)
        for one in study_settings()
        if hasattr(arguments, one.name)
    }
    for name in ("recipe", "tuning"):
        if more := getattr(arguments, name):
            said[name] = {**getattr(study, name), **more}
    # Part of an id is enough on the command line; a study keeps the whole.
    sources = said.get("sources", study["sources"])
    if any(map(is_checkpoint, sources)):
        said["sources"] = tuple(
            context.workspace.checkpoint(one).id if is_checkpoint(one) else one for one in sources
        )
    return (study.changed(**said), True) if said else (study, False)


def _table(text: str) -> dict[str, Any]:
    """``epochs=3,preset=default``: values are numbers, true and false, else text."""
    found = {}
    for part in words(text):
        name, sign, value = part.partition("=")
        if not sign:
            raise argparse.ArgumentTypeError(f"{part!r} is not KEY=VALUE")
        try:
            found[name] = parse_json(value)
        except ValueError:  # it is text
            found[name] = value
    return found
