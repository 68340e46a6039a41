"""Pairs of bits and k, in place of every combination of the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.errors import require
from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axis import AXES, PLAN, Axis

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

KNOWN = "bits and k, such as 4:0.5"


def pair(value: str) -> tuple[int, float]:
    """Bits and k of ``"4:0.5"``. Raises ``ValueError`` where it is no pair."""
    bits, _, k = value.partition(":")
    try:
        found = int(bits), float(k)
    except ValueError:
        require(False, "plans", value, KNOWN)
        raise
    return found


def check(value: str) -> None:
    """Raise ``ValueError`` for a value that is none."""
    from lcc_core.compression.plan import BITS

    bits, k = pair(value)
    require(bits in BITS and 0 <= k <= 10, "plans", value, KNOWN)


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    return (study["plans"] or (None,)) if point["method"] == FIXED else (None,)


PLANS = AXES.register(
    Axis(
        name="plans",
        one="plan",
        label="Pairs of bits and k",
        summary=(
            "Pairs such as 4:0.5, of bits and k; they take the place of all combinations of "
            "bits and k."
        ),
        default=(),
        of=PLAN,
        values=values,
        depends=("method",),
        check=check,
        may_be_empty=True,
        place=210,
        hidden=True,
        offered=lambda: ("32:0", "8:0", "4:0", "3:0", "32:0.5", "32:1", "4:0.5"),
    )
)
