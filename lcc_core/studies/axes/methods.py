"""The ways to compress: fixed bits and k, or a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

FIXED = "fixed"


def values(study: Study, _: Mapping[str, Any]) -> Iterable[str]:
    """The values it takes, given those of earlier axes."""
    return sorted(study["methods"], key=lambda one: one != FIXED)  # what is fixed is done first


def write(contents: Contents, value: str, _: Mapping[str, Any], study: Study) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if value != FIXED:
        contents.search = {"method": value, "tiles": study.common.tiles}


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.studies.planning import searches

    return (FIXED, *searches())


METHODS = AXES.register(
    Axis(
        name="methods",
        one="method",
        label="Methods",
        summary="fixed: every pair of bits and k. The others search, once for each margin.",
        default=(FIXED,),
        of=PLAN,
        write=write,
        values=values,
        choices=choices,
        later=False,
        place=200,
    )
)
