"""The plainest planner: one setting for every layer."""

from __future__ import annotations

from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.models import Classifier, compressible_layers
from lcc_core.models.layers import DEPTHWISE

SPARED_BITS = 8


def setting_title(bits: int, k: float) -> str:
    """``float``, ``4 bits``, ``4 bits, k = 0.5``; one bit and pruned is ``ternary, k = 0.5``."""
    title = "float" if bits == 32 else f"{bits} bits"
    if not k:
        return title
    return f"{'ternary' if bits == 1 else title}, k = {k:g}"


def uniform_plan(
    model: Classifier,
    bits: int = 32,
    k: float = 0.0,
    granularity: str = "channel",
    scale: str = "lse",
    recalibrate: int = 0,
    spare_depthwise: bool | None = None,
) -> Plan:
    """Fixed bits and fixed k on all compressible layers.

    Depthwise layers are few weights that matter much: spared, they keep 8 bits or more and are not
    pruned. That is the default but for one scale a layer, the papers' quantizer.
    """
    spare = granularity == "channel" if spare_depthwise is None else spare_depthwise
    setting = LayerSetting(bits, float(k), granularity, scale)
    spared = LayerSetting(max(bits, SPARED_BITS), 0.0, granularity, scale)
    facts = {"bits": bits, "k": float(k), "granularity": granularity, "scale": scale}
    return Plan(
        {
            layer.name: spared if spare and layer.kind.startswith(DEPTHWISE) else setting
            for layer in compressible_layers(model)
        },
        method="fixed",
        facts=facts | {"spare_depthwise": spare},
        recalibrate=recalibrate,
    )
