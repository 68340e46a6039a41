"""How measurements are drawn, on pages and in reports alike: by colour and by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Told apart with any colour vision; the shapes say the same where colours are not seen.
COLOURS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #7A5195 #8C564B #3B3B98 #777777".split()
SYMBOLS = "circle square diamond triangle-up triangle-down star hexagon cross x bowtie".split()
FRONT = "#888888"


def colour(name: str, names: Sequence[str]) -> str:
    return COLOURS[names.index(name) % len(COLOURS)]


def symbol(name: str, names: Sequence[str]) -> str:
    return SYMBOLS[names.index(name) % len(SYMBOLS)]


def log_ticks(x: Sequence[float]) -> dict[str, Any]:
    """1, 2 and 5 of every power of ten, written out."""
    low, high = (int(np.floor(np.log10(value))) for value in (min(x), max(x)))
    values = [digit * 10.0**power for power in range(low, high + 1) for digit in (1, 2, 5)]
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]}
