"""The share of the training tiles that models are trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def values(study: Study, point: Mapping[str, Any]) -> Iterable[float]:
    """The values it takes, given those of earlier axes."""
    return sorted(study["fractions"], reverse=True)


FRACTIONS = AXES.register(
    Axis(
        name="fractions",
        one="fraction",
        label="Tiles to keep",
        summary=(
            "Share of the training tiles, 1 for all; below 1 as each coreset method chooses them."
        ),
        default=(1.0,),
        kind=float,
        values=values,
        low=1e-6,
        high=1,
        percent=True,
        column="fraction (%)",
        offered=lambda: (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0),
        later=False,
        place=50,
    )
)
