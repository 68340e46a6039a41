"""Settings of one layer by what they cost in the file, not by their bits.

A bit is no measure of bytes once codes are entropy coded: a coarse single scale leaves many zeros,
which cost little. The ladder holds, from few bytes to many, the settings of least squared error.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from lcc_core.compression.plan import GRANULARITIES, SCALES, LayerSetting
from lcc_core.compression.pruning import keep_mask
from lcc_core.compression.quantization import quantize

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
STEP = 1.15  # each rung takes at least so many times the bytes of the one below
SAMPLE = 2**17  # weights of a large layer that are looked at
WORST = 0.9  # of the squared weights: above it next to nothing is left of the layer
SCALE_BITS = {"channel": 16, "tensor": 32}


@torch.no_grad()
def ladder(weight: Tensor) -> list[LayerSetting]:
    """Settings of ``weight`` (out, …) by rising coded size, each the best for its size."""
    rows = weight.detach().float()
    if stride := rows.numel() // SAMPLE:
        rows = rows[:: min(stride + 1, len(rows))]
    limit = WORST * float(rows.square().sum())
    masks = {k: keep_mask(rows, k) if k else None for k in STRENGTHS}
    found = []
    for bits, k, granularity, scale in product(range(1, 9), STRENGTHS, GRANULARITIES, SCALES):
        if bits == 1 and scale != SCALES[0]:
            continue  # one bit has one scale only
        setting = LayerSetting(bits, k, granularity, scale)
        codes = quantize(rows, setting, masks[k])
        error = float((codes.dequantize() - rows).square().sum())
        size = codes.coded_bits + codes.scale.numel() * SCALE_BITS[granularity]
        if error < limit:
            found.append((size, error, setting))
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
