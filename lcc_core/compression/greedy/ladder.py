"""Settings of one layer by what they cost in the file, not by their bits.

A bit is no measure of bytes once codes are entropy coded: a coarse single scale leaves many zeros,
which cost little. The ladder holds, from few bytes to many, the settings of least squared error.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor

from lcc_core.compression.plan import LayerSetting
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.quantizers import SCALE_BITS, quantizer_of
from lcc_core.compression.quantizers.symmetric import SYMMETRIC

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
STEP = 1.15  # each rung takes at least so many times the bytes of the one below
SAMPLE = 2**17  # weights of a large layer that are looked at
WORST = 0.9  # of the squared weights: above it next to nothing is left of the layer


@torch.no_grad()
def ladder(weight: Tensor, quantizer: Any = SYMMETRIC) -> list[LayerSetting]:
    """Settings of a layer by rising coded size, each the best for its size.

    Args:
        weight: (out, …), float.
        quantizer: a config; all combinations of its scheme's bits and choices are looked at.
    """
    rows = weight.detach().float()
    if stride := rows.numel() // SAMPLE:
        rows = rows[:: min(stride + 1, len(rows))]
    limit = WORST * float(rows.square().sum())
    masks = {k: keep_mask(rows, k) if k else None for k in STRENGTHS}
    scheme = quantizer_of(quantizer)
    found = []
    for bits, k in product(scheme.widths, STRENGTHS):
        for config in scheme.variants(bits, quantizer):
            codes = scheme.quantize(rows, config, masks[k])
            error = float((codes.dequantize() - rows).square().sum())
            size = codes.coded_bits + codes.scale.numel() * SCALE_BITS[scheme.per_channel(config)]
            if error < limit:
                found.append((size, error, LayerSetting.of(config, bits, k)))
    return _thin(found)


def _thin(found: list[tuple[float, float, LayerSetting]]) -> list[LayerSetting]:
    front, least = [], float("inf")
    for size, error, setting in sorted(found, key=lambda one: one[:2]):
        if error < least:
            front.append((size, setting))
            least = error
    rungs: list[LayerSetting] = []
    above = float("inf")
    for size, setting in reversed(front):
        if size * STEP <= above:
            rungs.append(setting)
            above = size
    return rungs[::-1]
