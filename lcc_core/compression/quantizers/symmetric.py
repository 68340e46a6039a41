"""Symmetric uniform quantization of one weight tensor; DESIGN §3."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lcc_core.compression.quantizers import DEFAULT, QUANTIZERS, Quantizer
from lcc_core.settings import check_settings, setting

if TYPE_CHECKING:
    from torch import Tensor

    from lcc_core.compression.codes import Codes

CHANNEL, TENSOR = "channel", "tensor"
LEAST_SQUARES, LARGEST = "lse", "absmax"
# Starting points of the least-squares search, as shares of the largest weight.
STARTS = {2: (0.35, 0.5, 0.65, 0.8), 3: (0.4, 0.55, 0.7, 0.85), 4: (0.4, 0.52, 0.65, 0.8)}
WIDE_STARTS = (0.65, 0.75, 0.85, 0.95)
ROUNDS = 3
SAMPLE = 512  # weights of a row that are enough to rank the starts


@dataclass(frozen=True)
class Symmetric:
    """Codes −q…q with q = 2^(bits−1) − 1, and a scale for each channel or for the layer."""

    bits: int = setting(8, "Bits", "Bits for each weight", low=1, high=8, step=1)
    granularity: str = setting(
        CHANNEL,
        "Scales per",
        "One scale for each output channel, or one for the whole layer as in the papers",
        choices=(CHANNEL, TENSOR),
        metavar="G",
    )
    scale: str = setting(
        LEAST_SQUARES,
        "Scale by",
        "Scale of least squared error, or from the largest weight as in the papers; at 1 bit both "
        "are the mean magnitude",
        choices=(LEAST_SQUARES, LARGEST),
        metavar="S",
    )

    def __post_init__(self) -> None:
        check_settings(self)


SYMMETRIC = Symmetric()


def quantize(weight: Tensor, config: Symmetric, keep: Tensor | None = None) -> Codes:
    """Quantize a weight tensor.

    Args:
        weight: (out, …) of any float kind.
        config: bits, granularity and scale.
        keep: bool, shaped like the weight; where it is false the code is 0.

    Returns:
        Codes and scales. At 1 bit the codes are ±1 (and 0 where pruned, now or in the float
        weights) and the scale is the mean magnitude of the kept weights, which is also their
        least squared error.
    """
    import torch

    from lcc_core.compression.codes import Codes

    rows = weight.detach().float()
    rows = rows.reshape((weight.shape[0], -1) if per_channel(config) else (1, -1))
    if keep is not None:
        rows = rows * keep.reshape(rows.shape)
    if config.bits == 1:
        scale, codes = _one_bit(rows)
        scale = _storable(scale, config)
    else:
        largest_code = 2 ** (config.bits - 1) - 1
        scale = rows.abs().amax(1) / largest_code
        if config.scale == LEAST_SQUARES:
            scale = _least_squares(rows, scale, config.bits, largest_code)
        scale = _storable(scale, config)
        codes = _codes(rows, scale, largest_code)
    return Codes(codes.to(torch.int8).reshape(weight.shape), scale, config.bits, config)


def _storable(scale: Tensor, config: Symmetric) -> Tensor:
    """Per channel, scales are stored in two bytes; the papers' single one stays exact."""
    from lcc_core.compression.compact import compact_round

    return compact_round(scale) if per_channel(config) else scale


def _one_bit(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Scales and signs. What is 0 was pruned and stays so: the layer is ternary."""
    kept = rows != 0
    scale = rows.abs().mean(1) if bool(kept.all()) else rows.abs().sum(1) / kept.sum(1).clamp(min=1)
    return scale, rows.sign()


def _codes(rows: Tensor, scale: Tensor, largest_code: int) -> Tensor:
    import torch

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
    import torch

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


def per_channel(config: Symmetric) -> bool:
    """Tell whether each output channel has a scale of its own."""
    return config.granularity == CHANNEL


def plain(config: Symmetric) -> Symmetric:
    """One bit has one scale only: the mean magnitude."""
    return replace(config, scale=LEAST_SQUARES) if config.bits == 1 else config


QUANTIZERS.register(
    Quantizer(
        DEFAULT,
        "uniform steps on both sides of zero",
        Symmetric,
        quantize,
        per_channel=per_channel,
        plain=plain,
        always=("granularity", "scale"),
    )
)
