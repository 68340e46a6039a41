"""How strongly weights are pruned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axes.plans import pair
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[float | None]:
    """The values it takes, given those of earlier axes."""
    if point["method"] != FIXED:
        return (None,)
    return (pair(point["plan"])[1],) if point["plan"] else study["k"]


def write(contents: Contents, value: float | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.fixed["k"] = value


K = AXES.register(
    Axis(
        name="k",
        one="k",
        label="Pruning k (σ)",
        summary="Weights below k standard deviations of their layer go.",
        default=(0.0,),
        kind=float,
        of=PLAN,
        write=write,
        values=values,
        depends=("method", "plan"),
        low=0,
        high=10,
        later=False,
        place=230,
        offered=lambda: (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
    )
)
