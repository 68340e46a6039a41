"""Narrower networks that are taught by the whole one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcc_core.studies.axis import AXES, Axis, Contents


def write(contents: Contents, value: float, point: Mapping[str, Any], _: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if value:
        contents.student = {"ratio": value, "seed": point["seed"]}


STUDENTS = AXES.register(
    Axis(
        name="students",
        one="student",
        label="Students with channels fewer",
        summary=(
            "Share of the channels that a student has fewer than the network, which teaches it;"
            " 0: the network itself."
        ),
        default=(0.0,),
        kind=float,
        write=write,
        low=0,
        high=0.9,
        percent=True,
        column="student (%)",
        offered=lambda: (0.0, 0.25, 0.5, 0.75),
        quiet=(None, 0.0),
        place=80,
        title=lambda value: f"a student with {100 * value:g} % fewer channels",
    )
)
