"""What training minimises."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

LOSSES = ("cross-entropy", "mining", "mining-wide")
Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(name: str, class_weights: Tensor | None = None, smoothing: float = 0.0) -> Loss:
    """Logits float32 (N, C) and labels int64 (N,) → a scalar.

    ``mining`` adds :func:`mining_term` to the cross-entropy, ``mining-wide`` its wide form. Class
    weights and label smoothing are the cross-entropy's alone.
    """

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        value = F.cross_entropy(logits, labels, class_weights, label_smoothing=smoothing)
        if name == "cross-entropy":
            return value
        return value + mining_term(logits, labels, wide=name == "mining-wide")

    return loss


def mining_term(logits: Tensor, labels: Tensor, wide: bool = False) -> Tensor:
    """mean(exp(d + d²)), the adaptive mining term of RemoteTrimmer; DESIGN §3.

    d_i = mean_c |p_ic − y_ic| ≤ 2/C as its authors compute it: for ten classes the term spans
    1 to 1.27. ``wide`` takes the half sum over the classes instead, d_i = 1 − p of the true class
    in 0…1, whatever their number: 1 to 7.39. That form is ours.
    """
    truth = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    gap = (logits.softmax(1) - truth).abs()
    d = gap.sum(1) / 2 if wide else gap.mean(1)
    return torch.exp(d + d * d).mean()


def distillation_term(student: Tensor, teacher: Tensor, tau: float) -> Tensor:
    """τ²·KL(softmax(teacher/τ) ‖ softmax(student/τ)), mean over the tiles (Hinton et al. 2015)."""
    return tau**2 * F.kl_div(
        F.log_softmax(student / tau, 1),
        F.log_softmax(teacher / tau, 1),
        reduction="batchmean",
        log_target=True,
    )
