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


@pytest.mark.parametrize("wrong", [{"w_share": 1.1}, {"w_share": -0.1}, {"w_sparsity": -1}])
def test_weights_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        ImportanceWeights(**wrong)
