"""Importance, pruning, quantization and the ladder in plain numpy, from DESIGN §3 alone.

The oracle's own arithmetic: nothing here comes from ``lcc_core``, so that a fault there cannot hide
in what it is checked against. Weights are float32 arrays (out, …), figures float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


def sigma(weight: np.ndarray) -> float:
    """Of all weights of the layer, over n, not n − 1."""
    values = weight.astype(np.float64).ravel()
    return math.sqrt(float(((values - values.mean()) ** 2).sum()) / len(values))


def kept(weight: np.ndarray, k: float) -> np.ndarray:
    """True where a weight stays: |w| ≥ k·σ."""
    return np.abs(weight) >= np.float32(k) * np.float32(sigma(weight))


def entropy_bits(codes: np.ndarray) -> float:
    """Bits a code that an ideal coder needs."""
    counts: dict[int, int] = {}
    for code in codes.ravel().tolist():
        counts[int(code)] = counts.get(int(code), 0) + 1
    return -sum(n / codes.size * math.log2(n / codes.size) for n in counts.values())


def layer_importance(
    weights: dict[str, np.ndarray],
    w_share: float,
    w_variance: float,
    w_entropy: float = 0.0,
    w_sparsity: float = 0.0,
    plus_variance: bool = False,
) -> tuple[dict[str, float], dict[str, float]]:
    """Share and importance I(l) of every layer."""
    total = sum(weight.size for weight in weights.values())
    variances = {name: sigma(weight) ** 2 for name, weight in weights.items()}
    largest = max(variances.values())
    shares, values = {}, {}
    for name, weight in weights.items():
        shares[name] = weight.size / total
        n_v = math.log(math.e - 1 + variances[name] / largest)
        value = w_share * shares[name] + w_variance * (n_v if plus_variance else 1 - n_v)
        if w_entropy:
            counts, _ = np.histogram(weight, 256, (float(weight.min()), float(weight.max())))
            p = counts[counts > 0] / weight.size
            value += w_entropy * float(-(p * np.log2(p)).sum()) / 8
        values[name] = value + w_sparsity * float((weight == 0).mean())
    return shares, values


@dataclass(frozen=True)
class PlainCodes:
    codes: np.ndarray  # like the weight
    scale: np.ndarray  # (rows,)

    @property
    def bits(self) -> float:
        """Of all codes together, coded ideally."""
        return entropy_bits(self.codes) * self.codes.size

    def error(self, weight: np.ndarray) -> float:
        rows = self.codes.reshape(len(self.scale), -1) * self.scale[:, None].astype(np.float64)
        return float(((rows - weight.reshape(rows.shape)) ** 2).sum())


def two_bytes(scale: np.ndarray) -> np.ndarray:
    """The nearest value that two bytes and one exponent for all hold."""
    largest = float(np.abs(scale).max())
    if largest == 0:
        return scale
    power = np.float32(2.0 ** math.ceil(math.log2(largest)))
    return (scale / power).astype(np.float16).astype(np.float32) * power


def quantized(
    weight: np.ndarray, bits: int, per_channel: bool, least_squares: bool, keep: np.ndarray
) -> PlainCodes:
    """Symmetric codes, one scale a layer or one an output channel."""
    rows = (weight * keep).reshape(len(weight) if per_channel else 1, -1).astype(np.float32)
    stay = keep.reshape(rows.shape)
    if bits == 1:
        scale = (np.abs(rows).sum(1) / np.maximum(stay.sum(1), 1)).astype(np.float32)
        codes = np.where(rows < 0, -1, 1) * stay
    else:
        q = 2 ** (bits - 1) - 1
        widest = (np.abs(rows).max(1) / np.float32(q)).astype(np.float32)
        scale = fitted(rows, widest, bits, q) if least_squares else widest
        scale = two_bytes(scale) if per_channel else scale
        codes = rounded(rows, scale, q)
    if bits == 1 and per_channel:
        scale = two_bytes(scale)
    return PlainCodes(codes.reshape(weight.shape), scale)


def rounded(rows: np.ndarray, scale: np.ndarray, q: int) -> np.ndarray:
    safe = np.where(scale > 0, scale, np.float32(1))
    return np.clip(np.rint(rows / safe[:, None]), -q, q).astype(np.int64)


def fitted(rows: np.ndarray, widest: np.ndarray, bits: int, q: int) -> np.ndarray:
    """Scales of small squared error: from several shares of the widest, codes and the best scale
    for them in turn. Long rows rank the starts on a part of their weights."""
    shares = {2: (0.35, 0.5, 0.65, 0.8), 3: (0.4, 0.55, 0.7, 0.85), 4: (0.4, 0.52, 0.65, 0.8)}
    starts = [widest * np.float32(s) for s in (1.0, *shares.get(bits, (0.65, 0.75, 0.85, 0.95)))]
    if step := rows.shape[1] // 512:
        best = descended(rows[:, ::step], starts, 3, q)
        return descended(rows, [widest, best], 2, q)
    return descended(rows, starts, 3, q)


def descended(rows: np.ndarray, starts: list[np.ndarray], rounds: int, q: int) -> np.ndarray:
    """Row by row the scale of largest ⟨w, c⟩² / ⟨c, c⟩: the squared weights it accounts for."""
    found = []
    for place, row in enumerate(rows.astype(np.float64)):
        gained, best = -1.0, float(starts[0][place])
        for start in starts:
            scale = float(start[place])
            for _ in range(rounds):
                codes = rounded(row[None], np.array([scale]), q)[0]
                square = float((codes * codes).sum())
                if square > 0:
                    scale = float((row * codes).sum()) / square
                gain = float((row * codes).sum()) * scale
                if gain > gained + 1e-12:
                    gained, best = gain, scale
        found.append(best)
    return np.array(found, np.float32)


@dataclass(frozen=True)
class Rung:
    bits: int
    k: float
    per_channel: bool
    least_squares: bool


def cost(weight: np.ndarray, rung: Rung) -> tuple[float, float]:
    """Coded bits with the scales, and squared error."""
    keep = kept(weight, rung.k) if rung.k else np.ones(weight.shape, bool)
    made = quantized(weight, rung.bits, rung.per_channel, rung.least_squares, keep)
    size = made.bits + len(made.scale) * (16 if rung.per_channel else 32)
    return size, made.error(weight)


def rungs(weight: np.ndarray) -> list[Rung]:
    """Settings by rising coded size, each of least error for its size and 15 % above the last."""
    limit = 0.9 * float((weight.astype(np.float64) ** 2).sum())
    found = []
    for bits in range(1, 9):
        for k in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5):
            for per_channel in (True, False):
                for least_squares in (True,) if bits == 1 else (True, False):
                    rung = Rung(bits, k, per_channel, least_squares)
                    size, error = cost(weight, rung)
                    if error < limit:
                        found.append((size, error, rung))
    front, least = [], math.inf
    for size, error, rung in sorted(found, key=lambda one: one[:2]):
        if error < least:
            front.append((size, rung))
            least = error
    result, above = [], math.inf
    for size, rung in reversed(front):
        if size * 1.15 <= above:
            result.append(rung)
            above = size
    return result[::-1]
