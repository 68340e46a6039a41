"""The noun ``Plan``: what every compression method produces and ``apply`` takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from lcc_core.errors import LccError, require
from lcc_core.files import content_id

BITS = (1, 2, 3, 4, 5, 6, 7, 8, 32)
GRANULARITIES = ("channel", "tensor")
SCALES = ("lse", "absmax")
SIDES = ("float16", "float32")


@dataclass(frozen=True)
class LayerSetting:
    """One layer: ``bits`` 1…8 or 32 (float), pruning strength ``prune_k`` in units of σ.

    ``granularity``: one scale for the tensor (the papers') or for each output channel; ``scale``:
    by absolute maximum (the papers') or by least squared error.
    """

    bits: int = 32
    prune_k: float = 0.0
    granularity: str = "channel"
    scale: str = "lse"

    def __post_init__(self) -> None:
        require(self.bits in BITS, "bits", self.bits, "1…8 or 32")
        require(0 <= self.prune_k <= 10, "prune_k", self.prune_k, "0…10")
        require(
            self.granularity in GRANULARITIES,
            "granularity",
            self.granularity,
            f"one of {', '.join(GRANULARITIES)}",
        )
        require(self.scale in SCALES, "scale", self.scale, f"one of {', '.join(SCALES)}")

    @property
    def nominal_bits(self) -> float:
        """Bits a weight. One bit and pruned is ternary: −, 0 and +, log₂ 3 bits."""
        return math.log2(3) if self.bits == 1 and self.prune_k else self.bits

    @property
    def touches(self) -> bool:
        return self.bits < 32 or self.prune_k > 0


@dataclass(frozen=True)
class Plan:
    """Layer name → setting; layers left out stay as they are.

    ``sides`` is the precision of what is not a compressed weight (biases, normalisation) once
    any layer is quantized. ``recalibrate`` is the number of training tiles on which norms and
    biases are corrected; 0: not at all. ``facts`` records how the plan was made and changes
    nothing.
    """

    layers: Mapping[str, LayerSetting]
    method: str = "manual"
    sides: str = "float16"
    facts: Mapping[str, Any] = field(default_factory=dict)
    recalibrate: int = 0

    def __post_init__(self) -> None:
        require(self.sides in SIDES, "sides", self.sides, f"one of {', '.join(SIDES)}")
        require(self.recalibrate in range(100_001), "recalibrate", self.recalibrate, "0…100000")

    @cached_property
    def id(self) -> str:
        """Equal for plans that do the same, however they were made."""
        touched = {n: asdict(s) for n, s in self.layers.items() if s.touches}
        content = {"layers": touched, "sides": self.sides if touched else "float32"}
        if touched and self.recalibrate:
            content["recalibrate"] = self.recalibrate
        return content_id(content)

    @property
    def chosen_on(self) -> str:
        """The part whose labels decided it, ``validation`` or ``test``; empty if none did."""
        # Plans from before the part was written down say which of two ways it was chosen.
        return str(self.facts.get("part", "test" if self.facts.get("protocol") == "paper" else ""))

    @property
    def is_float(self) -> bool:
        return not any(setting.touches for setting in self.layers.values())

    @property
    def rounds_sides(self) -> bool:
        return self.sides == "float16" and any(s.bits < 32 for s in self.layers.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "layers": {name: asdict(setting) for name, setting in self.layers.items()},
            "method": self.method,
            "sides": self.sides,
            "recalibrate": self.recalibrate,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | str) -> Plan:
        """Raises ``LccError`` for what is no plan, ``ValueError`` for settings out of range."""
        try:
            content = json.loads(content) if isinstance(content, str) else content
            layers = {str(n): LayerSetting(**s) for n, s in content["layers"].items()}
            return cls(
                layers,
                str(content.get("method", "manual")),
                content.get("sides", "float16"),
                dict(content.get("facts", {})),
                content.get("recalibrate", 0),
            )
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise LccError(
                f"This is not a plan ({error}).", "A plan is the JSON that this program saves."
            ) from error
