"""By what channels are chosen to go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    return (study["criteria"] or (None,)) if point["channels"] else (None,)


def write(contents: Contents, value: str | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if contents.narrow is not None and value is not None:
        contents.narrow["criterion"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.channels.pruning import CRITERIA

    return CRITERIA


CRITERIA = AXES.register(
    Axis(
        name="criteria",
        one="criterion",
        label="Channel criteria",
        summary="By what channels are chosen to go; default: what [tuning] says, else l1.",
        default=(),
        write=write,
        values=values,
        depends=("channels",),
        choices=choices,
        may_be_empty=True,
        place=92,
        quiet=(None,),
        title=lambda value: f"by {value}",
    )
)
