"""What is searched, in which order, and how much accuracy it may cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lcc_core.compression.plan import GRANULARITIES, SCALES, LayerSetting
from lcc_core.errors import require

METHODS = ("laq", "lap", "laq+lap", "size")
MARGINS = ("fixed", "adaptive", "shared")
ORDERS = ("falling", "rising", "built")
DIRECTIONS = ("up", "down")
REFERENCES = ("8-bit", "float")
STARTING_BITS = 8
STEPS_K = tuple(step / 4 for step in range(1, 13))  # 0.25 … 3


@dataclass(frozen=True)
class SearchSettings:
    """What is searched, and how much accuracy it may cost.

    ``t_margin`` in percentage points. ``margin``: the same for all layers (the papers' fixed),
    times the importance (adaptive), or growing with the share of the weights that was met so far,
    so that the first layers do not use up what is meant for all (shared). ``direction`` "up" tries
    the boldest candidate first and stops at the first that holds; "down" goes on from the mildest
    until one fails.
    """

    method: str = "laq"
    t_margin: float = 0.5
    margin: str = "fixed"
    w_share: float = 0.5
    w_variance: float = 0.5
    w_entropy: float = 0.0
    w_sparsity: float = 0.0
    plus_variance: bool = False
    order: str = "falling"
    direction: str = "up"
    reference: str = "8-bit"
    half_ends: bool = True
    granularity: str = "channel"
    scale: str = "lse"
    recalibrate: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("method", METHODS),
            ("margin", MARGINS),
            ("order", ORDERS),
            ("direction", DIRECTIONS),
            ("reference", REFERENCES),
            ("granularity", GRANULARITIES),
            ("scale", SCALES),
        ):
            value = getattr(self, name)
            require(value in allowed, name, value, f"one of {', '.join(allowed)}")
        require(0 <= self.t_margin <= 100, "t_margin", self.t_margin, "0…100 points")
        require(self.recalibrate in range(100_001), "recalibrate", self.recalibrate, "0…100000")

    @property
    def bits(self) -> int:
        """Of every layer at the start: pruning alone leaves the weights float."""
        return 32 if self.method == "lap" else STARTING_BITS

    def setting(self, bits: int, k: float) -> LayerSetting:
        return LayerSetting(bits, k, self.granularity, self.scale)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


PAPER = {"granularity": "tensor", "scale": "absmax", "recalibrate": 0}
