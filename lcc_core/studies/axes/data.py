"""The data sets."""

from __future__ import annotations

from lcc_core.files import check_name
from lcc_core.studies.axis import AXES, Axis, Contents


def write(contents: Contents, value: str, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.train["data"] = value


DATA = AXES.register(
    Axis(
        name="data",
        one="data",
        label="Data",
        summary="Data sets.",
        default=(),
        write=write,
        check=check_name,
        later=False,
        place=10,
    )
)
