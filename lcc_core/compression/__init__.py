"""Checkpoint → plan → compressed model."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcc_core.compression.codes import Codes
    from lcc_core.compression.compressed import Compressed, apply
    from lcc_core.compression.importance_weights import ImportanceWeights
    from lcc_core.compression.layer_importance import LayerImportance, importance
    from lcc_core.compression.plan import LayerSetting, Plan
    from lcc_core.compression.quantizers import QUANTIZERS, Quantizer
    from lcc_core.compression.uniform import uniform_plan

__all__ = [
    "QUANTIZERS",
    "Codes",
    "Compressed",
    "ImportanceWeights",
    "LayerImportance",
    "LayerSetting",
    "Plan",
    "Quantizer",
    "apply",
    "importance",
    "uniform_plan",
]
_PLACES = {
    "compressed": ("Compressed", "apply"),
    "codes": ("Codes",),
    "importance_weights": ("ImportanceWeights",),
    "layer_importance": ("LayerImportance", "importance"),
    "plan": ("LayerSetting", "Plan"),
    "quantizers": ("QUANTIZERS", "Quantizer"),
    "uniform": ("uniform_plan",),
}


def __getattr__(name: str) -> Any:
    # Applying a plan loads torch; a command line that lists quantizers does not wait for it.
    for module, names in _PLACES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
