"""How a search's margin is shared out among the layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

SIZE, SHARED = "size", "shared"


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    from lcc_core.studies.planning import has_setting

    if point["method"] == FIXED or not has_setting(point["method"], "margin"):
        return (None,)
    return (SHARED,) if point["method"] == SIZE else study["margin_kinds"]


def write(contents: Contents, value: str | None, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if contents.search is not None:
        contents.search["margin"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.compression.greedy.config import MARGINS

    return MARGINS


MARGIN_KINDS = AXES.register(
    Axis(
        name="margin_kinds",
        one="margin_kind",
        label="Margin kinds",
        summary=(
            "fixed: the same margin for all layers. adaptive: times the layer's importance. "
            "shared: grows with the weights met so far. size always shares."
        ),
        default=("fixed",),
        of=PLAN,
        write=write,
        values=values,
        depends=("method",),
        choices=choices,
        place=250,
    )
)
