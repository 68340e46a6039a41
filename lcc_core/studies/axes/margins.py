"""How many points a search may lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[float | None]:
    """The values it takes, given those of earlier axes."""
    from lcc_core.studies.planning import has_setting

    takes = point["method"] != FIXED and has_setting(point["method"], "t_margin")
    return study["margins"] if takes else (None,)


def write(contents: Contents, value: float | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if contents.search is not None:
        contents.search["t_margin"] = value


MARGINS = AXES.register(
    Axis(
        name="margins",
        one="margin",
        label="Margins T₀ (points)",
        summary="Points that a search may lose.",
        default=(0.5,),
        kind=float,
        of=PLAN,
        write=write,
        values=values,
        depends=("method",),
        low=0,
        high=100,
        later=False,
        place=240,
        offered=lambda: (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 3.0),
    )
)
