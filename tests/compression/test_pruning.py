"""Magnitude pruning at k·σ."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.compression.pruning import keep_mask


@pytest.mark.parametrize("k", [0.0, 0.25, 0.5, 1.0, 1.5, 3.0])
def test_keeps_what_reaches_k_sigma(k: float) -> None:
    weight = np.random.default_rng(0).normal(0.1, 2, (8, 4, 3, 3)).astype(np.float32)
    kept = keep_mask(torch.from_numpy(weight), k).numpy()
    limit = k * weight.astype(np.float64).std()
    clear = np.abs(np.abs(weight) - limit) > 1e-5  # neither side of a rounding
    np.testing.assert_array_equal(kept[clear], (np.abs(weight) >= limit)[clear])


def test_sigma_is_of_all_the_weights_not_of_a_sample() -> None:
    # Mean 0, Σw² = 12: σ² = 12/4 = 3, where a sample's would be 12/3 = 4.
    weight = torch.tensor([[3.0, -1.0], [-1.0, -1.0]])
    assert keep_mask(weight, 0.55).all()  # 0.55·√3 = 0.95, but 0.55·√4 = 1.1
    assert keep_mask(weight, 0.6).tolist() == [[True, False], [False, False]]  # 0.6·√3 = 1.04


def test_zero_k_keeps_all_even_zeros() -> None:
    assert keep_mask(torch.zeros(3, 3), 0.0).all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**16), st.floats(0, 3), st.floats(0, 3))
def test_larger_k_keeps_fewer(seed: int, one: float, other: float) -> None:
    weight = torch.randn(6, 6, generator=torch.Generator().manual_seed(seed))
    small, large = keep_mask(weight, min(one, other)), keep_mask(weight, max(one, other))
    assert not (large & ~small).any()


def test_a_weight_at_the_limit_stays() -> None:
    # Mean 0, Σw² = 16: σ = 2.
    weight = torch.tensor([[2.0, -2.0], [-2.0, 2.0]])
    assert keep_mask(weight, 1.0).all() and not keep_mask(weight, 1.0001).any()
