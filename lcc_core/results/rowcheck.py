"""Whether what stands in a row's file is what every reader of rows takes it for."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from lcc_core.measure.measurement import Measurement

MOST = 2**63  # beyond that figures are no counts
MAY_BE_NAN = ("aa", "recall")  # of a class without tiles
TEXTS = ("id", "created")


def check_measurement(row: Measurement) -> None:
    """Raise ``ValueError`` naming the field that has another type or lies out of its range."""
    for field in fields(Measurement):
        value = getattr(row, field.name)
        may_be_nan = field.name in MAY_BE_NAN
        if field.type == "str":
            good = isinstance(value, str)
        elif field.type == "bool":
            good = isinstance(value, bool)
        elif field.type == "int":
            good = _is_count(value)
        elif field.type == "float":
            good = _is_number(value, may_be_nan)
        elif field.type == "float | None":
            good = value is None or _is_number(value)
        elif field.name in ("recall", "interval"):
            good = all(_is_number(one, may_be_nan) for one in value)
        else:
            continue
        if not good:
            raise ValueError(f"{field.name} is {_shown(value)}")
    if not 0 <= row.oa <= 1:
        raise ValueError(f"oa is {_shown(row.oa)}")
    if row.bytes == 0:
        raise ValueError("bytes is 0")
    if len(row.interval) != 2:
        raise ValueError("interval is not two numbers")
    square = len(row.confusion)
    if len(row.recall) != square or not all(
        len(line) == square and all(map(_is_count, line)) for line in row.confusion
    ):
        raise ValueError("confusion is no square of counts")


def check_model(model: dict[str, Any]) -> None:
    """The facts of its checkpoint that tables and pages show. ``ValueError``, ``KeyError`` or
    ``TypeError`` where one is not there, or is of another type."""
    for name in TEXTS:
        if not isinstance(model[name], str):
            raise ValueError(f"{name} is {_shown(model[name])}")
    for name in ("recipe", "spec", "split", "accuracy"):
        if not isinstance(model[name], dict):
            raise ValueError(f"{name} is {_shown(model[name])}")
    recipe, spec, split = model["recipe"], model["spec"], model["split"]
    if not isinstance(spec["arch"], str):
        raise ValueError(f"arch is {_shown(spec['arch'])}")
    names = spec["class_names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("class_names is no list of names")
    for content, name in ((recipe, "epochs"), (recipe, "seed"), (split, "seed")):
        if not _is_count(content[name]):
            raise ValueError(f"{name} is {_shown(content[name])}")
    if not isinstance(split["protocol"], str):
        raise ValueError(f"protocol is {_shown(split['protocol'])}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST


def _is_number(value: object, may_be_nan: bool = False) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < MOST
    return isinstance(value, float) and (math.isfinite(value) or (may_be_nan and value != value))


def _shown(value: object) -> str:
    """Short, however much it is."""
    if isinstance(value, int) and abs(value) >= MOST:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
