"""What a model costs to run: parameters, multiply-accumulates, latency."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from lcc_core.models import Classifier
from lcc_core.models.device import threads

WARM_UP = 3


def _blank(model: Classifier, size: tuple[int, int], batch: int = 1) -> torch.Tensor:
    return model.spec.example(batch, size)


def parameters(model: Classifier) -> int:
    """Count the parameters, those of norms and biases included."""
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def macs(model: Classifier, size: tuple[int, int]) -> int:
    """Multiply-accumulates for one tile of ``size``: convolutions, linear layers, attention."""
    counter = _FlopCounter()
    with counter:
        model(_blank(model, size))
    return counter.total // 2


class _FlopCounter(TorchDispatchMode):
    """torch's own formulas. Its ``FlopCounterMode`` counts by module as well, which nobody reads
    here, and brings the compiler in: seconds at the first measurement of every process."""

    total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if formula := flop_registry.get(func._overloadpacket):
            self.total += formula(*args, **kwargs, out_val=out)
        return out


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
