"""What a search found, and every candidate it tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lcc_core.compression.plan import Plan


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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SearchResult:
    """The plan, every candidate tried, and what it took.

    ``reference`` and ``right`` are right answers of ``tiles``, before and after; ``equivalents``
    and ``calibrations`` say how many whole evaluations and recalibrations the work spent amounts
    to; ``peak_bytes`` the most memory held for
    replay.
    """

    plan: Plan
    trace: tuple[Tried, ...]
    tiles: int
    reference: int
    importance: dict[str, float]
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
        return cls(
            **{
                **content,
                "plan": Plan.from_json(content["plan"]),
                "trace": tuple(Tried(**tried) for tried in content["trace"]),
            }
        )
