"""Of what coverage-centric coresets take the area under the margin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

METHODS = ("ccs", "balanced-ccs")


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    asked = point["coreset"] in METHODS
    return study["aum"] if asked else (None,)


def write(contents: Contents, value: str | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if value is not None and contents.choose is not None:
        contents.choose["aum"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.coresets.scores import AUMS

    return AUMS


AUM = AXES.register(
    Axis(
        name="aum",
        one="aum",
        label="Area under the margin of",
        summary="Of what ccs takes the area under the margin: logits or probabilities.",
        default=("logits",),
        write=write,
        values=values,
        depends=("coreset",),
        choices=choices,
        quiet=(None, "logits"),
        place=65,
        title=lambda value: f"by {value}",
    )
)
