"""Settings that hold for all points of a study."""

from __future__ import annotations

from dataclasses import dataclass

from lcc_core.settings import check_settings, setting


@dataclass(frozen=True)
class Common:
    """Settings that hold for all points of a study."""

    tiles: int = setting(
        0, "Tiles to search on", "Searches choose on so many tiles; 0: all of their part.",
        low=0, high=2**31 - 1,
    )  # fmt: skip
    redraw: bool = setting(
        False, "New split for each seed",
        "The seed draws the split as well, not only weights and coresets.",
    )  # fmt: skip
    equal_steps: bool = setting(
        False, "Equal steps on coresets",
        "Coresets are trained for as many steps as all tiles, not as many epochs.",
    )  # fmt: skip
    answers: bool = setting(
        False, "Keep every answer",
        "Keep each model's answer to every test tile; of a scene also measure how fast it is "
        "mapped. Comparisons of splits on the same pixels need it.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)


COMMON = tuple(Common.__dataclass_fields__)
# Left out of ids at their defaults: they came after studies were first stored.
LATER = ("equal_steps", "answers")
