"""The noun ``Codes``: one layer's weights as small integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lcc_core.compression.quantizers import quantizer_of
from lcc_core.compression.quantizers.symmetric import SYMMETRIC


@dataclass(frozen=True, eq=False)
class Codes:
    """Integer ``codes`` int8 shaped like the weight; ``scale`` float32 (1,) or (out,).

    ``config``: the quantizer's, which says what they stand for.
    """

    codes: Tensor
    scale: Tensor
    bits: int
    config: Any = SYMMETRIC

    def dequantize(self) -> Tensor:
        """The weights they stand for, float32, shaped like the codes."""
        return quantizer_of(self.config).values(self.codes, self.scale, self.config)

    @property
    def coded_bits(self) -> float:
        """Entropy of the codes, in bits for all of them: what an ideal coder needs."""
        counts = torch.bincount(self.codes.flatten().int() + 128)
        p = counts[counts > 0].double() / self.codes.numel()
        return float(-(p * p.log2()).sum()) * self.codes.numel()
