"""What a model costs to run: parameters, multiply-accumulates, latency."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode

from lcc_core.models import Classifier
from lcc_core.models.device import threads

WARM_UP = 3


def _blank(model: Classifier, size: tuple[int, int], batch: int = 1) -> torch.Tensor:
    return model.spec.example(batch, size)


def parameters(model: Classifier) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def macs(model: Classifier, size: tuple[int, int]) -> int:
    """Multiply-accumulates for one tile of ``size``: convolutions, linear layers, attention."""
    counter = FlopCounterMode(display=False)
    with counter:
        model(_blank(model, size))
    return counter.get_total_flops() // 2


def latency_ms(model: Classifier, size: tuple[int, int], runs: int = 20, batch: int = 1) -> float:
    """Milliseconds of the fastest of ``runs`` batches on one core, float32.

    Medians, and threads that wait for each other, tell of what else the machine did: fifteenfold
    for one model. The fastest run on one core is nearly the same beside other work.
    """
    return latencies_ms([model], size, runs, batch)[0]


@torch.inference_mode()
def latencies_ms(
    models: Sequence[Classifier], size: tuple[int, int], runs: int = 20, batch: int = 1
) -> list[float]:
    """As :func:`latency_ms`, in turns: what else the machine does meets all models alike."""
    times: list[list[float]] = [[] for _ in models]
    with threads(1):
        for run in range(WARM_UP + runs):
            for model, own in zip(models, times, strict=True):
                tile = _blank(model, size, batch)
                began = time.perf_counter()
                model(tile)
                if run >= WARM_UP:
                    own.append(1000 * (time.perf_counter() - began))
    return [min(own) for own in times]
