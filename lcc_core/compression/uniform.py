"""The plainest planner: one setting for every layer."""

from __future__ import annotations

from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.models import Classifier, compressible_layers


def uniform_plan(
    model: Classifier,
    bits: int = 32,
    k: float = 0.0,
    granularity: str = "channel",
    scale: str = "lse",
    recalibrate: int = 0,
) -> Plan:
    """Fixed bits and fixed k on all compressible layers."""
    setting = LayerSetting(bits, float(k), granularity, scale)
    return Plan(
        {layer.name: setting for layer in compressible_layers(model)},
        method="fixed",
        facts={"bits": bits, "k": float(k), "granularity": granularity, "scale": scale},
        recalibrate=recalibrate,
    )
