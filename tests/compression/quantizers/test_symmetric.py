"""Quantization against a plain NumPy reference of DESIGN §3."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from plain_compression import entropy_bits, quantized, two_bytes

from lcc_core.compression.codes import Codes
from lcc_core.compression.quantizers.symmetric import Symmetric, quantize

VALUES = st.floats(-100, 100, width=32, allow_subnormal=False)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=4, max_side=5)
WEIGHTS = hnp.arrays(np.float32, SHAPES, elements=VALUES)
BITS = st.integers(2, 8)
FEW = settings(max_examples=60, deadline=None, derandomize=True)


def reference(weight: np.ndarray, bits: int) -> np.ndarray:
    if bits == 1:
        kept = weight[weight != 0]  # what is 0 was pruned
        return np.sign(weight) * (np.abs(kept).mean(dtype=np.float64) if len(kept) else 0)
    q = np.float32(2 ** (bits - 1) - 1)
    step = np.abs(weight).max() / q
    if step == 0:
        return np.zeros_like(weight)
    return np.clip(np.rint(weight / step), -q, q) * step


def setting(bits: int, granularity: str = "tensor", scale: str = "absmax") -> Symmetric:
    return Symmetric(bits, granularity, scale)


def error(weight: torch.Tensor, chosen: Symmetric) -> float:
    return float((quantize(weight, chosen).dequantize() - weight).double().square().sum())


@FEW
@given(WEIGHTS, BITS)
def test_tensor_absmax_is_the_formula(weight: np.ndarray, bits: int) -> None:
    got = quantize(torch.from_numpy(weight), setting(bits))
    np.testing.assert_array_equal(got.dequantize().numpy(), reference(weight, bits))


@FEW
@given(WEIGHTS)
def test_one_bit_is_sign_times_mean(weight: np.ndarray) -> None:
    got = quantize(torch.from_numpy(weight), setting(1))
    np.testing.assert_array_equal(got.codes, np.sign(weight))
    np.testing.assert_allclose(got.dequantize(), reference(weight, 1), rtol=1e-5, atol=1e-30)


@FEW
@given(WEIGHTS, BITS)
def test_channels_are_tensors_of_their_own(weight: np.ndarray, bits: int) -> None:
    got = quantize(torch.from_numpy(weight), setting(bits, "channel"))
    q = 2 ** (bits - 1) - 1
    expected = np.abs(weight).reshape(len(weight), -1).max(1) / q
    np.testing.assert_allclose(got.scale, expected, rtol=1e-3, atol=1e-7 * expected.max())


@FEW
@given(WEIGHTS, st.integers(1, 8), st.sampled_from(["tensor", "channel"]))
def test_codes_lie_within_reach(weight: np.ndarray, bits: int, granularity: str) -> None:
    for scale in ("absmax", "lse"):
        got = quantize(torch.from_numpy(weight), setting(bits, granularity, scale))
        assert got.codes.dtype == torch.int8 and got.codes.shape == weight.shape
        assert int(got.codes.abs().max()) <= max(1, 2 ** (bits - 1) - 1)
        assert torch.isfinite(got.dequantize()).all() and (got.scale >= 0).all()


@FEW
@given(WEIGHTS, BITS)
def test_least_squares_is_never_worse(weight: np.ndarray, bits: int) -> None:
    tensor = torch.from_numpy(weight)
    slack = 1e-6 * float(tensor.double().square().sum()) + 1e-30
    assert error(tensor, setting(bits, scale="lse")) <= error(tensor, setting(bits)) + slack


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("granularity", ["tensor", "channel"])
def test_least_squares_helps_bell_curves(bits: int, granularity: str) -> None:
    weight = torch.randn(16, 8, 3, 3, generator=torch.Generator().manual_seed(bits))
    lse = error(weight, setting(bits, granularity, "lse"))
    assert lse <= error(weight, setting(bits, granularity)) * (1 + 1e-4)
    if bits <= 4:
        assert lse < 0.9 * error(weight, setting(bits, granularity))


@FEW
@given(WEIGHTS, st.integers(1, 8), st.integers(0, 2**16), st.sampled_from(["tensor", "channel"]))
def test_pruned_weights_stay_zero(weight: np.ndarray, bits: int, seed: int, granular: str) -> None:
    keep = torch.from_numpy(np.random.default_rng(seed).random(weight.shape) < 0.5)
    for scale in ("absmax", "lse"):
        got = quantize(torch.from_numpy(weight), setting(bits, granular, scale), keep)
        assert (got.codes[~keep] == 0).all() and (got.dequantize()[~keep] == 0).all()


def test_one_bit_scale_is_the_mean_of_the_kept() -> None:
    weight = torch.tensor([[1.0, -3.0, 0.1]])
    got = quantize(weight, setting(1), torch.tensor([[True, True, False]]))
    assert got.codes.tolist() == [[1, -1, 0]] and got.scale.tolist() == [2.0]


@FEW
@given(WEIGHTS, st.integers(1, 8), st.sampled_from(["tensor", "channel"]))
def test_weights_that_were_pruned_before_stay_zero(
    weight: np.ndarray, bits: int, granular: str
) -> None:
    """Of a checkpoint that was pruned in training: no mask is given, the zeros are there."""
    weight = np.where(np.abs(weight) < 30, 0, weight).astype(np.float32)
    for scale in ("absmax", "lse"):
        got = quantize(torch.from_numpy(weight), setting(bits, granular, scale))
        assert (got.codes.numpy()[weight == 0] == 0).all()


@FEW
@given(WEIGHTS, st.integers(1, 8), st.sampled_from(["absmax", "lse"]))
def test_channel_scales_survive_two_bytes(weight: np.ndarray, bits: int, scale: str) -> None:
    got = quantize(torch.from_numpy(weight), setting(bits, "channel", scale)).scale
    np.testing.assert_array_equal(two_bytes(got.numpy()), got)


def test_float_is_no_quantization() -> None:
    with pytest.raises(ValueError, match="bits=32"):
        Symmetric(32)


def test_coded_bits_by_hand() -> None:
    """Halves, quarters: ½·1 + 2·¼·2 = 1.5 bits a code, four codes."""
    codes = torch.tensor([[0, 0], [7, -127]], dtype=torch.int8)
    assert Codes(codes, torch.ones(1), 8).coded_bits == pytest.approx(6)
    assert Codes(torch.full((3, 5), -127, dtype=torch.int8), torch.ones(1), 8).coded_bits == 0
    whole = torch.arange(-127, 128, dtype=torch.int8)[None]
    assert Codes(whole, torch.ones(1), 8).coded_bits == pytest.approx(255 * np.log2(255))


@FEW
@given(WEIGHTS, BITS)
def test_coded_bits_are_the_entropy(weight: np.ndarray, bits: int) -> None:
    got = quantize(torch.from_numpy(weight), setting(bits))
    expected = entropy_bits(got.codes.numpy()) * weight.size
    assert got.coded_bits == pytest.approx(expected, abs=1e-9)


def test_one_bit_by_channel_and_by_hand() -> None:
    """Each row's mean over what it keeps; a row that keeps nothing has scale 0."""
    weight = torch.tensor([[1.0, -3.0, 0.5], [0.0, -4.0, 2.0], [0.0, 0.0, 0.0], [2.0, 2.0, -5.0]])
    keep = torch.tensor([[True, True, False], [True] * 3, [True] * 3, [True] * 3])
    got = quantize(weight, setting(1, "channel"), keep)
    assert got.codes.tolist() == [[1, -1, 0], [0, -1, 1], [0, 0, 0], [1, 1, -1]]
    assert got.scale.tolist() == [2.0, 3.0, 0.0, 3.0] and got.bits == 1
    assert quantize(weight[3:], setting(1, "channel")).scale.tolist() == [3.0]


