"""What a greedy search may try of a layer next, boldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from lcc_core.compression.compressed import layer_weight
from lcc_core.compression.greedy.ladder import ladder
from lcc_core.compression.plan import LayerSetting
from lcc_core.compression.quantizers import quantizer_of

STEPS_K = tuple(step / 4 for step in range(1, 13))  # 0.25 … 3
# (a layer's float weight, its setting so far, the quantizer's config) → settings to try
Candidates = Callable[[Tensor, LayerSetting, Any], Iterator[LayerSetting]]


def fewer_bits(_weight: Tensor, now: LayerSetting, quantizer: Any) -> Iterator[LayerSetting]:
    """One bit, two, … below those it has."""
    for bits in quantizer_of(quantizer).widths:
        if bits < now.bits:
            yield LayerSetting.of(quantizer, bits)


def stronger_pruning(weight: Tensor, now: LayerSetting, quantizer: Any) -> Iterator[LayerSetting]:
    """The strongest pruning first, at the bits it has; only what takes fewer bytes."""
    for k in reversed(STEPS_K):
        setting = LayerSetting.of(quantizer, now.bits, k)
        if _saves(weight, setting):
            yield setting


def smaller(weight: Tensor, _now: LayerSetting, quantizer: Any) -> Iterator[LayerSetting]:
    """Settings by rising bytes, each the best of its size."""
    yield from ladder(weight, quantizer)


def _saves(weight: Tensor, setting: LayerSetting) -> bool:
    """Whether a pruned layer takes fewer bytes: zeros among one-bit codes can cost more."""
    pruned = layer_weight(weight, setting)[1]
    dense = layer_weight(weight, LayerSetting.of(setting.config, setting.bits))[1]
    return pruned is None or dense is None or pruned.coded_bits < dense.coded_bits
