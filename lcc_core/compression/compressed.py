"""The noun ``Compressed``: a model with a plan applied."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from lcc_core.compression.codes import Codes
from lcc_core.compression.compact import fold_statistics, round_sides
from lcc_core.compression.plan import LayerSetting, Plan
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.recalibration import Calibration, float_means, recalibrate
from lcc_core.errors import LccError
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import (
    Classifier,
    compressible_layers,
    first_not_finite,
    weight_of,
)


@dataclass(frozen=True, eq=False)
class Compressed:
    """A compressed ``model`` with the ``codes`` of its quantized layers.

    ``sparsity`` is the share of exact zeros of every compressible layer. ``pruned``: how many of
    its weights were masked, by the plan or before it: a weight that is exactly 0 in the float
    checkpoint was pruned in its training. Zeros that rounding made are not among them. ``None``
    where nobody wrote it down. ``recalibration_s`` is what recalibration took, on ``recalibrated``
    tiles.
    """

    model: Classifier
    plan: Plan
    codes: dict[str, Codes]
    sparsity: dict[str, float]
    pruned: dict[str, int] | None = None
    recalibrated: int = 0
    recalibration_s: float = 0.0


@torch.no_grad()
def apply(
    model: Classifier,
    plan: Plan,
    calibration: Calibration | None = None,
    hooks: Hooks = QUIET,
) -> Compressed:
    """Compress a copy of ``model``; the original is never touched.

    ``calibration`` is needed by plans that recalibrate. Raises ``LccError`` when the plan names
    layers the model does not have, or calibration tiles are missing; ``Cancelled`` once
    ``hooks`` say so.
    """
    layers = compressible_layers(model)
    unknown = set(plan.layers) - {layer.name for layer in layers}
    if unknown:
        raise LccError(
            f"The plan is for another model: {model.spec.arch} has no layer "
            f"{sorted(unknown)[0]!r}.",
            "Make a new plan for this checkpoint.",
        )
    if plan.recalibrate and calibration is None and not plan.is_float:
        raise LccError(
            f"The plan recalibrates on {plan.recalibrate} training tiles, and none are at hand.",
            "Apply it where the checkpoint's data set is stored.",
        )
    if bad := first_not_finite(model.net.state_dict()):
        raise LccError(f"The weights of {bad!r} are not finite.", "Train the model again.")
    result = copy.deepcopy(model).eval()
    codes: dict[str, Codes] = {}
    pruned = {layer.name: int((weight_of(result, layer.name) == 0).sum()) for layer in layers}
    for name, setting in plan.layers.items():
        if setting.touches:
            hooks.check()
            weight = weight_of(result, name)
            pruned[name] = masked(weight, setting.prune_k)
            values, layer_codes = layer_weight(weight, setting)
            weight.copy_(values)
            if layer_codes is not None:
                codes[name] = layer_codes
    began, recalibrated = time.perf_counter(), 0
    if plan.recalibrate and calibration is not None and not plan.is_float:
        float_means(model, calibration)
        recalibrate(result, calibration, hooks=hooks)
        recalibrated = len(calibration.tiles)
    seconds = round(time.perf_counter() - began, 3)
    if plan.rounds_sides:
        fold_statistics(result.net)
        round_sides(result.net, {layer.name for layer in layers})
    sparsity = {layer.name: zeros(weight_of(result, layer.name)) for layer in layers}
    return Compressed(
        result, plan, codes, sparsity, pruned, recalibrated, seconds if recalibrated else 0.0
    )


def zeros(weight: Tensor) -> float:
    """The share of a weight tensor that is exactly 0."""
    return int((weight == 0).sum()) / weight.numel()


@torch.no_grad()
def masked(weight: Tensor, k: float) -> int:
    """How many weights of a layer are pruned at ``k``, with those that were pruned before."""
    gone = weight == 0
    return int((gone | ~keep_mask(weight, k)).sum() if k else gone.sum())


@torch.no_grad()
def layer_weight(weight: Tensor, setting: LayerSetting) -> tuple[Tensor, Codes | None]:
    """What ``setting`` makes of a layer's float weight, and its codes where it is quantized."""
    keep = keep_mask(weight, setting.prune_k) if setting.prune_k else None
    if setting.bits < 32:
        codes = setting.scheme.quantize(weight, setting.config, keep)
        return codes.dequantize(), codes
    return weight if keep is None else weight * keep, None
