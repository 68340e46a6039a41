"""Command-line options made from the settings of a config."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lcc_core.settings import Setting, settings_of, text_of

METAVARS = {int: "N", float: "X", str: "NAME"}


def add_options(
    command: argparse.ArgumentParser, *configs: type, without: Iterable[str] = ()
) -> None:
    """Add an option for each setting of the ``configs``; those they share are added once.

    What is not said is not among the parsed arguments; see :func:`given`.

    Args:
        command: the parser that gets them.
        configs: config dataclasses. Settings of one name must be the same setting.
        without: names of settings that get no option.

    Raises:
        ValueError: two configs mean different things by one name.
    """
    known: dict[str, Setting] = getattr(command, "settings", {})
    command.settings = known  # type: ignore[attr-defined]
    for config in configs:
        for one in settings_of(config):
            if one.name in without:
                continue
            before = known.setdefault(one.name, one)
            if before is not one and _meaning(before) != _meaning(one):
                raise ValueError(f"{config.__name__}.{one.name} has the name of another setting")
            if before is one:
                _add(command, one)


def _meaning(one: Setting) -> tuple[Any, ...]:
    return one.kind, one.many, one.option, one.choices, one.low, one.high, one.unit


def _add(command: argparse.ArgumentParser, one: Setting) -> None:
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


def given(arguments: argparse.Namespace, config: type) -> dict[str, Any]:
    """The settings of ``config`` that were said, by name."""
    said = vars(arguments)
    return {one.name: said[one.name] for one in settings_of(config) if one.name in said}
