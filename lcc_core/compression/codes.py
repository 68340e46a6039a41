"""The noun ``Codes``: one layer's weights as small integers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lcc_core.compression.quantizers import DEFAULT, QUANTIZERS


@dataclass(frozen=True, eq=False)
class Codes:
    """Integer ``codes`` int8 shaped like the weight; ``scale`` float32 (1,) or (out,).

    ``quantizer``: the scheme that says what they stand for.
    """

    codes: Tensor
    scale: Tensor
    bits: int
    quantizer: str = DEFAULT

    def dequantize(self) -> Tensor:
        """The weights they stand for, float32, shaped like the codes."""
        return QUANTIZERS[self.quantizer].values(self.codes, self.scale)

    @property
    def coded_bits(self) -> float:
        """Entropy of the codes, in bits for all of them: what an ideal coder needs."""
        counts = torch.bincount(self.codes.flatten().int() + 128)
        p = counts[counts > 0].double() / self.codes.numel()
        return float(-(p * p.log2()).sum()) * self.codes.numel()
