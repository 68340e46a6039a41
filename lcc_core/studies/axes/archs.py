"""The architectures."""

from __future__ import annotations

from collections.abc import Iterable

from lcc_core.studies.axis import AXES, Axis, Contents


def write(contents: Contents, value: str, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.train["arch"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.models import ARCHITECTURES

    return ARCHITECTURES.names()


ARCHS = AXES.register(
    Axis(
        name="archs",
        one="arch",
        label="Architectures",
        summary="Architectures; lcc models lists them.",
        default=("compact",),
        write=write,
        choices=choices,
        column="architecture",
        later=False,
        place=30,
    )
)
