"""Latency: of one model, and of several in turns."""

from __future__ import annotations

import time

import pytest
import torch
from tiny import scene_spec, spec
from torch.utils.flop_counter import FlopCounterMode

from lcc_core.measure.cost import latencies_ms, latency_ms, macs
from lcc_core.models import Classifier, build
from lcc_core.models.spec import ModelSpec


class Slow(Classifier):
    """Takes as long as it is told, and notes when it was asked."""

    def __init__(self, seconds: float, asked: list[float]) -> None:
        spec = ModelSpec("none", ("a", "b"), (0.5,) * 3, (0.2,) * 3)
        super().__init__(torch.nn.Identity(), spec)
        self.seconds, self.asked = seconds, asked

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        assert tiles.shape == (1, 3, 8, 8) and tiles.dtype == torch.uint8
        self.asked.append(self.seconds)
        time.sleep(self.seconds)
        return tiles


def test_models_take_turns() -> None:
    asked: list[float] = []
    models = [Slow(0.004, asked), Slow(0.02, asked)]
    quick, slow = latencies_ms(models, (8, 8), runs=3)
    assert asked == [0.004, 0.02] * 6
    assert 4 <= quick < slow and slow >= 20
    assert latency_ms(models[1], (8, 8), runs=3) >= 20


def test_the_fastest_run_counts_and_only_one_core_works() -> None:
    class Hindered(Slow):
        def forward(self, tiles: torch.Tensor) -> torch.Tensor:
            assert torch.get_num_threads() == 1
            self.seconds = 0.2 if len(self.asked) % 2 else 0.002
            return super().forward(tiles)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert 2 <= latency_ms(Hindered(0, []), (8, 8), runs=4) < 200
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "arch", ["compact", "mobilenet_v3_small", "swin_t", "cnn1d", "cnn2d", "cnn3d"]
)
def test_macs_are_half_the_operations_that_torch_counts(arch: str) -> None:
    scene = arch.startswith("cnn")
    model = build(scene_spec(arch) if scene else spec(arch)).eval()
    size = (5, 5) if scene else (32, 32)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(model.spec.example(1, size))
    assert macs(model, size) == counter.get_total_flops() // 2 > 0
