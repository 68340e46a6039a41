"""The noun ``Plan``: what every compression method produces and ``apply`` takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from lcc_core.compression.quantizers import DEFAULT, QUANTIZERS, Quantizer, quantizer_of
from lcc_core.compression.quantizers.symmetric import CHANNEL, LEAST_SQUARES
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
SIDES = ("float16", "float32")
MOST_LAYERS = 10_000
TILES = 512  # to recalibrate on; 2,048 did no better on EuroSAT at 1 to 4 bits
MANUAL = "manual"  # the method of a plan that nobody named
OWN = ("bits", "prune_k", "quantizer")  # keys of a stored setting that are not the quantizer's
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class LayerSetting:
    """One layer: ``bits`` 1…8 or 32 (float), pruning strength ``prune_k`` in units of σ.

    ``quantizer``: the scheme. ``granularity`` and ``scale`` are settings of the symmetric one;
    those of other schemes are ``options``, as far as they differ from the defaults.
    """

    bits: int = 32
    prune_k: float = 0.0
    granularity: str = CHANNEL
    scale: str = LEAST_SQUARES
    quantizer: str = DEFAULT
    options: Options = ()

    def __post_init__(self) -> None:
        whole = is_kind(self.bits, int) and self.bits in BITS
        require(whole, "bits", Shortened(self.bits), "1…8 or 32, a whole number")
        within = is_kind(self.prune_k, float) and 0 <= self.prune_k <= 10
        require(within, "prune_k", Shortened(self.prune_k), "a number 0…10")
        _check_name(self.quantizer)
        _ = self.config  # its settings are checked when it is made

    @classmethod
    def of(cls, config: Any, bits: int, k: float = 0.0) -> LayerSetting:
        """A setting of the scheme that ``config`` is of, at other bits."""
        quantizer = quantizer_of(config)
        return cls._made(quantizer, bits, k, quantizer.written(config))

    @classmethod
    def _made(cls, scheme: Quantizer, bits: Any, k: Any, own: Mapping[str, Any]) -> LayerSetting:
        if scheme.name == DEFAULT:
            return cls(bits, k, **own)
        return cls(bits, k, quantizer=scheme.name, options=tuple(sorted(own.items())))

    @property
    def scheme(self) -> Quantizer:
        """The registered quantizer."""
        return QUANTIZERS[self.quantizer]

    @property
    def config(self) -> Any:
        """The scheme's config; of a float layer it says what no weight is rounded by."""
        own = self.options
        if self.quantizer == DEFAULT:
            own = (("granularity", self.granularity), ("scale", self.scale), *own)
        bits = None if self.bits == 32 else self.bits
        kinds = tuple(type(value) for _, value in own)
        try:
            return _config(self.scheme.config, bits, own, kinds)
        except TypeError:  # a value that cannot be hashed is none that a setting has
            return _config.__wrapped__(self.scheme.config, bits, own, kinds)

    @property
    def effect(self) -> LayerSetting:
        """The setting that does the same, with what changes nothing at its default."""
        return _effect(self)

    @property
    def nominal_bits(self) -> float:
        """Bits a weight. One bit and pruned is ternary: −, 0 and +, log₂ 3 bits."""
        return math.log2(3) if self.bits == 1 and self.prune_k else self.bits

    @property
    def touches(self) -> bool:
        """Whether it changes any weight."""
        return self.bits < 32 or self.prune_k > 0

    def to_json(self) -> dict[str, Any]:
        """What is stored of it: the scheme is named where it is not the symmetric one."""
        content: dict[str, Any] = {"bits": self.bits, "prune_k": self.prune_k}
        if self.quantizer == DEFAULT:
            return content | {"granularity": self.granularity, "scale": self.scale}
        return content | {"quantizer": self.quantizer} | self.scheme.written(self.config)

    @classmethod
    def from_json(cls, content: Any) -> LayerSetting:
        """Raises ``ValueError`` naming the key for what is no setting."""
        require(is_kind(content, dict), "setting", Shortened(content), "a table")
        name = content.get("quantizer", DEFAULT)
        _check_name(name)
        scheme = QUANTIZERS[name]
        known = ["bits", "prune_k", *(one.name for one in scheme.settings), "quantizer"]
        if foreign := sorted(set(content) - set(known)):
            raise ValueError(f"it has no {Shortened(foreign[0])}, only {', '.join(known)}")
        own = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in content.items()
            if key not in OWN
        }
        return cls._made(scheme, content.get("bits", 32), content.get("prune_k", 0.0), own)


