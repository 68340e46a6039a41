"""Layer importance against the formulas of DESIGN §3."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from lcc_core.compression import ImportanceWeights, importance
from lcc_core.compression.layer_importance import histogram_entropy
from lcc_core.models import Classifier, ModelSpec, build, weight_of

TERMS = ImportanceWeights(w_entropy=0.5, w_sparsity=2.0)


@pytest.fixture(scope="module")
def model() -> Classifier:
    torch.manual_seed(0)
    return build(ModelSpec("compact", ("a", "b", "c"), (0.5,) * 3, (0.2,) * 3))


def arrays(model: Classifier, names: list[str]) -> list[np.ndarray]:
    return [weight_of(model, name).detach().double().numpy() for name in names]


@pytest.mark.parametrize("w_share", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("plus", [False, True])
def test_formula(model: Classifier, w_share: float, plus: bool) -> None:
    rows = importance(model, ImportanceWeights(w_share, plus_variance=plus))
    weights = arrays(model, [row.name for row in rows])
    total, most = sum(w.size for w in weights), max(w.var() for w in weights)
    for row, weight in zip(rows, weights, strict=True):
        share = weight.size / total
        normal = math.log(math.e - 1 + weight.var() / most)
        assert row.share == pytest.approx(share)
        assert row.variance == pytest.approx(normal, rel=1e-5)
        term = normal if plus else 1 - normal
        assert row.importance == pytest.approx(w_share * share + (1 - w_share) * term, abs=1e-5)


def test_bounds_and_order(model: Classifier) -> None:
    rows = importance(model)
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert all(math.log(math.e - 1) - 1e-6 <= row.variance <= 1 + 1e-6 for row in rows)
    assert max(row.variance for row in rows) == pytest.approx(1)
    assert rows[0].name == "stem.0" and rows[-1].name == "head"


def test_entropy_and_sparsity_terms(model: Classifier) -> None:
    plain, more = importance(model), importance(model, TERMS)
    for a, b in zip(plain, more, strict=True):
        assert b.importance == pytest.approx(a.importance + 0.5 * a.entropy + 2 * a.sparsity)
        weight = arrays(model, [a.name])[0].ravel()
        counts = np.histogram(weight, 256)[0]
        p = counts[counts > 0] / weight.size
        assert a.entropy == pytest.approx(-(p * np.log2(p)).sum() / 8, abs=2e-3)
        assert a.sparsity == (weight == 0).mean()


def test_entropy_extremes() -> None:
    assert histogram_entropy(torch.zeros(10)) == 0
    assert histogram_entropy(torch.arange(256.0)) == pytest.approx(1)


def test_half_a_histogram_is_seven_bits_of_eight() -> None:
    # 128 of 256 bins, equally many in each: 7 bits; the histogram spans the weights themselves.
    assert histogram_entropy(torch.arange(256.0)[::2].clone()) == pytest.approx(7 / 8, abs=1e-6)
    assert histogram_entropy(torch.tensor([1.0, 2.0, 2.0, 2.0])) == pytest.approx(
        (0.25 * 2 - 0.75 * math.log2(0.75)) / 8, abs=1e-6
    )


@pytest.fixture
def sparse() -> Classifier:
    """Weights of the head made by hand, a quarter of them 0; all other layers constant."""
    made = build(ModelSpec("compact", ("a", "b", "c", "d"), (0.5,) * 3, (0.2,) * 3))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(0.25)
        head = weight_of(made, "head")
        head.copy_(torch.tensor([0.0, 0.5, -0.5, 2.0])[:, None].expand_as(head))
    return made


def test_every_term_by_hand(sparse: Classifier) -> None:
    """The head: S = ¼, four values equally often (2 bits of 8), the largest variance (N_V = 1)."""
    (*others, head) = importance(sparse, ImportanceWeights(w_entropy=0.5, w_sparsity=2.0))
    assert (head.name, head.sparsity, head.variance) == ("head", 0.25, pytest.approx(1))
    assert head.entropy == pytest.approx(0.25)
    expected = 0.5 * head.share + 0.5 * 0 + 0.5 * 0.25 + 2 * 0.25
    assert head.importance == pytest.approx(expected, abs=1e-6)
    weights = {row.name: weight_of(sparse, row.name).numel() for row in (*others, head)}
    for row in others:
        assert (row.weights, row.share) == (
            weights[row.name],
            weights[row.name] / sum(weights.values()),
        )
        assert (row.sparsity, row.entropy) == (0, 0)
        assert row.variance == pytest.approx(math.log(math.e - 1))
        plain = 0.5 * row.share + 0.5 * (1 - math.log(math.e - 1))
        assert row.importance == pytest.approx(plain)
    (*_, plus) = importance(sparse, ImportanceWeights(0.25, plus_variance=True))
    assert plus.importance == pytest.approx(0.25 * plus.share + 0.75)


def test_a_net_of_constants_has_the_least_variance_everywhere(sparse: Classifier) -> None:
    with torch.no_grad():
        weight_of(sparse, "head").fill_(3)
    assert {row.variance for row in importance(sparse)} == {math.log(math.e - 1)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"w_share": 1.1}, {"w_share": -0.1}, {"w_entropy": -0.1}, {"w_entropy": 10.1},
        {"w_sparsity": -1}, {"w_sparsity": 11},
    ],
)  # fmt: skip
def test_weights_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        ImportanceWeights(**wrong)


def test_the_weights_of_share_and_variance_are_one_together() -> None:
    assert ImportanceWeights() == ImportanceWeights(0.5, 0.0, 0.0, False)
    for share in (0.0, 0.1 + 0.2, 0.7, 1.0):
        assert ImportanceWeights(share).w_variance == round(1 - share, 9)
    ImportanceWeights(1.0, 10.0, 10.0)
