"""Settings that are described once: in the metadata of a config dataclass's fields.

Command-line options, controls on pages, keys of study files and tables of the documentation are
made from them.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from typing import Any, TypeVar, cast

from lcc_core.errors import BadValue, LccError, require
from lcc_core.reading import Shortened, check_text, is_kind
from lcc_core.units import names

_KEY = "setting"
C = TypeVar("C")


@dataclass(frozen=True)
class Setting:
    """What is known of one field of a config.

    ``kind``: bool, int, float or str. ``choices``: the values it may have, if they are few;
    ``low`` and ``high``: the range of a number; ``step``: of a slider. ``many``: a tuple of such
    values. ``optional``: it may be ``None``. ``positional``: on the command line it stands by
    itself. ``advanced``: most leave it as it is. ``reads``: its value from the command line's text.
    """

    name: str
    kind: type
    default: Any
    label: str
    help: str
    choices: tuple[Any, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None
    unit: str = ""
    metavar: str = ""
    option: str = ""
    positional: bool = False
    advanced: bool = False
    reads: Callable[[str], Any] | None = None
    many: bool = False
    optional: bool = False
    required: bool = False

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        low, high = math.isfinite(self.low), math.isfinite(self.high)
        unit = f" {self.unit}" if self.unit else ""
        whole = ", a whole number" if self.kind is int else ""
        if low and high:
            return f"{self.low:g}…{self.high:g}{unit}{whole}"
        if low or high:
            word = f"{self.low:g} or more" if low else f"{self.high:g} or less"
            return f"{word}{unit}{whole}"
        words = {bool: "true or false", str: "text", int: "a whole number"}
        return words.get(self.kind, "a number")

    def read(self, text: str) -> Any:
        """The value that a text says, as it is typed in a terminal or on a page.

        Raises:
            LccError: it says none.
        """
        if self.reads:
            return self.reads(text)
        if not self.many:
            return self._read_one(text)
        if self.kind is str and text.lstrip().startswith("["):
            return names(text)
        return tuple(self._read_one(part.strip()) for part in text.split(",") if part.strip())

    def _read_one(self, text: str) -> Any:
        try:
            return self.kind(text)
        except ValueError:
            one = replace(self, many=False)
            raise BadValue(f"{text!r} is not {one.allowed}") from None

    def check(self, value: Any) -> None:
        """Raise ``BadValue`` naming the setting, the value and what it may be."""
        if value is None and self.optional:
            return
        if self.many:
            is_list = isinstance(value, tuple) and (len(value) > 0 or self.default == ())
            require(is_list, self.name, Shortened(value), f"a list; each {self.allowed}")
            for one in cast(tuple[Any, ...], value):
                self._check_one(one)
        else:
            self._check_one(value)

    def _check_one(self, value: Any) -> None:
        right = is_kind(value, self.kind)
        require(right, self.name, Shortened(value), self.allowed)
        if self.kind is str:
            check_text(value)
        if self.choices:
            require(value in self.choices, self.name, Shortened(value), self.allowed)
        elif self.kind in (int, float):
            require(self.low <= value <= self.high, self.name, Shortened(value), self.allowed)


def setting(
    default: Any = MISSING,
    label: str = "",
    help: str = "",
    *,
    choices: tuple[Any, ...] = (),
    low: float = -math.inf,
    high: float = math.inf,
    step: float | None = None,
    unit: str = "",
    metavar: str = "",
    option: str = "",
    positional: bool = False,
    advanced: bool = False,
    reads: Callable[[str], Any] | None = None,
) -> Any:
    """A field of a config dataclass, with what a person is told of it.

    Args:
        default: its value where nothing is said; without one it must be said.
        label: a few words, as they stand beside a control; by default the field's name.
        help: one sentence for someone who does not know it.
        choices: all values it may have, where they are few.
        low: the least number allowed.
        high: the largest.
        step: of a slider.
        unit: of the number.
        metavar: stands for the value in ``--help``.
        option: on the command line, such as ``"--epochs"``; by default made from the field's name.
        positional: on the command line it stands by itself, without an option.
        advanced: most leave it as it is; pages show it under "More settings".
        reads: makes the value of the command line's text, where its kind does not tell how.
    """
    told = {
        "label": label, "help": help, "choices": choices, "low": low, "high": high, "step": step,
        "unit": unit, "metavar": metavar, "option": option, "positional": positional,
        "advanced": advanced, "reads": reads,
    }  # fmt: skip
    return field(default=default, metadata={_KEY: told})


def same_setting(config: type, name: str, **changes: Any) -> Any:
    """A field that is the setting ``name`` of another config; ``changes`` are as of ``setting``."""
    one = next(field for field in fields(config) if field.name == name)
    default = changes.pop("default", one.default)
    return field(default=default, metadata={_KEY: dict(one.metadata[_KEY]) | changes})


@cache
def settings_of(config: type) -> tuple[Setting, ...]:
    """The settings of a config dataclass: its fields that were made with :func:`setting`."""
    hints = typing.get_type_hints(config)
    return tuple(_setting(one, hints[one.name]) for one in fields(config) if _KEY in one.metadata)


def _setting(one: Field[Any], hint: Any) -> Setting:
    kind, many, optional = hint, False, False
    if isinstance(hint, types.UnionType):
        kind = next(part for part in typing.get_args(hint) if part is not type(None))
        optional = type(None) in typing.get_args(hint)
    if typing.get_origin(kind) is tuple:
        kind, many = typing.get_args(kind)[0], True
    told = dict(one.metadata[_KEY])
    told["label"] = told["label"] or one.name.replace("_", " ").capitalize()
    told["option"] = told["option"] or "--" + one.name.replace("_", "-")
    required = one.default is MISSING
    default = None if required else one.default
    return Setting(one.name, kind, default, many=many, optional=optional, required=required, **told)


def check_settings(config: Any) -> None:
    """Check every setting of a config; call it in ``__post_init__``.

    Raises:
        ValueError: naming the setting, its value and what it may be.
    """
    for one in settings_of(type(config)):
        one.check(getattr(config, one.name))


def settings_json(config: Any) -> dict[str, Any]:
    """Name → value of every setting, as JSON and TOML take them."""
    found = {one.name: getattr(config, one.name) for one in settings_of(type(config))}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in found.items()}


def changed_settings(config: Any) -> dict[str, Any]:
    """Those that differ from their defaults: what a content id holds of a config.

    A setting that is added later leaves every id as it was.
    """
    default = {one.name: one.default for one in settings_of(type(config)) if not one.required}
    return {
        name: value
        for name, value in settings_json(config).items()
        if name not in default or getattr(config, name) != default[name]
    }


def config_from(config: type[C], table: Mapping[str, Any], what: str, **fixed: Any) -> C:
    """The config that a table of JSON or TOML describes.

    Args:
        config: its class.
        table: setting → value; lists where it has tuples.
        what: names the table in messages, such as ``"planner size"``.
        fixed: fields that are no settings, with their values.

    Raises:
        LccError: naming the key that is unknown, missing or has no such value.
    """
    known = {one.name: one for one in settings_of(config)}
    if foreign := sorted(set(table) - set(known)):
        raise LccError(
            f"{what} has no setting {Shortened(foreign[0])}.", f"It has: {', '.join(known)}."
        )
    if missing := [one.name for one in known.values() if one.required and one.name not in table]:
        raise LccError(f"{what} needs {missing[0]!r}.", f"It is {known[missing[0]].allowed}.")
    values = {
        name: tuple(value) if known[name].many and isinstance(value, list) else value
        for name, value in table.items()
    }
    try:
        return config(**values, **fixed)
    except BadValue as error:
        raise LccError(f"{what}: {error}.") from error


def option_words(config: Any, more: Sequence[str] = ()) -> list[str]:
    """The words of a command line that say what differs from the defaults.

    Args:
        config: the config.
        more: options that are no settings of it, as words.

    Returns:
        Positional settings, then options; the other way round, behind a ``--``, where one of the
        positional ones looks like an option.
    """
    alone: list[str] = []
    words: list[str] = []
    changed = changed_settings(config)
    for one in settings_of(type(config)):
        if one.name not in changed:
            continue
        value = changed[one.name]
        if one.positional:
            alone += map(text_of, value) if one.many else [text_of(value)]
        elif one.kind is bool and not one.many:
            words.append(one.option if value else "--no-" + one.option.removeprefix("--"))
        elif (text := text_of(value)).startswith("-"):
            words.append(f"{one.option}={text}")
        else:
            words += [one.option, text]
    words += more
    if any(text.startswith("-") for text in alone):
        return [*words, "--", *alone]
    return [*alone, *words]


def text_of(value: Any) -> str:
    """A value as the command line takes it: a list with commas, a number without a needless .0.

    A list of texts with commas or spaces around them is written as JSON.
    """
    if isinstance(value, (list, tuple)):
        texts = [text_of(one) for one in value]
        return json.dumps(texts, ensure_ascii=False) if any(map(_odd, texts)) else ",".join(texts)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _odd(text: str) -> bool:
    """Whether a text of a list would not be read as itself among commas."""
    odd = not text or "," in text or text[:1] == "[" or text.lower().endswith(".json")
    return odd or text != text.strip()
