"""Magnitude pruning at a multiple of the layer's standard deviation."""

from __future__ import annotations

from torch import Tensor


def keep_mask(weight: Tensor, k: float) -> Tensor:
    """True where |w| ≥ k·σ(W). Every weight is kept at k = 0; DESIGN §3."""
    return weight.abs() >= k * weight.std(correction=0)
