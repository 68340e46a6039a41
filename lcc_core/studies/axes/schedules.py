"""In which steps channels go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    return study["schedules"] if point["channels"] else (None,)


def write(contents: Contents, value: str | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if contents.narrow is not None:
        contents.narrow["schedule"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.channels.schedule import KINDS

    return KINDS


SCHEDULES = AXES.register(
    Axis(
        name="schedules",
        one="schedule",
        label="Pruning schedules",
        summary="In which steps channels go: one-shot, iterative (layer by layer) or multi-pass.",
        default=("one-shot",),
        write=write,
        values=values,
        depends=("channels",),
        choices=choices,
        quiet=(None, "one-shot"),
        place=94,
        title=str,
    )
)