def _check_name(name: object) -> None:
    known = is_kind(name, str) and name in QUANTIZERS
    require(known, "quantizer", Shortened(name), f"one of {', '.join(QUANTIZERS.names())}")


@lru_cache(maxsize=1000)
def _config(kind: type, bits: int | None, own: Options, _kinds: tuple[type, ...]) -> Any:
    """A quantizer's config: thousands of stored layers have the same few.

    The kinds of its values keep 1 and true apart.
    """
    return kind(**dict(own)) if bits is None else kind(bits=bits, **dict(own))


@lru_cache(maxsize=1000)
def _effect(setting: LayerSetting) -> LayerSetting:
    bits, k = setting.bits, float(setting.prune_k) + 0.0  # no −0
    if bits == 32:
        return LayerSetting(bits, k)
    return LayerSetting.of(setting.scheme.plain(setting.config), bits, k)


@dataclass(frozen=True)
class Plan:
    """Layer name → setting; layers left out stay as they are.

    ``sides`` is the precision of what is not a compressed weight (biases, normalisation) once
    any layer is quantized. ``recalibrate`` is the number of training tiles on which norms and
    biases are corrected; 0: not at all. ``facts`` records how the plan was made and changes
    nothing.
    """

    layers: Mapping[str, LayerSetting]
    method: str = MANUAL
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
        touched = {n: s.effect.to_json() for n, s in self.layers.items() if s.touches}
        # Sides are rounded once anything is quantized: what is only pruned is the same with both.
        rounded = any(s.bits < 32 for s in self.layers.values())
        sides = (self.sides if rounded else SIDES[0]) if touched else "float32"
        return self._hash(touched, sides)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Those that its results may be stored under: its own, and what it once was.

        Settings that change nothing counted once, and so did how a number was written.
        """
        touched = {n: s.to_json() for n, s in self.layers.items() if s.touches}
        former = self._hash(touched, self.sides if touched else "float32")
        return tuple(dict.fromkeys((self.id, former)))

    def _hash(self, touched: dict[str, Any], sides: str) -> str:
        content: dict[str, Any] = {"layers": touched, "sides": sides}
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
        """Whether it changes no weight at all."""
        return not any(setting.touches for setting in self.layers.values())

    @property
    def rounds_sides(self) -> bool:
        """Whether biases and normalisation are rounded to two bytes."""
        return self.sides == "float16" and any(s.bits < 32 for s in self.layers.values())

    def to_json(self) -> dict[str, Any]:
        """All of it, as it is stored."""
        return {
            "layers": {name: setting.to_json() for name, setting in self.layers.items()},
            "method": self.method,
            "sides": self.sides,
            "recalibrate": self.recalibrate,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | str) -> Plan:
        """Raises ``LccError`` that names the layer and the key for what is no plan."""
        try:
            found: Any = parse_json(content) if isinstance(content, str) else content
            require(is_kind(found, dict), "plan", Shortened(found), "a table")
            named: Mapping[str, Any] = value_of(found, "layers", dict)
            require(len(named) <= MOST_LAYERS, "layers", len(named), f"{MOST_LAYERS} or fewer")
            return cls(
                {name: _setting(name, entry) for name, entry in named.items()},
                value_of(found, "method", str, MANUAL),
                value_of(found, "sides", str, "float16"),
                dict(value_of(found, "facts", dict, {})),
                value_of(found, "recalibrate", int, 0),
            )
        except ValueError as error:
            raise LccError(
                f"This is not a plan ({error}).", "A plan is the JSON that this program saves."
            ) from error


def _setting(name: str, entry: Any) -> LayerSetting:
    try:
        return LayerSetting.from_json(entry)
    except ValueError as error:
        raise BadValue(f"layer {Shortened(name)}: {error}") from error
