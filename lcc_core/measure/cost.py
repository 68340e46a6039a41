"""What a model costs to run: parameters, multiply-accumulates, latency."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

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


def latency_ms(
    model: Classifier, size: tuple[int, int], runs: int = 20, warm_up: int = 3, batch: int = 1
) -> float:
    """Median milliseconds of a batch on the processor, float32, as many threads as torch has."""
    return statistics.median(_times([model], size, runs, warm_up, batch)[0])


def latencies_ms(
    models: Sequence[Classifier], size: tuple[int, int], runs: int = 20, batch: int = 1
) -> list[float]:
    """As :func:`latency_ms`, in turns: what else the machine does meets all models alike."""
    return [statistics.median(own) for own in _times(models, size, runs, 3, batch)]


def fastest_ms(
    models: Sequence[Classifier], size: tuple[int, int], runs: int = 40, batch: int = 1
) -> list[float]:
    """Milliseconds of each model's fastest batch, the models in turn: for comparing them.

    Other work on the machine comes and goes; medians of two equal models then differ twofold.
    """
    return [min(own) for own in _times(models, size, runs, 3, batch)]


@torch.inference_mode()
def _times(
    models: Sequence[Classifier], size: tuple[int, int], runs: int, warm_up: int, batch: int
) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in models]
    for run in range(warm_up + runs):
        for model, own in zip(models, times, strict=True):
            tile = _blank(model, size, batch)
            began = time.perf_counter()
            model(tile)
            if run >= warm_up:
                own.append(1000 * (time.perf_counter() - began))
    return times
