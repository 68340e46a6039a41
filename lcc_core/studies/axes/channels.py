"""The share of the channels that is removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcc_core.studies.axis import AXES, Axis, Contents


def write(contents: Contents, value: float, point: Mapping[str, Any], _: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if value:
        contents.narrow = {"ratio": value, "seed": point["seed"]}


CHANNELS = AXES.register(
    Axis(
        name="channels",
        one="channels",
        label="Channels off",
        summary="Share of the channels removed; what is left is trained on.",
        default=(0.0,),
        kind=float,
        write=write,
        low=0,
        high=0.9,
        percent=True,
        column="channels off (%)",
        later=False,
        place=90,
        offered=lambda: (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    )
)
