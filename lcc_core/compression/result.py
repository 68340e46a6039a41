"""What a search found, and every candidate it tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from lcc_core.compression.plan import LayerSetting, Options, Plan
from lcc_core.compression.quantizers import DEFAULT


@dataclass(frozen=True)
class Tried:
    """One candidate: right answers in ``low``…``high`` of ``tiles``, ``need`` of them asked for."""

    layer: str
    bits: int
    k: float
    granularity: str
    scale: str
    need: int
    low: int
    high: int
    tiles: int
    seen: int
    kept: bool
    seconds: float
    quantizer: str = DEFAULT
    options: Options = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored: the scheme is named where it is not the symmetric one."""
        content = asdict(self)
        if self.quantizer == DEFAULT:
            return {n: v for n, v in content.items() if n not in ("quantizer", "options")}
        return content | {"options": dict(self.options)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Tried:
        options = content.get("options", {})
        facts: dict[str, Any] = {**content, "options": tuple(sorted(options.items()))}
        return cls(**facts)

    @property
    def setting(self) -> LayerSetting:
        """What was tried."""
        return LayerSetting(
            self.bits, self.k, self.granularity, self.scale, self.quantizer, self.options
        )


@dataclass(frozen=True)
class SearchResult:
    """The plan that a planner made, and what it took.

    Args:
        plan: layer → setting.
        trace: every candidate tried, where it tried any.
        tiles: how many it chose on.
        reference: right answers of these that were to be held.
        importance: layer → importance, where it went by that.
        stopped: it was cancelled: this is how far it came.
        seconds: the time it took.
        equivalents: the work spent, in evaluations of all tiles.
        calibrations: the work spent on recalibration, in recalibrations of the whole network.
        peak_bytes: the most memory held for replay.
    """

    plan: Plan
    trace: tuple[Tried, ...] = ()
    tiles: int = 0
    reference: int = 0
    importance: dict[str, float] = field(default_factory=dict)
    stopped: bool = False
    seconds: float = 0.0
    equivalents: float = 0.0
    calibrations: float = 0.0
    peak_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            **{key: value for key, value in vars(self).items() if key not in ("plan", "trace")},
            "plan": self.plan.to_json(),
            "trace": [tried.to_json() for tried in self.trace],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SearchResult:
        facts: dict[str, Any] = {
            **content,
            "plan": Plan.from_json(content["plan"]),
            "trace": tuple(map(Tried.from_json, content["trace"])),
        }
        return cls(**facts)
