"""The quantizers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axes.methods import FIXED
from lcc_core.studies.axis import AXES, PLAN, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

NONE = "none"  # the quantizer of a float model


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str]:
    """The values it takes, given those of earlier axes."""
    float_model = point["method"] == FIXED and point["bits"] == 32 and not point["k"]
    return (NONE,) if float_model else study["quantizers"]


def write(contents: Contents, value: str, *_: object) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    contents.fixed["quantizer"] = value
    if contents.search is not None:
        contents.search["quantizer"] = value


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.compression.presets import presets

    return presets()


QUANTIZERS = AXES.register(
    Axis(
        name="quantizers",
        one="quantizer",
        label="Quantizers",
        summary="own: a scale a channel, recalibrated. papers: a scale a layer, as it is.",
        default=("own",),
        of=PLAN,
        write=write,
        values=values,
        depends=("method", "bits", "k"),
        choices=choices,
        later=False,
        place=270,
    )
)
