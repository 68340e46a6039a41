"""Command-line options made from the settings of a config."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lcc_core.errors import LccError
from lcc_core.registry import Registry
from lcc_core.settings import Setting, config_from, settings_of, text_of

# What options are added to: a parser or a group of its options.
Options = argparse._ActionsContainer  # pyright: ignore[reportPrivateUsage]
METAVARS = {int: "N", float: "X", str: "NAME"}


def add_options(
    command: argparse.ArgumentParser,
    *configs: type,
    without: Iterable[str] = (),
    under: Options | None = None,
) -> None:
    """Add an option for each setting of the ``configs``; those they share are added once.

    What is not said is not among the parsed arguments; see :func:`given`.

    Args:
        command: the parser that gets them.
        configs: config dataclasses. Settings of one name must be the same setting.
        without: names of settings that get no option.
        under: a group of the parser; its help lists them there.

    Raises:
        ValueError: two configs mean different things by one name.
    """
    known: dict[str, Setting] = getattr(command, "settings", {})
    command.settings = known  # type: ignore[attr-defined]
    for config in configs:
        for one in settings_of(config):
            if one.name in without:
                continue
            before = known.get(one.name)
            if before is None:
                known[one.name] = one
                add_option(under or command, one)
            elif _meaning(before) != _meaning(one):
                raise ValueError(f"{config.__name__}.{one.name} has the name of another setting")


def _meaning(one: Setting) -> tuple[Any, ...]:
    return one.kind, one.many, one.option, one.choices, one.low, one.high, one.unit


def add_option(command: Options, one: Setting) -> None:
    """Add one setting's option to a parser or a group of options."""
    told = one.help.rstrip(".")
    if one.choices:
        told += f": {', '.join(map(str, one.choices))}"
    if not one.required and one.default not in (None, "", (), False):
        default = text_of(one.default) if one.kind is not bool else "yes"
        told += f" (default: {default}{' ' + one.unit if one.unit else ''})"
    told = told.replace("%", "%%")
    options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": told}
    metavar = one.metavar or METAVARS.get(one.kind, "X")
    if one.positional:
        metavar = one.metavar or one.name.upper()
        options = {"help": told, "metavar": metavar, "type": _reader(replace(one, many=False))}
        if one.many:
            options["nargs"] = "+"
        elif not one.required:
            options |= {"nargs": "?", "default": argparse.SUPPRESS}
        command.add_argument(one.name, **options)
        return
    if one.kind is bool:
        both = one.default or one.optional
        options["action"] = argparse.BooleanOptionalAction if both else "store_true"
    else:
        options |= {"type": _reader(one), "metavar": f"{metavar},…" if one.many else metavar}
    command.add_argument(one.option, dest=one.name, required=one.required, **options)


def _reader(one: Setting) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            value = one.read(text)
            one.check(value)
            return value
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def add_entries(command: argparse.ArgumentParser, registry: Registry[Any]) -> None:
    """Add the settings of every registered entry, in a group that tells what it is.

    Entries have a ``config``; :func:`config_of` reads what was said for one of them.
    """
    for entry in registry:
        group = command.add_argument_group(f"{registry.kind} {entry.name}", entry.summary)
        add_options(command, entry.config, under=group)


def config_of(arguments: argparse.Namespace, entry: Any, registry: Registry[Any]) -> Any:
    """The config of a registered entry, from what was said.

    Raises ``LccError`` for settings that only others of the ``registry`` have.
    """
    said = given(arguments, entry.config)
    for other in registry:
        if foreign := sorted(set(given(arguments, other.config)) - set(said)):
            option = next(o.option for o in settings_of(other.config) if o.name == foreign[0])
            raise LccError(
                f"{option} is a setting of the {registry.kind} {other.name}, not of {entry.name}.",
                "Leave it out, or choose the other one.",
            )
    return config_from(entry.config, said, f"The {registry.kind} {entry.name}")


def given(arguments: argparse.Namespace, config: type) -> dict[str, Any]:
    """The settings of ``config`` that were said, by name."""
    said = vars(arguments)
    return {one.name: said[one.name] for one in settings_of(config) if one.name in said}