def test_codes_round_to_the_nearest_and_stop_at_the_largest() -> None:
    weight = torch.tensor([[7.0, 3.4, -3.6, 0.4], [0.7, -0.06, 0.04, -0.7]])
    tensor = quantize(weight, setting(4))
    assert tensor.codes.tolist() == [[7, 3, -4, 0], [1, 0, 0, -1]] and tensor.scale.tolist() == [1]
    channel = quantize(weight, setting(4, "channel"))
    assert channel.codes.tolist() == [[7, 3, -4, 0], [7, -1, 0, -7]]
    assert channel.scale.tolist() == pytest.approx([1, 0.1], rel=1e-3)
    np.testing.assert_allclose(
        channel.dequantize(), [[7, 3, -4, 0], [0.7, -0.1, 0, -0.7]], rtol=1e-3, atol=0
    )


def bells(rows: int, columns: int, seed: int) -> np.ndarray:
    """Rows of many shapes, flat to heavy-tailed, so that every start of the search wins some."""
    generator = np.random.default_rng(seed)
    kinds = (
        generator.normal(size=(rows, columns)),
        generator.laplace(size=(rows, columns)),
        generator.uniform(-1, 1, (rows, columns)),
        generator.standard_t(3, (rows, columns)),
        np.sign(generator.normal(size=(rows, columns)))
        * generator.gamma(0.4, size=(rows, columns)),
    )
    weight = np.concatenate(kinds)
    weight[0], weight[0, 0] = 0.01, 1.0  # one weight alone
    return weight.astype(np.float32)


# 512 weights of a longer row rank the starts: one, two and three steps, and the lengths between.
@pytest.mark.parametrize("columns", [3, 27, 511, 512, 1023, 1024, 1537])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 8])
def test_least_squares_scales_are_those_of_plain_arithmetic(bits: int, columns: int) -> None:
    weight = bells(6, columns, seed=columns)
    got = quantize(torch.from_numpy(weight), setting(bits, "channel", "lse"))
    plain = quantized(weight, bits, True, True, np.ones(weight.shape, bool))
    np.testing.assert_allclose(got.scale, plain.scale, rtol=1e-3, atol=1e-3 * plain.scale.max())
    own, found = (
        plain.error(weight),
        error(torch.from_numpy(weight), setting(bits, "channel", "lse")),
    )
    assert found == pytest.approx(own, rel=1e-4)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("bits", [1, 4])
def test_weights_of_any_float_kind(kind: torch.dtype, bits: int) -> None:
    weight = torch.from_numpy(bells(2, 40, seed=1)).to(kind)
    for scale in ("absmax", "lse"):
        got = quantize(weight, setting(bits, "channel", scale))
        plain = quantize(weight.float(), setting(bits, "channel", scale))
        assert got.scale.dtype == torch.float32 and torch.equal(got.scale, plain.scale)
        assert torch.equal(got.codes, plain.codes)
