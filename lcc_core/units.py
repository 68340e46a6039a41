"""Bytes as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

from lcc_core.errors import LccError

POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
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
