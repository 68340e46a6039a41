"""Text and JSON that a user hands in, read within bounds and without surprises.

Files are opened by :mod:`lcc_core.inputs`; here a value of the wrong type is told by its key.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, cast

from lcc_core.errors import BadValue, LccError, require
from lcc_core.inputs import read_regular

DEEPEST = 64  # JSON within JSON
LARGEST_INT = 2**63 - 1
MOST_TABLES, MOST_COMMAS = 100_000, 1_200_000  # in one piece of JSON
LARGEST_TEXT = 16 * 2**20  # bytes of a plan, a study or any other file of text
REQUIRED: Any = object()
KINDS: dict[type, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false",
    list: "a list", dict: "a table",
}  # fmt: skip
ANNOTATIONS: dict[str, type] = {one.__name__: one for one in (str, int, float, bool)} | {
    "dict[str, Any]": dict
}
SEQUENCES = (list, tuple)  # a list of a file; facts in memory hold tuples
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def read_text(path: str | Path, most: int = LARGEST_TEXT, error: type[LccError] = LccError) -> str:
    """The UTF-8 text of a file; the mark that some editors put first is no part of it."""
    content = read_regular(path, most, error)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise error(f"{path} cannot be read: it is not UTF-8 text.", "Save it as UTF-8.") from cause


def parse_own_json(content: bytes) -> Any:
    """JSON that this program wrote: of any length, and NaN where a figure was none.

    Raises ``BadValue`` where it is none or nested too deeply, and for half characters, which can
    be written in JSON and shown nowhere.
    """
    try:
        found = json.loads(content.decode())
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError as error:
        raise BadValue("it is nested too deeply") from error
    except UnicodeError as error:
        raise BadValue("it is no text") from error
    except json.JSONDecodeError as error:
        raise BadValue("it is no JSON") from error
    return found


def parse_json(text: str | bytes) -> Any:
    """JSON that a user hands in, and nothing that only Python would take for it.

    Raises ``BadValue`` that says what is wrong: also for NaN, infinities and numbers beyond 64
    bits, a key that stands twice, text that is not Unicode, and what is nested too deeply.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        # Parsed they take thirty times the room and seconds, empty as they may be.
        if text.count("[") + text.count("{") > MOST_TABLES or text.count(",") > MOST_COMMAS:
            raise BadValue("it holds more values than any such file")
        content = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_no_number
        )
    except RecursionError as error:
        raise BadValue("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BadValue("it is not UTF-8 text") from error
    check_values(content)
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadValue(f"the key {Shortened(key)} stands twice")
            seen.add(key)
    return content


def _no_number(name: str) -> None:
    raise BadValue(f"{name} is no number")


def check_values(content: Any) -> None:
    """``BadValue`` where numbers are not finite or beyond 64 bits, or text is not Unicode."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, (dict, list, tuple)):
            if depth == DEEPEST:
                raise BadValue("it is nested too deeply")
            if isinstance(value, dict):
                for key in value:
                    check_text(key)
                value = list(value.values())
            waiting += [(one, depth + 1) for one in value]
        elif isinstance(value, str):
            check_text(value)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise BadValue(f"{value} is no number")
        elif isinstance(value, int) and abs(value) > LARGEST_INT:
            raise BadValue("a number is beyond 64 bits")


def check_text(text: str) -> None:
    """``BadValue`` for text that no file can hold: half a character (a lone surrogate)."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadValue(f"{Shortened(text)} is not Unicode text") from error


def is_kind(value: object, kind: type) -> bool:
    """Whether a value is of a kind in the sense of a file: 4.0 and true are no whole numbers."""
    if kind in (int, float):
        if isinstance(value, bool):
            return False
        if isinstance(value, Integral):
            return abs(int(value)) <= LARGEST_INT
        return kind is float and isinstance(value, Real) and math.isfinite(cast(float, value))
    kinds: Any = {dict: Mapping, list: SEQUENCES}
    return isinstance(value, kinds.get(kind, kind))


def value_of(content: Mapping[str, Any], key: str, kind: type, default: Any = REQUIRED) -> Any:
    """The value of ``key``. ``BadValue`` that names the key where it is not of that ``kind``."""
    if key not in content:
        if default is REQUIRED:
            raise BadValue(f"{key!r} is missing")
        return default
    value = content[key]
    require(is_kind(value, kind), key, Shortened(value), KINDS[kind])
    return float(value) if kind is float else value


def values_of(
    content: Mapping[str, Any], key: str, kind: type, default: Any = REQUIRED
) -> tuple[Any, ...]:
    """The values of a list, each of that ``kind``, as a tuple."""
    values = value_of(content, key, list, default)
    for value in values:
        require(is_kind(value, kind), key, Shortened(value), f"a list of {KINDS[kind]} each")
    return tuple(map(float, values)) if kind is float else tuple(values)


def check_settings(kind: type, content: Mapping[str, Any], table: str) -> None:
    """``BadValue`` that names the key of a ``table`` that a dataclass would not take."""
    known = {one.name: str(one.type) for one in fields(kind)}
    for key, value in content.items():
        name = f"{table}.{key}"
        require(key in known, name, Shortened(value), f"one of {', '.join(known)}")
        right = ANNOTATIONS.get(known[key])
        require(right is not None, name, Shortened(value), "left out: a file cannot set it")
        require(is_kind(value, right or str), name, Shortened(value), KINDS[right or str])


class Shortened:
    """A value whose ``repr`` fits a line of an error."""

    def __init__(self, value: object, most: int = 60) -> None:
        text = repr(value)
        self.text = text if len(text) <= most else f"{text[:most]}…"

    def __repr__(self) -> str:
        return self.text


def parse_size(text: str, name: str = "limit") -> int:
    """``500MB`` or ``2 GB`` in bytes, powers of 1000; 0 and ``none``: no limit."""
    words = text.strip().lower().replace(" ", "")
    if words == "none":
        return 0
    number = words.rstrip("bkmgt")
    try:
        return int(float(number) * UNITS[words[len(number) :]])
    except (ValueError, KeyError, OverflowError) as error:
        raise BadValue(f"{name}={text!r} is not allowed: say 500MB, 2GB or none") from error
