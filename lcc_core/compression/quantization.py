"""Symmetric uniform quantization of one weight tensor; DESIGN §3."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lcc_core.compression.compact import compact_round
from lcc_core.compression.plan import LayerSetting
from lcc_core.errors import require

# Starting points of the least-squares search, as shares of the largest weight.
STARTS = {2: (0.35, 0.5, 0.65, 0.8), 3: (0.4, 0.55, 0.7, 0.85), 4: (0.4, 0.52, 0.65, 0.8)}
WIDE_STARTS = (0.65, 0.75, 0.85, 0.95)
ROUNDS = 3
SAMPLE = 512  # weights of a row that are enough to rank the starts


@dataclass(frozen=True, eq=False)
class Codes:
    """Integer ``codes`` int8 shaped like the weight; ``scale`` float32 (1,) or (out,)."""

    codes: Tensor
    scale: Tensor
    bits: int

    def dequantize(self) -> Tensor:
        """ŵ float32, shaped like the codes."""
        return self.codes.float().mul_(_column(self.scale, self.codes))

    @property
    def coded_bits(self) -> float:
        """Entropy of the codes, in bits for all of them: what an ideal coder needs."""
        counts = torch.bincount(self.codes.flatten().int() + 128)
        p = counts[counts > 0].double() / self.codes.numel()
        return float(-(p * p.log2()).sum()) * self.codes.numel()


def quantize(weight: Tensor, setting: LayerSetting, keep: Tensor | None = None) -> Codes:
    """Codes and scales of ``weight`` (out, …) at ``setting.bits`` < 32.

    Where ``keep`` is false the code is 0. At 1 bit the codes are ±1 (and 0 where pruned, now or in
    the float weights) and the scale is the mean magnitude of the kept weights, which is also their
    least squared error.
    """
    require(setting.bits < 32, "bits", setting.bits, "1…8: 32 bits are float")
    rows = (
        weight.detach()
        .float()
        .reshape((weight.shape[0], -1) if setting.granularity == "channel" else (1, -1))
    )
    if keep is not None:
        rows = rows * keep.reshape(rows.shape)
    if setting.bits == 1:
        scale, codes = _one_bit(rows)
    else:
        largest_code = 2 ** (setting.bits - 1) - 1
        scale = rows.abs().amax(1) / largest_code
        if setting.scale == "lse":
            scale = _least_squares(rows, scale, setting.bits, largest_code)
        scale = _storable(scale, setting)
        codes = _codes(rows, scale, largest_code)
    if setting.bits == 1:
        scale = _storable(scale, setting)
    return Codes(codes.to(torch.int8).reshape(weight.shape), scale, setting.bits)


def _storable(scale: Tensor, setting: LayerSetting) -> Tensor:
    """Per channel, scales are stored in two bytes; the papers' single one stays exact."""
    return compact_round(scale) if setting.granularity == "channel" else scale


def _one_bit(rows: Tensor) -> tuple[Tensor, Tensor]:
    """What is 0 was pruned and stays so: the layer is ternary."""
    kept = rows != 0
    scale = rows.abs().mean(1) if bool(kept.all()) else rows.abs().sum(1) / kept.sum(1).clamp(min=1)
    return scale, rows.sign()


def _column(scale: Tensor, like: Tensor) -> Tensor:
    return scale.view(-1, *([1] * (like.ndim - 1)))


def _codes(rows: Tensor, scale: Tensor, largest_code: int) -> Tensor:
    safe = torch.where(scale > 0, scale, 1.0)[:, None]
    return (rows / safe).round_().clamp_(-largest_code, largest_code)


def _least_squares(rows: Tensor, absmax: Tensor, bits: int, largest_code: int) -> Tensor:
    """The scale of least squared error a row, by alternating codes and best scale.

    The starts compete on a sample of long rows; the winner descends on all weights beside the
    absolute maximum, so the error is never above that of the papers' scale.
    """
    starts = [absmax * share for share in (1.0, *STARTS.get(bits, WIDE_STARTS))]
    if step := rows.shape[1] // SAMPLE:
        starts = [_descend(rows[:, ::step].contiguous(), starts, ROUNDS, largest_code)]
        return _descend(rows, [absmax, *starts], 2, largest_code)
    return _descend(rows, starts, ROUNDS, largest_code)


def _descend(rows: Tensor, starts: list[Tensor], rounds: int, largest_code: int) -> Tensor:
    """From each start: the best codes for the scale, then the best scale ⟨w,c⟩/⟨c,c⟩ for them."""
    best_gain, best = torch.full_like(starts[0], -1.0), starts[0].clone()
    for scale in starts:
        for _ in range(rounds):
            codes = _codes(rows, scale, largest_code)
            product = torch.linalg.vecdot(rows, codes)
            square = torch.linalg.vecdot(codes, codes)
            # With the best scale for these codes the error is Σw² − gain.
            scale = torch.where(square > 0, product / square.clamp(min=1), scale)
            gain = product * scale
            best = torch.where(gain > best_gain, scale, best)
            best_gain = torch.maximum(gain, best_gain)
    return best
