"""Bits of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axes.plans import pair
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[int | None]:
    """The values it takes, given those of earlier axes."""
    if point["method"] != FIXED:
        return (None,)
    return (pair(point["plan"])[0],) if point["plan"] else study["bits"]


def write(contents: Contents, value: int | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.fixed["bits"] = value


def choices() -> Iterable[int]:
    """All values there are."""
    from lcc_core.compression.plan import BITS

    return BITS


def offered() -> Iterable[int]:
    """What a page offers."""
    return reversed(list(choices()))


BITS = AXES.register(
    Axis(
        name="bits",
        one="bits",
        label="Bits",
        summary="Bits of the weights: 1 to 8, or 32 for float.",
        default=(32, 8, 4),
        kind=int,
        of=PLAN,
        write=write,
        values=values,
        depends=("method", "plan"),
        choices=choices,
        offered=offered,
        later=False,
        place=220,
    )
)
