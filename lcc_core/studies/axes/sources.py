"""Whose scores choose the coresets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

OWN, FIRST = "own", "first-seed"


def is_checkpoint(value: str | None) -> bool:
    """Whether it names a checkpoint."""
    return value not in (None, OWN, FIRST)


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str | None]:
    """The values it takes, given those of earlier axes."""
    if point["fraction"] < 1:
        return study["sources"]
    # What is trained on all tiles is compared with the coresets: on the same split.
    named = [one for one in study["sources"] if is_checkpoint(one)]
    return (*((None,) if len(named) < len(study["sources"]) else ()), *named)


def write(contents: Contents, value: str | None, point: Mapping[str, Any], study: Study) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    if is_checkpoint(value):
        contents.train["split_of"] = value
        if contents.choose is not None:
            contents.choose["source"] = value
    elif value == FIRST:
        contents.source["seed"] = min(study["seeds"])


SOURCES = AXES.register(
    Axis(
        name="sources",
        one="source",
        label="Scores of",
        summary=(
            "Whose scores choose coresets: own (the same network and seed), first-seed (the "
            "same network, trained with the first seed), or a checkpoint's id."
        ),
        default=(OWN,),
        write=write,
        values=values,
        depends=("fraction",),
        quiet=(None, OWN),
        place=70,
        offered=lambda: (OWN, FIRST),
        title=lambda value: f"scores of {value}",
    )
)
