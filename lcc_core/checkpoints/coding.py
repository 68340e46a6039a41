"""Entropy coding of integer codes: zeros and skewed histograms cost what they are worth.

Every layer takes the cheapest of three: plain bit packing, an ANS stream with its own histogram
(one byte a symbol), or an ANS stream with a two-byte bell curve, which suits layers so small that
a histogram would cost more than it saves.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

import constriction
import numpy as np

from lcc_core.errors import CheckpointError, require

RAW, HISTOGRAM, BELL = 0, 1, 2
PIECE = 2**18  # codes that are decoded at once: what that takes beside them stays small
STEPS = 12  # histogram steps an octave: a frequency is off by 3 % at most, which costs nothing
# Written out, not computed: the decoder must meet the same numbers on every machine.
OCTAVE = np.array(
    [65536, 61858, 58386, 55109, 52016, 49097, 46341, 43740, 41285, 38968, 36781, 34716], np.int64
)
ABSENT = 255
SHAPES = (0.7, 1.0, 1.5, 2.0, 3.0)  # exponents of the bell curve exp(−|x/s|^shape)
WIDTH_STEPS = 8  # widths an octave


@dataclass(frozen=True)
class Stream:
    """One coded layer: ``mode``, its ``table`` and the coded ``data``; ``check`` is a CRC-32."""

    mode: int
    table: bytes
    data: bytes
    check: int

    def __len__(self) -> int:
        return len(self.table) + len(self.data)


def encode(codes: np.ndarray, bits: int) -> Stream:
    """Code a flat int8 array whose values lie within ``bits`` bits (1 bit: −1, 1; 0 if pruned)."""
    codes = np.ascontiguousarray(codes, np.int8).ravel()
    reach = _reach(bits)
    farthest = int(np.abs(codes.astype(np.int16)).max(initial=0))
    require(farthest <= reach, "codes", farthest, f"within ±{reach} at {bits} bits")
    counts = np.bincount(codes.astype(np.int16) + reach, minlength=2 * reach + 1)
    check = zlib.crc32(codes.tobytes())
    candidates = [(HISTOGRAM, _histogram_table(counts)), (BELL, _best_bell(counts))]
    costs = [
        len(table) + _expected_bytes(counts, _probabilities(mode, table, reach))
        for mode, table in candidates
    ]
    width = _raw_width(bits, bool(counts[reach]))
    raw_cost = 1 + (len(codes) * width + 7) // 8
    best = int(np.argmin(costs))
    if raw_cost <= costs[best]:
        return Stream(RAW, bytes([width]), _pack_bits(codes, bits, width), check)
    mode, table = candidates[best]
    coder = constriction.stream.stack.AnsCoder()
    model = _model(_probabilities(mode, table, reach))
    coder.encode_reverse(codes.astype(np.int32) + reach, model)
    data = coder.get_compressed().astype("<u4").tobytes()
    return Stream(mode, table, data, check)


def decode(stream: Stream, count: int, bits: int) -> np.ndarray:
    """The int8 codes of :func:`encode`. ``CheckpointError`` for a stream that is not one."""
    damaged = CheckpointError("A layer's codes are damaged.", "Get the file again.")
    reach = _reach(bits)
    if stream.mode == RAW:
        codes = _unpack_bits(stream, count, bits)
    elif stream.mode in (HISTOGRAM, BELL):
        if len(stream.data) % 4 or len(stream.data) > 8 * count + 64:
            raise damaged
        try:
            model = _model(_probabilities(stream.mode, stream.table, reach))
            words = np.frombuffer(stream.data, "<u4").astype(np.uint32)
            coder = constriction.stream.stack.AnsCoder(words)
            codes = np.empty(count, np.int8)
            for start in range(0, count, PIECE):
                piece = coder.decode(model, min(PIECE, count - start))
                codes[start : start + PIECE] = piece - reach
            if not coder.is_empty():  # words that no code was made of
                raise damaged
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the coder is no Exception
            raise damaged from error
    else:
        raise damaged
    if zlib.crc32(codes) != stream.check:
        raise damaged
    return codes


def entropy_bytes(codes: np.ndarray) -> float:
    """Empirical entropy of the codes in bytes: the least any static coder can need."""
    counts = np.unique(np.asarray(codes).ravel(), return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum() / 8)


def _reach(bits: int) -> int:
    return max(1, 2 ** (bits - 1) - 1)


# Bit packing


def _raw_width(bits: int, zeros: bool) -> int:
    return bits if bits > 1 or not zeros else 2


def _pack_bits(codes: np.ndarray, bits: int, width: int) -> bytes:
    symbols = (codes > 0) if width == 1 else codes.astype(np.int16) + _reach(bits)
    shifts = np.arange(width - 1, -1, -1)
    return np.packbits((symbols[:, None].astype(np.uint8) >> shifts) & 1).tobytes()


def _unpack_bits(stream: Stream, count: int, bits: int) -> np.ndarray:
    width = stream.table[0] if len(stream.table) == 1 else 0
    if width not in (bits, 2) or len(stream.data) != (count * width + 7) // 8:
        raise CheckpointError("A layer's codes are damaged.", "Get the file again.")
    data = np.frombuffer(stream.data, np.uint8)
    places = (1 << np.arange(width - 1, -1, -1)).astype(np.uint8)
    codes = np.empty(count, np.int8)
    for start in range(0, count, PIECE):
        size = min(PIECE, count - start)
        first = start * width // 8  # PIECE is a multiple of 8
        flags = np.unpackbits(data[first:], count=size * width).reshape(size, width)
        symbols = (flags @ places).astype(np.int16)
        codes[start : start + size] = symbols * 2 - 1 if width == 1 else symbols - _reach(bits)
    return codes


# Probabilities


def _model(probabilities: np.ndarray) -> constriction.stream.model.Categorical:
    return constriction.stream.model.Categorical(probabilities, perfect=False)


def _histogram_table(counts: np.ndarray) -> bytes:
    """First symbol, then −12·log₂ of each frequency relative to the largest, a byte each."""
    present = np.flatnonzero(counts)
    first, last = int(present[0]), int(present[-1])
    with np.errstate(divide="ignore"):
        steps = np.round(-STEPS * np.log2(counts[first : last + 1] / counts.max()))
    steps = np.where(counts[first : last + 1] > 0, np.minimum(steps, ABSENT - 1), ABSENT)
    plain = bytes([first]) + steps.astype(np.uint8).tobytes()
    return plain


@cache
def _bell(reach: int, shape: int, width: int) -> np.ndarray:
    scale = reach * 2.0 ** (-width / WIDTH_STEPS) * 2
    x = np.abs(np.arange(-reach, reach + 1)) / scale
    return np.maximum(1, np.round(65536 * np.exp(-(x ** SHAPES[shape])))).astype(np.int64)


def _best_bell(counts: np.ndarray) -> bytes:
    reach = len(counts) // 2
    costs = {
        (shape, width): _expected_bytes(counts, _normalised(_bell(reach, shape, width)))
        for shape in range(len(SHAPES))
        for width in range(0, 8 * WIDTH_STEPS, 1 if reach > 1 else 2)
    }
    return bytes(min(costs, key=costs.__getitem__))


def _probabilities(mode: int, table: bytes, reach: int) -> np.ndarray:
    if mode == BELL:
        if len(table) != 2 or table[0] >= len(SHAPES):
            raise CheckpointError("A layer's code table is damaged.", "Get the file again.")
        return _normalised(_bell(reach, table[0], table[1]))
    frequencies = np.zeros(2 * reach + 1, np.int64)
    steps = np.frombuffer(table, np.uint8)[1:].astype(np.int64)
    if not 1 <= len(steps) <= len(frequencies) - table[0]:
        raise CheckpointError("A layer's code table is damaged.", "Get the file again.")
    values = np.maximum(1, (OCTAVE[steps % STEPS] << 8) >> (steps // STEPS))
    frequencies[table[0] : table[0] + len(steps)] = np.where(steps == ABSENT, 0, values)
    return _normalised(frequencies)


def _normalised(frequencies: np.ndarray) -> np.ndarray:
    return frequencies / max(int(frequencies.sum()), 1)


def _expected_bytes(counts: np.ndarray, probabilities: np.ndarray) -> float:
    present = counts > 0
    # The coder works in steps of 2⁻²⁴ and rounds its state up to whole words.
    floor = np.maximum(probabilities[present], 2.0**-24)
    return float(-(counts[present] * np.log2(floor)).sum() / 8) + 6
