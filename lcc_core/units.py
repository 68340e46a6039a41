"""Bytes and lists of names as people write them."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

from lcc_core.errors import LccError
from lcc_core.inputs import read_regular

POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
LONGEST_LIST = 1 << 20  # bytes of a file of names
LIKE_THIS = 'Write it like ["forest", "river, lake"].'
WRITTEN = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) ?(?:([kmgt])(i?))?b?", re.IGNORECASE | re.ASCII)


def size(count: float) -> str:
    """Bytes, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    raise AssertionError


def parse_size(text: str) -> int:
    """Bytes of ``20GB``, ``1.5 GiB``, ``500MB`` or a plain number. ``LccError`` for others."""
    count = 0
    if found := WRITTEN.fullmatch(text.strip()):
        number, unit, binary = found.groups(default="")
        count = int(Fraction(number) * (1024 if binary else 1000) ** POWERS[unit.lower()])
    if count <= 0:
        raise LccError(
            f"{text!r} is no size.", "Write a number of bytes above 0, as 500MB or 20GB."
        )
    return count


def names(text: str) -> tuple[str, ...]:
    """Names as an option: ``a,b``, a JSON list where names hold commas, or a ``.json`` file of one.

    Every place counts, since names stand in the order of numbers: an empty one stays.
    """
    shown = text
    if text.strip().lower().endswith(".json"):
        content = read_regular(Path(text.strip()).expanduser(), LONGEST_LIST, LccError)
        text = content.decode("utf-8-sig", "replace")
    elif not text.lstrip().startswith("["):
        return tuple(name.strip() for name in text.split(","))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LccError(f"{shown} is not a JSON list ({error}).", LIKE_THIS) from error
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise LccError(f"{shown} is not a list of names.", LIKE_THIS)
    return tuple(found)
