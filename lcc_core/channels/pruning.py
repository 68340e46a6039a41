"""The noun ``ChannelPruning``: which channels go. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lcc_core.settings import check_settings, setting

CRITERIA = ("attention", "norm", "l1", "l2", "random")
SCOPES = ("group", "global")
MOST = 0.9


@dataclass(frozen=True)
class ChannelPruning:
    """Which channels go: a share of each group's, or of all together.

    ``only``: groups to touch, all if empty.
    """

    criterion: str = setting(
        "attention",
        "Criterion",
        "attention: squeeze-excite gates are trained first, and their mean is folded into the "
        "batch norms' scales. norm: the scales as they are. l1, l2: size of the filters. random: "
        "to compare with",
        choices=CRITERIA,
        metavar="C",
    )
    ratio: float = setting(
        0.5,
        "Channels to remove",
        "Of the channels of each group, or of all together",
        low=0,
        high=MOST,
        step=0.05,
        metavar="R",
    )
    scope: str = setting(
        "group",
        "Rank within",
        "group: the same share of each group. global: the weakest wherever they are",
        choices=SCOPES,
        metavar="S",
    )
    floor: int = setting(8, "Floor", "Channels that every group keeps", low=1, high=4096)
    seed: int = setting(
        0, "Seed", "Draws for the random criterion", low=0, high=2**31 - 1, advanced=True
    )
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_settings(self)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"only": list(self.only)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ChannelPruning:
        facts: dict[str, Any] = {**content, "only": tuple(content.get("only", ()))}
        return cls(**facts)
