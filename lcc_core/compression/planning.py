"""What a planner is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lcc_core.compression.quantizers.symmetric import SYMMETRIC

if TYPE_CHECKING:
    from torch import Tensor

    from lcc_core.compression.recalibration import Calibration
    from lcc_core.models import Classifier

BUDGET = 2 * 2**30


@dataclass(frozen=True, eq=False)
class PlanningInput:
    """What a planner works with.

    Args:
        model: the float model; it is not to be touched.
        tiles: uint8 (N, C, H, W), or float32 patches; what is chosen is chosen on them. None
            (N = 0) for planners that need no labels.
        labels: int64 (N,).
        quantizer: a config of a registered quantizer: how its layers are to be quantized.
        recalibrate: on how many training tiles its plan is to recalibrate; 0: not at all.
        calibration: those tiles, without labels.
        precision: ``"auto"``, ``"float32"`` or ``"bf16"``, of fast evaluations.
        budget: bytes of activations kept at most.
    """

    model: Classifier
    tiles: Tensor
    labels: Tensor
    quantizer: Any = SYMMETRIC
    recalibrate: int = 0
    calibration: Calibration | None = None
    precision: str = "auto"
    budget: int = BUDGET
