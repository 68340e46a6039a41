"""Plan → compressed model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from lcc_core.compression.compact import fold_statistics, round_sides
from lcc_core.compression.plan import Plan
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.quantization import Codes, quantize
from lcc_core.errors import LccError
from lcc_core.models import Classifier, compressible_layers, weight_of


@dataclass(frozen=True, eq=False)
class Compressed:
    """A compressed ``model`` with the ``codes`` of its quantized layers.

    ``sparsity`` is the share of exact zeros of every compressible layer.
    """

    model: Classifier
    plan: Plan
    codes: dict[str, Codes]
    sparsity: dict[str, float]


@torch.no_grad()
def apply(
    model: Classifier, plan: Plan, recalibrate: Callable[[Classifier], None] | None = None
) -> Compressed:
    """Compress a copy of ``model``; the original is never touched.

    ``recalibrate`` gets the copy after its weights are replaced and before normalisation is
    rounded. Raises ``LccError`` when the plan names layers the model does not have.
    """
    layers = compressible_layers(model)
    unknown = set(plan.layers) - {layer.name for layer in layers}
    if unknown:
        raise LccError(
            f"The plan is for another model: {model.spec.arch} has no layer "
            f"{sorted(unknown)[0]!r}.",
            "Make a new plan for this checkpoint.",
        )
    result = copy.deepcopy(model).eval()
    codes: dict[str, Codes] = {}
    for name, setting in plan.layers.items():
        if not setting.touches:
            continue
        weight = weight_of(result, name)
        keep = keep_mask(weight, setting.prune_k) if setting.prune_k else None
        if setting.bits < 32:
            codes[name] = quantize(weight, setting, keep)
            weight.copy_(codes[name].dequantize())
        elif keep is not None:
            weight.mul_(keep)
    if recalibrate is not None:
        recalibrate(result)
    if codes and plan.sides == "float16":
        fold_statistics(result.net)
        round_sides(result.net, {layer.name for layer in layers})
    sparsity = {
        layer.name: float((weight_of(result, layer.name) == 0).float().mean()) for layer in layers
    }
    return Compressed(result, plan, codes, sparsity)
