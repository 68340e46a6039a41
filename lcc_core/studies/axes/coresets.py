"""The methods that choose which training tiles to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lcc_core.studies.axis import AXES, Axis, Contents

if TYPE_CHECKING:
    from lcc_core.studies.spec import Study

ALL = "all"  # the coreset of those that train on everything


def values(study: Study, point: Mapping[str, Any]) -> Iterable[str]:
    """The values it takes, given those of earlier axes."""
    return (ALL,) if point["fraction"] == 1 else study["coresets"]


def write(contents: Contents, value: str, point: Mapping[str, Any], study: Study) -> None:
    """Put a point's value into the contents of the steps that it decides."""
    from lcc_core.coresets.selection import COMMON, CoresetSettings

    if value == ALL:
        return
    settings = CoresetSettings.named(value, point["fraction"], point["seed"])
    # What once had another value is said; else defaults are left out, and ids stay.
    names = {*COMMON, *settings.entry.older}
    contents.choose = {name: v for name, v in settings.to_json().items() if name in names}
    if study.common.equal_steps:
        contents.kept["equal_steps"] = True


def choices() -> Iterable[str]:
    """All values there are."""
    from lcc_core.coresets.selection import choices

    return choices()


CORESETS = AXES.register(
    Axis(
        name="coresets",
        one="coreset",
        label="Coresets",
        summary=(
            "Methods that choose which training tiles to keep; balanced-…: equally many of a class."
        ),
        default=("ccs",),
        write=write,
        values=values,
        depends=("fraction",),
        choices=choices,
        later=False,
        place=60,
    )
)
