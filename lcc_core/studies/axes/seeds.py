"""The seeds: of weights, of coresets and, if it is asked for, of the split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study


def write(contents: Contents, value: int, point: Mapping[str, Any], study: Study) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.train |= {"seed": value, "split_seed": value if study.common.redraw else 0}


SEEDS = AXES.register(
    Axis(
        name="seeds",
        one="seed",
        label="Seeds",
        summary="Every training and every choice of tiles once a seed.",
        default=(0,),
        kind=int,
        write=write,
        low=0,
        high=2**31 - 1,
        later=False,
        place=40,
    )
)
