"""What is not a compressed weight, as two bytes hold it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny import lived_in, part
from torch import nn

from lcc_core.compression.compact import (
    compact_round,
    fold_norm,
    fold_statistics,
    round_sides,
    round_some,
)


def two_bytes(values: np.ndarray) -> np.ndarray:
    """float16 of the values over the power of two that is as large as the largest, or larger."""
    power = 2.0 ** math.ceil(math.log2(np.abs(values).max()))
    return (values / power).astype(np.float16).astype(np.float32) * np.float32(power)


@pytest.mark.parametrize("largest", [1.0, 1.5, 2.0, 3e-7, 70_000.0, 4e20, 1e-30])
def test_values_near_the_largest_keep_11_bits(largest: float) -> None:
    values = np.linspace(-1, 0.93, 41, dtype=np.float32) * np.float32(largest)
    got = compact_round(torch.from_numpy(values)).numpy()
    np.testing.assert_array_equal(got, two_bytes(values))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, values, atol=largest * 2**-11)


def test_nothing_and_zeros_and_what_is_not_finite_stay() -> None:
    for values in (torch.zeros(0), torch.zeros(3), torch.tensor([1.0, float("inf")])):
        got = compact_round(values)
        assert torch.equal(got, values) and got is not values
        assert got.numel() == 0 or got.data_ptr() != values.data_ptr()
    assert compact_round(torch.tensor([1.0, float("nan")]))[0] == 1


def a_norm() -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(2, eps=0.5).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([3.0, -2.0]))
        norm.bias.copy_(torch.tensor([1.0, 0.1]))
        norm.running_mean.copy_(torch.tensor([2.0, -1.0]))
        norm.running_var.copy_(torch.tensor([8.5, 3.5]))
    return norm


def test_a_folded_norm_by_hand() -> None:
    """γ/√(σ² + ε): 3/3 and −2/2; β − μ·scale: 1 − 2·1 and 0.1 − (−1)·(−1)."""
    norm, x = a_norm(), torch.randn(4, 2, 3, 3)
    before = norm(x)
    fold_norm(norm)
    assert norm.weight.tolist() == [1, -1]
    assert norm.bias.tolist() == pytest.approx([-1, -0.9])
    assert norm.running_mean.tolist() == [0, 0] and norm.running_var.tolist() == [0.5, 0.5]
    torch.testing.assert_close(norm(x), before)


def test_norms_without_statistics_are_left_alone() -> None:
    own = nn.BatchNorm2d(2, track_running_stats=False)
    kept, layer = a_norm(), nn.LayerNorm(2)
    fold_statistics(nn.Sequential(own, kept, layer))
    assert own.running_var is None and own.weight.tolist() == [1, 1]
    assert kept.weight.tolist() == [1, -1] and layer.weight.tolist() == [1, 1]


def test_all_but_the_weights_of_the_layers_is_rounded() -> None:
    model = lived_in()
    before = {name: value.detach().clone() for name, value in model.net.named_parameters()}
    round_sides(model.net, {"stem.0", "head"})
    for name, value in model.net.named_parameters():
        kept = name in ("stem.0.weight", "head.weight")
        expected = before[name] if kept else torch.from_numpy(two_bytes(before[name].numpy()))
        assert torch.equal(value, expected), name
    assert not torch.equal(part(model, "head").bias, before["head.bias"])


def test_some_norms_and_biases_are_folded_and_rounded() -> None:
    model, other = lived_in(), lived_in()
    before = {name: value.clone() for name, value in model.net.state_dict().items()}
    round_some(model.net, ["stem.1"], ["head"])
    fold_norm(part(other, "stem.1"))
    changed = {
        n for n, value in model.net.state_dict().items() if not torch.equal(value, before[n])
    }
    assert changed == {
        "stem.1.weight", "stem.1.bias", "stem.1.running_mean", "stem.1.running_var", "head.bias",
    }  # fmt: skip
    for side in ("weight", "bias"):
        folded = getattr(part(other, "stem.1"), side).detach().numpy()
        np.testing.assert_array_equal(
            getattr(part(model, "stem.1"), side).detach().numpy(), two_bytes(folded)
        )
    np.testing.assert_array_equal(
        part(model, "head").bias.detach().numpy(), two_bytes(before["head.bias"].numpy())
    )


def test_the_largest_may_be_negative() -> None:
    """Over 2¹⁷ what is near 1 is a multiple of 2⁻⁷; over 2¹⁶ it would be one of 2⁻⁸."""
    values = torch.tensor([-70_000.0, 317 / 256, 60_000.0])
    assert compact_round(values)[1] == 316 / 256  # halfway, to the even one
