"""Named bundles of a quantizer's settings with recalibration. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lcc_core.compression.plan import TILES, LayerSetting, Plan
from lcc_core.compression.quantizers import DEFAULT, QUANTIZERS
from lcc_core.compression.quantizers.symmetric import LARGEST, TENSOR, Symmetric
from lcc_core.errors import LccError
from lcc_core.plaintext import visible
from lcc_core.settings import config_from, settings_json


@dataclass(frozen=True)
class Preset:
    """How to quantize, by one name.

    Args:
        name: as commands, pages and studies call it.
        summary: one sentence for someone who does not know it.
        quantizer: a config of a registered quantizer.
        recalibrate: on how many training tiles norms and biases are corrected; 0: not at all.
    """

    name: str
    summary: str
    quantizer: Any
    recalibrate: int = TILES

    @property
    def how(self) -> dict[str, Any]:
        """As arguments of what makes plans."""
        return {"quantizer": self.quantizer, "recalibrate": self.recalibrate}

    def with_settings(self, changes: Mapping[str, Any]) -> Any:
        """Its quantizer with other settings. Raises ``LccError`` for those it does not have."""
        values = settings_json(self.quantizer) | dict(changes)
        return config_from(type(self.quantizer), values, f"quantizer {self.name}")

    def made(self, plan: Plan) -> bool:
        """Whether every layer of a plan has just these settings."""
        mine = LayerSetting.of(self.quantizer, self.quantizer.bits)
        alike = [replace(mine, bits=s.bits, prune_k=s.prune_k) == s for s in plan.layers.values()]
        return bool(alike) and all(alike)


OWN, PAPERS = "own", "papers"
_NAMED = (
    Preset(
        OWN,
        "a scale of least squared error for each channel; norms and biases are corrected on "
        "training tiles",
        Symmetric(),
    ),
    Preset(
        PAPERS,
        "as in the papers: one scale for a layer, from its largest weight; nothing is corrected",
        Symmetric(granularity=TENSOR, scale=LARGEST),
        recalibrate=0,
    ),
)


def presets() -> dict[str, Preset]:
    """All by name: those with a name of their own, and each other quantizer as it is."""
    others = (one for one in QUANTIZERS if one.name != DEFAULT)
    plain = (Preset(one.name, one.summary, one.config()) for one in others)
    return {one.name: one for one in (*_NAMED, *plain)}


def preset(name: str) -> Preset:
    """The preset of that name. Raises ``LccError`` naming those there are."""
    known = presets()
    if name not in known:
        raise LccError(
            f"There is no quantizer {visible(name)!r}.", f"Known are: {', '.join(known)}."
        )
    return known[name]
