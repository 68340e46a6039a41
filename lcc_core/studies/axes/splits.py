"""How tiles are split into training, validation and test part."""

from __future__ import annotations

from collections.abc import Iterable

from lcc_core.studies.axis import AXES, Axis, Contents


def write(contents: Contents, value: str, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.train["split"] = value


def check(value: str) -> None:
    """Raise ``ValueError`` for a value that is none."""
    from lcc_core.data.splits import check_protocol

    check_protocol(value)


def offered() -> Iterable[str]:
    """What a page offers."""
    from lcc_core.data.spatial import SPATIAL
    from lcc_core.data.splits import PROTOCOLS

    return (*PROTOCOLS, *SPATIAL)


SPLITS = AXES.register(
    Axis(
        name="splits",
        one="split",
        label="Splits",
        summary="How tiles are split: 64/16/20, 80/20, …; of a scene also blocks-30/10/60.",
        default=("64/16/20",),
        write=write,
        check=check,
        offered=offered,
        later=False,
        place=20,
    )
)
