"""Rungs of small weights against plain arithmetic over all settings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from plain_compression import Rung, cost, rungs

from lcc_core.compression import LayerSetting
from lcc_core.compression.greedy.ladder import _thin, ladder


def rung(one: LayerSetting) -> Rung:
    return Rung(one.bits, one.prune_k, one.granularity == "channel", one.scale == "lse")


@pytest.mark.parametrize("shape", [(3, 9), (8, 4), (2, 2, 3, 3)])
@pytest.mark.parametrize("seed", [0, 2, 3])  # of which no two costs tie but for rounding
def test_rungs_are_those_of_plain_arithmetic(shape: tuple[int, ...], seed: int) -> None:
    weight = np.random.default_rng(seed).laplace(size=shape).astype(np.float32)
    ours = [cost(weight, rung(one)) for one in ladder(torch.from_numpy(weight))]
    plain = [cost(weight, one) for one in rungs(weight)]
    np.testing.assert_allclose(ours, plain, rtol=1e-4)


def test_every_kind_of_setting_can_stand_on_a_rung() -> None:
    """Rows of very different size want a scale each; one outlier wants least squares, small rows
    the single scale of four bytes."""
    generator = np.random.default_rng(0)
    seen = set()
    for scale, rows, columns in itertools.product((0.0, 3.0), (2, 16), (8, 64)):
        weight = generator.standard_t(3, (rows, columns)) * np.exp(
            scale * generator.normal(size=(rows, 1))
        )
        seen |= set(ladder(torch.from_numpy(weight.astype(np.float32))))
    assert {one.bits for one in seen} == set(range(1, 9))
    assert {one.granularity for one in seen} == {"channel", "tensor"}
    assert {one.scale for one in seen} == {"lse", "absmax"}
    assert {one.prune_k for one in seen} >= {0.0, 0.5, 1.0, 1.5}
    assert {one.scale for one in seen if one.bits == 1} == {"lse"}


@pytest.mark.parametrize(("rows", "step"), [(511, 1), (512, 2), (1030, 3)])
def test_of_a_large_layer_some_rows_are_looked_at(rows: int, step: int) -> None:
    """Below 2¹⁷ weights all are; from there on every second row, from twice that every third."""
    generator = torch.Generator().manual_seed(0)
    kinds = torch.rand((rows, 1), generator=generator).mul(4).exp()
    weight = torch.randn((rows, 256), generator=generator) * kinds
    assert ladder(weight) == ladder(weight[::step][: 2**17 // 256])


def test_a_layer_of_one_row_is_looked_at() -> None:
    assert ladder(torch.linspace(-1, 1, 2**18 + 1)[None])


def of(bits: int) -> LayerSetting:
    return LayerSetting(bits)


def test_thinning_by_hand() -> None:
    found = [
        (100.0, 9.0, of(1)),
        (114.0, 8.0, of(2)),  # too near to the next one up that stays
        (120.0, 9.5, of(3)),  # larger and worse
        (130.0, 7.0, of(4)),
        (130.0, 7.5, of(5)),  # as large and worse
        (140.0, 7.0, of(6)),  # larger and no better
        (160.0, 1.0, of(7)),
    ]
    for order in (found, found[::-1]):
        assert [one.bits for one in _thin(order)] == [1, 4, 7]
    assert _thin([]) == []
    # 15 % more is enough, a little less is not; the largest always stays.
    assert [s.bits for s in _thin([(100.0, 2.0, of(1)), (115.0, 1.0, of(2))])] == [1, 2]
    assert [s.bits for s in _thin([(100.0, 2.0, of(1)), (114.9, 1.0, of(2))])] == [2]
