"""Checkpoint → plan → compressed model."""

from lcc_core.compression.apply import Compressed, apply
from lcc_core.compression.importance import LayerImportance, importance
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.quantization import Codes, quantize
from lcc_core.compression.uniform import uniform_plan

__all__ = [
    "Codes",
    "Compressed",
    "LayerImportance",
    "LayerSetting",
    "Plan",
    "apply",
    "importance",
    "quantize",
    "uniform_plan",
]
