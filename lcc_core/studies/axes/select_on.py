"""The part of the tiles on which searches choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def lacks_validation(split: str) -> bool:
    """Whether the split, as its paper has it, has no validation part."""
    from lcc_core.data.splits import lacks_validation

    return lacks_validation(split)


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    if lacks_validation(point["split"]):  # then it decides how the split is made: for all methods
        return study["select_on"]
    return (None,) if point["method"] == FIXED else study["select_on"]


def write(contents: Contents, value: str | None, point: Mapping[str, Any], _: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    # Said only where it decides something: 80/20 and 70/30 once had no validation part here.
    if lacks_validation(point["split"]):
        contents.train["select_on"] = value
    if contents.search is not None and value == "test":
        contents.search["select_on"] = value


SELECT_ON = AXES.register(
    Axis(
        name="select_on",
        one="select_on",
        label="Searches choose on",
        summary="Where searches choose: validation, or as the papers test, whose figures flatter.",
        default=("validation",),
        of=PLAN,
        write=write,
        values=values,
        depends=("split", "method"),
        choices=lambda: ("validation", "test"),
        place=260,
    )
)
