"""How much each layer matters; DESIGN §3, after the adaptive bit-width paper."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lcc_core.compression.importance_weights import EQUAL, ImportanceWeights
from lcc_core.models import Classifier, compressible_layers, weight_of


@dataclass(frozen=True)
class LayerImportance:
    """One layer: share N_P, variance N_V, histogram entropy H and sparsity S, importance I."""

    name: str
    weights: int
    share: float
    variance: float
    entropy: float
    sparsity: float
    importance: float


def importance(model: Classifier, weights: ImportanceWeights = EQUAL) -> list[LayerImportance]:
    """I(l) of every compressible layer, in graph order.

    Args:
        model: its float weights are looked at.
        weights: of the terms: I = w_P·N_P + w_V·(1 − N_V) + w_E·H + w_S·S. ``plus_variance``
            takes + N_V in place of 1 − N_V.
    """
    layers = compressible_layers(model)
    tensors = [weight_of(model, layer.name).detach().float() for layer in layers]
    total = sum(layer.weights for layer in layers)
    variances = [float(weight.var(correction=0)) for weight in tensors]
    largest = max(variances) or 1.0
    rows = []
    for layer, weight, variance in zip(layers, tensors, variances, strict=True):
        share = layer.weights / total
        normal = math.log(math.e - 1 + variance / largest)
        entropy, sparsity = histogram_entropy(weight), float((weight == 0).float().mean())
        spread = normal if weights.plus_variance else 1 - normal
        value = weights.w_share * share + weights.w_variance * spread
        value += weights.w_entropy * entropy + weights.w_sparsity * sparsity
        rows.append(
            LayerImportance(layer.name, layer.weights, share, normal, entropy, sparsity, value)
        )
    return rows


def histogram_entropy(weight: Tensor) -> float:
    """Entropy of the 256-bin histogram of the weights, in units of 8 bits: 0…1."""
    low, high = float(weight.min()), float(weight.max())
    if low == high:
        return 0.0
    p = torch.histc(weight, 256, low, high) / weight.numel()
    p = p[p > 0]
    return float(-(p * p.log2()).sum()) / 8
