"""The noun ``Plan``: what every compression method produces and ``apply`` takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any

from lcc_core.errors import BadValue, LccError, require
from lcc_core.files import content_id
from lcc_core.reading import (
    Shortened,
    check_text,
    check_values,
    is_kind,
    parse_json,
    value_of,
)

BITS = (1, 2, 3, 4, 5, 6, 7, 8, 32)
GRANULARITIES = ("channel", "tensor")
SCALES = ("lse", "absmax")
SIDES = ("float16", "float32")
MOST_LAYERS = 10_000


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
        whole = is_kind(self.bits, int) and self.bits in BITS
        require(whole, "bits", Shortened(self.bits), "1…8 or 32, a whole number")
        within = is_kind(self.prune_k, float) and 0 <= self.prune_k <= 10
        require(within, "prune_k", Shortened(self.prune_k), "a number 0…10")
        require(
            self.granularity in GRANULARITIES,
            "granularity",
            Shortened(self.granularity),
            f"one of {', '.join(GRANULARITIES)}",
        )
        require(self.scale in SCALES, "scale", Shortened(self.scale), f"one of {', '.join(SCALES)}")

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
        require(self.sides in SIDES, "sides", Shortened(self.sides), f"one of {', '.join(SIDES)}")
        tiles = is_kind(self.recalibrate, int) and 0 <= self.recalibrate <= 100_000
        require(tiles, "recalibrate", Shortened(self.recalibrate), "a whole number 0…100000")
        count = len(self.layers)
        require(count <= MOST_LAYERS, "layers", count, f"{MOST_LAYERS} or fewer")
        for name in (self.method, *self.layers):  # they are stored and shown: so they must be text
            require(is_kind(name, str), "name", Shortened(name), "text")
            check_text(name)
        check_values(dict(self.facts))

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
        """Raises ``LccError`` that names the layer and the key for what is no plan."""
        try:
            content = parse_json(content) if isinstance(content, str) else content
            require(is_kind(content, dict), "plan", Shortened(content), "a table")
            named: Mapping[str, Any] = value_of(content, "layers", dict)
            require(len(named) <= MOST_LAYERS, "layers", len(named), f"{MOST_LAYERS} or fewer")
            return cls(
                {name: _setting(name, entry) for name, entry in named.items()},
                value_of(content, "method", str, "manual"),
                value_of(content, "sides", str, "float16"),
                dict(value_of(content, "facts", dict, {})),
                value_of(content, "recalibrate", int, 0),
            )
        except ValueError as error:
            raise LccError(
                f"This is not a plan ({error}).", "A plan is the JSON that this program saves."
            ) from error


def _setting(name: str, entry: Any) -> LayerSetting:
    try:
        require(is_kind(entry, dict), "setting", Shortened(entry), "a table")
        known = [one.name for one in fields(LayerSetting)]
        if foreign := sorted(set(entry) - set(known)):
            raise BadValue(f"it has no {Shortened(foreign[0])}, only {', '.join(known)}")
        return LayerSetting(**entry)
    except ValueError as error:
        raise BadValue(f"layer {Shortened(name)}: {error}") from error
