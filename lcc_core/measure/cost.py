"""What a model costs to run: parameters, multiply-accumulates, latency."""

from __future__ import annotations

import statistics
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from lcc_core.models import Classifier


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


@torch.inference_mode()
def latency_ms(
    model: Classifier, size: tuple[int, int], runs: int = 20, warm_up: int = 3, batch: int = 1
) -> float:
    """Median milliseconds of a batch on the processor, float32, as many threads as torch has."""
    tile = _blank(model, size, batch)
    times = []
    for run in range(warm_up + runs):
        began = time.perf_counter()
        model(tile)
        if run >= warm_up:
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
