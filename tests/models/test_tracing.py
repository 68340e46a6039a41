"""Threads that trace, run and build networks at once meet what one thread meets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tiny import images, lived_in, spec
from torch import fx, nn

from lcc_core.compression import apply, uniform_plan
from lcc_core.compression.recalibration import Calibration
from lcc_core.models import build, compressible_layers
from lcc_core.models.tracing import graph_of, trace

THREADS, ROUNDS = 6, 6


def names(graph: fx.Graph) -> list[tuple[str, str]]:
    return [(node.op, str(node.target)) for node in graph.nodes]


@pytest.mark.parametrize("arch", ["compact", "swin_t", "mobilenet_v3_small"])
def test_the_graph_is_that_of_the_plain_tracer(arch: str) -> None:
    net = build(spec(arch)).net
    assert names(trace(net)) == names(fx.Tracer().trace(net))


def test_one_graph_for_models_of_one_structure() -> None:
    one, other = lived_in(seed=0), lived_in(seed=1)
    assert graph_of(one) is graph_of(other)
    other.net.add_module("more", nn.Identity())  # in no spec, as gates of attention are not
    assert graph_of(one) is not graph_of(other)


def test_a_trace_leaves_other_threads_alone() -> None:
    """Every call of another thread, made in the middle of a trace, runs for real."""
    model, tiles = lived_in(), images()
    with torch.no_grad():
        expected = model(tiles)
    inside, go_on, plain = threading.Event(), threading.Event(), nn.Module.__call__

    class Slow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            inside.set()
            assert go_on.wait(60)
            return self.layer(x) * self.layer.weight.sum()

    with ThreadPoolExecutor(1) as pool:
        tracing = pool.submit(trace, Slow())
        assert inside.wait(60)
        assert nn.Module.__call__ is not plain  # it is patched now
        try:
            with torch.no_grad():
                assert torch.equal(model(tiles), expected)
            assert isinstance(model.net.get_submodule("head").weight, nn.Parameter)
        finally:
            go_on.set()
        targets = [str(node.target) for node in tracing.result().nodes]
    assert targets[:3] == ["x", "layer", "layer.weight"]


def test_threads_hammer_apply() -> None:
    tiles, calibration = images(8), Calibration(images(16))
    models = [lived_in(arch, seed) for arch in ("compact", "mobilenet_v3_small") for seed in (0, 1)]
    jobs = [(model, bits) for model in models for bits in (2, 4)]

    def answer(model, bits: int) -> torch.Tensor:
        plan = uniform_plan(model, bits, recalibrate=16)
        with torch.inference_mode():
            return apply(model, plan, Calibration(calibration.tiles)).model(tiles)

    expected = [answer(*job) for job in jobs]
    layers = [compressible_layers(model) for model in models]
    with ThreadPoolExecutor(THREADS) as pool:
        again = [pool.submit(answer, *job) for _ in range(ROUNDS) for job in jobs]
        listed = [pool.submit(compressible_layers, model) for model in models]
        for number, future in enumerate(again):
            assert torch.equal(future.result(), expected[number % len(jobs)])
        assert [future.result() for future in listed] == layers
