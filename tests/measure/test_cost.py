"""Latency: of one model, and of several in turns."""

from __future__ import annotations

import time

import pytest
import torch
from tiny import scene_spec, spec
from torch.utils.flop_counter import FlopCounterMode

from lcc_core.measure.cost import latencies_ms, latency_ms, macs, parameters
from lcc_core.models import Classifier, build
from lcc_core.models.spec import ModelSpec

SPEC = ModelSpec("none", ("a", "b"), (0.5,) * 3, (0.2,) * 3)


class Slow(Classifier):
    """Takes as long as it is told, and notes when it was asked."""

    def __init__(self, seconds: float, asked: list[float]) -> None:
        super().__init__(torch.nn.Identity(), SPEC)
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


def test_parameters_are_counted() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    assert parameters(Classifier(net, SPEC)) == 3 * 4 + 4 + 4 + 4


def test_macs_of_one_tile_by_hand() -> None:
    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.head = torch.nn.Conv2d(3, 4, 3), torch.nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert len(x) == 1
            return self.head(self.conv(x.float()).mean((2, 3)))

    # 6×5 places of 27·4 products, and 4·2.
    found = macs(Classifier(Two(), SPEC), (8, 7))
    assert found == 30 * 27 * 4 + 8 and type(found) is int


def test_runs_and_batches_that_are_asked_for() -> None:
    seen: list[int] = []

    class Counting(Slow):
        def forward(self, tile: torch.Tensor) -> torch.Tensor:
            assert not torch.is_grad_enabled()
            seen.append(len(tile))
            return tile

    model = Counting(0, [])
    assert latency_ms(model, (8, 8), runs=2, batch=5) >= 0 and seen == [5] * (3 + 2)
    del seen[:]
    latency_ms(model, (8, 8))
    assert seen == [1] * (3 + 20)
    del seen[:]
    latencies_ms([model], (8, 8))
    assert seen == [1] * (3 + 20)


def test_milliseconds_and_the_warm_up_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of its own: the three first runs take 1 s each, the others 3, 5 and 4 s."""
    clock, spans = [0.0], [1.0, 1.0, 1.0, 3.0, 5.0, 4.0]

    class Ticking(Slow):
        def forward(self, tile: torch.Tensor) -> torch.Tensor:
            clock[0] += spans.pop(0)
            return tile

    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    assert latency_ms(Ticking(0, []), (8, 8), runs=3) == 3000
