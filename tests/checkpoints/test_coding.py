"""Entropy coding: round trips, sizes near the entropy, damage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcc_core.checkpoints.coding import Stream, decode, encode, entropy_bytes
from lcc_core.errors import CheckpointError

FEW = settings(max_examples=60, deadline=None, derandomize=True)


def draw(seed: int, bits: int, count: int, spread: float, zeros: float) -> np.ndarray:
    """Bell-shaped codes, as weights have them; ``spread`` is a share of the reach."""
    generator = np.random.default_rng(seed)
    if bits == 1:
        codes = np.where(generator.random(count) < 0.5, -1, 1)
    else:
        reach = 2 ** (bits - 1) - 1
        codes = np.clip(np.rint(generator.normal(0, spread * reach, count)), -reach, reach)
    return (codes * (generator.random(count) >= zeros)).astype(np.int8)


CODES = st.tuples(
    st.integers(0, 2**16),
    st.integers(1, 8),
    st.integers(1, 3000),
    st.floats(0.01, 2),
    st.sampled_from([0.0, 0.3, 0.9, 1.0]),
)


@FEW
@given(CODES)
def test_round_trip(drawn: tuple) -> None:
    codes = draw(*drawn)
    stream = encode(codes, drawn[1])
    np.testing.assert_array_equal(decode(stream, len(codes), drawn[1]), codes)


@FEW
@given(st.integers(2, 8), st.data())
def test_round_trip_of_any_codes(bits: int, data: st.DataObject) -> None:
    reach = 2 ** (bits - 1) - 1
    codes = np.array(data.draw(st.lists(st.integers(-reach, reach), min_size=1)), np.int8)
    np.testing.assert_array_equal(decode(encode(codes, bits), len(codes), bits), codes)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("spread", [0.1, 0.35, 1.0])
@pytest.mark.parametrize("zeros", [0.0, 0.5, 0.95])
def test_size_is_near_the_entropy(bits: int, spread: float, zeros: float) -> None:
    codes = draw(0, bits, 20_000, spread, zeros)
    # Pruned codes are no bell curve: their histogram takes a byte a symbol.
    table = 2**bits if zeros else 0
    assert len(encode(codes, bits)) <= 1.02 * entropy_bytes(codes) + 16 + table


def test_entropy() -> None:
    assert entropy_bytes(np.zeros(100)) == 0
    assert entropy_bytes(np.arange(256).repeat(4)) == pytest.approx(1024)


@FEW
@given(CODES, st.integers(0, 2**20), st.integers(1, 255), st.sampled_from(["table", "data"]))
def test_flipped_bytes_are_found(drawn: tuple, where: int, flip: int, part: str) -> None:
    codes = draw(*drawn)
    stream = encode(codes, drawn[1])
    content = bytearray(getattr(stream, part))
    if not content:
        return
    content[where % len(content)] ^= flip
    _fails_or_equals(replace(stream, **{part: bytes(content)}), codes, drawn[1])


@FEW
@given(CODES, st.integers(0, 2**20), st.sampled_from(["table", "data"]))
def test_cut_streams_are_found(drawn: tuple, length: int, part: str) -> None:
    codes = draw(*drawn)
    stream = encode(codes, drawn[1])
    content = getattr(stream, part)
    cut = replace(stream, **{part: content[: length % (len(content) + 1)]})
    _fails_or_equals(cut, codes, drawn[1])


def _fails_or_equals(stream: Stream, codes: np.ndarray, bits: int) -> None:
    """A bit that decides nothing, such as one of padding, may change."""
    try:
        got = decode(stream, len(codes), bits)
    except CheckpointError:
        return
    np.testing.assert_array_equal(got, codes)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_wrong_facts_are_found(bits: int) -> None:
    codes = draw(1, bits, 500, 0.3, 0.2)
    stream = encode(codes, bits)
    for wrong in (replace(stream, check=stream.check ^ 1), replace(stream, mode=7)):
        with pytest.raises(CheckpointError, match="damaged"):
            decode(wrong, len(codes), bits)
    with pytest.raises(CheckpointError, match="damaged"):
        decode(stream, len(codes) + 9, bits)
