"""Losses against loops that say the same more slowly."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.training.losses import LOSSES, distillation_term, make_loss, mining_term

ROWS = st.integers(2, 6).flatmap(
    lambda classes: st.lists(
        st.tuples(
            st.lists(st.floats(-8, 8), min_size=classes, max_size=classes),
            st.lists(st.floats(-8, 8), min_size=classes, max_size=classes),
            st.integers(0, classes - 1),
        ),
        min_size=1,
        max_size=5,
    )
)


def softmax(row: list[float]) -> list[float]:
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


def tensors(rows: list) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    first, second, labels = zip(*rows, strict=True)
    wide = torch.float64
    return torch.tensor(first, dtype=wide), torch.tensor(second, dtype=wide), torch.tensor(labels)


@given(ROWS)
def test_mining_is_the_formula(rows: list) -> None:
    logits, _, labels = tensors(rows)
    for wide in (False, True):
        total = 0.0
        for row, _, label in rows:
            gaps = [abs(p - (c == label)) for c, p in enumerate(softmax(row))]
            d = sum(gaps) / (2 if wide else len(gaps))
            total += math.exp(d + d * d)
        found = mining_term(logits, labels, wide).item()
        assert found == pytest.approx(total / len(rows), rel=1e-9)


@given(ROWS, st.floats(0.5, 10))
def test_distillation_is_the_formula(rows: list, tau: float) -> None:
    student, teacher, _ = tensors(rows)
    total = 0.0
    for row, other, _ in rows:
        q, p = softmax([v / tau for v in row]), softmax([v / tau for v in other])
        total += sum(b * (math.log(b) - math.log(a)) for a, b in zip(q, p, strict=True))
    found = distillation_term(student, teacher, tau).item()
    assert found == pytest.approx(tau**2 * total / len(rows), rel=1e-6, abs=1e-9)
    assert distillation_term(student, student, tau).item() == pytest.approx(0, abs=1e-9)


def test_the_paper_s_term_is_nearly_flat_for_ten_classes() -> None:
    labels = torch.zeros(1, dtype=torch.long)
    right, wrong = torch.full((1, 10), -50.0), torch.full((1, 10), -50.0)
    right[0, 0] = wrong[0, 1] = 50.0
    assert mining_term(right, labels).item() == pytest.approx(1)
    assert mining_term(wrong, labels).item() == pytest.approx(math.exp(0.24))  # 1.27
    assert mining_term(wrong, labels, wide=True).item() == pytest.approx(math.e**2)


def test_losses_add_to_cross_entropy() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0])
    plain = torch.nn.CrossEntropyLoss(weights, label_smoothing=0.1)(logits, labels)
    found = {name: make_loss(name, weights, 0.1)(logits, labels) for name in LOSSES}
    assert torch.equal(found["cross-entropy"], plain)
    assert found["mining"] == plain + mining_term(logits, labels)
    assert found["mining-wide"] == plain + mining_term(logits, labels, wide=True)


def test_the_mining_terms_pull_towards_the_truth() -> None:
    for wide in (False, True):
        logits = torch.zeros(1, 4, requires_grad=True)
        mining_term(logits, torch.tensor([2]), wide).backward()
        assert logits.grad[0, 2] < 0 and (logits.grad[0, [0, 1, 3]] > 0).all()
