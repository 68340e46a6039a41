"""Statistics and biases after recalibration, against what the layers put out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from tiny import NAMES, make_tiles, part
from torch import Tensor, nn

from lcc_core.compression import Plan, uniform_plan
from lcc_core.compression.recalibration import (
    Calibration,
    Figures,
    calibration_for,
    calibration_tiles,
    correctable,
    float_means,
    recalibrate,
    take_over,
)
from lcc_core.compression.replay.program import Program
from lcc_core.data.splits import make_split
from lcc_core.errors import Cancelled, DataError
from lcc_core.hooks import Hooks
from lcc_core.models import Classifier, ModelSpec

SPEC = ModelSpec("compact", NAMES, (0.5,) * 3, (0.25,) * 3)


class Mixed(nn.Module):
    """A layer that a norm follows, a convolution and a linear layer that none follows, one without
    a bias, and a norm of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.free = nn.Conv2d(4, 5, 1)
        self.alone = nn.BatchNorm2d(5)
        self.bare = nn.Conv2d(5, 6, 1, bias=False)
        self.wide, self.head = nn.Linear(6, 7), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = self.bare(self.alone(torch.relu(self.free(x))))
        x = torch.relu(self.wide(x.permute(0, 2, 3, 1)))
        return self.head(x.mean((1, 2)))


LAYERS = ("first", "norm", "free", "alone", "bare", "wide", "head")


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    made = Classifier(Mixed(), SPEC).eval()
    for norm in (part(made, "norm"), part(made, "alone")):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.3)
        nn.init.normal_(norm.running_mean, 0, 0.3)
    return made


@pytest.fixture
def tiles() -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (20, 3, 6, 6), dtype=torch.uint8, generator=generator)


@torch.no_grad()
def passing(model: Classifier, tiles: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What every layer is given and puts out."""
    given, made = {}, {}
    hooks = []
    for name in LAYERS:
        module = model.net.get_submodule(name)

        def note(_: nn.Module, inputs: tuple, out: Tensor, name: str = name) -> None:
            given[name], made[name] = inputs[0], out

        hooks.append(module.register_forward_hook(note))
    model(tiles)
    for hook in hooks:
        hook.remove()
    return given, made


def mean(value: Tensor, channel: int) -> Tensor:
    return value.transpose(0, channel).flatten(1).mean(1)


CHANNEL = {"free": 1, "wide": 3, "head": 1}


def test_layers_whose_bias_can_be_corrected(model: Classifier) -> None:
    assert correctable(Program(model), model.net) == {"free", "wide", "head"}


def test_float_means_are_mean_outputs_and_measured_once(model: Classifier, tiles: Tensor) -> None:
    calibration = Calibration(tiles, "float32")
    _, made = passing(model, tiles)
    means = float_means(model, calibration)
    assert set(means) == set(CHANNEL) and means is calibration.means
    for name, channel in CHANNEL.items():
        # Norms there use the statistics of the tiles, as they do in training.
        assert means[name].shape == (made[name].shape[channel],)
    trained = copy.deepcopy(model)
    for norm in (part(trained, "norm"), part(trained, "alone")):
        norm.train()
    _, made = passing(trained, tiles)
    for name, channel in CHANNEL.items():
        torch.testing.assert_close(means[name], mean(made[name], channel), rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        part(model, "head").bias.add_(5)
    assert torch.equal(float_means(model, calibration)["head"], means["head"])


@torch.no_grad()
def test_afterwards_means_and_variances_are_right_everywhere(
    model: Classifier, tiles: Tensor
) -> None:
    """On the tiles themselves, run as one: each norm meets what it says, each free layer puts out
    the float model's mean."""
    calibration = Calibration(tiles, "float32")
    float_means(model, calibration)
    other = copy.deepcopy(model)
    for name in ("first", "free", "bare", "wide", "head"):
        weight = part(other, name).weight
        weight.copy_((weight * 2).round() / 2)
    before = copy.deepcopy(other.net.state_dict())
    recalibrate(other, calibration)
    given, made = passing(other, tiles)
    for name in ("norm", "alone"):
        norm = part(other, name)
        torch.testing.assert_close(norm.running_mean, mean(given[name], 1), rtol=1e-4, atol=1e-5)
        variance = given[name].transpose(0, 1).flatten(1).var(1, correction=0)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-3, atol=1e-5)
    for name, channel in CHANNEL.items():
        torch.testing.assert_close(
            mean(made[name], channel), calibration.means[name], rtol=1e-4, atol=1e-4
        )
    changed = {
        n for n, value in other.net.state_dict().items() if not torch.equal(value, before[n])
    }
    assert changed == {
        "norm.running_mean", "norm.running_var", "alone.running_mean", "alone.running_var",
        "free.bias", "wide.bias", "head.bias",
    }  # fmt: skip


@torch.no_grad()
def test_figures_of_chunks_are_averaged(model: Classifier) -> None:
    generator = torch.Generator().manual_seed(2)
    tiles = torch.randint(0, 256, (390, 3, 4, 4), dtype=torch.uint8, generator=generator)
    tiles[:195] //= 2
    calibration = Calibration(tiles, "float32")
    assert [len(chunk) for chunk in calibration.chunks()] == [195, 195]
    other = copy.deepcopy(model)
    float_means(model, calibration)
    recalibrate(other, calibration)
    halves = [passing(model, tiles[ids])[0]["norm"] for ids in calibration.chunks()]
    norm = part(other, "norm")
    torch.testing.assert_close(norm.running_mean, sum(mean(half, 1) for half in halves) / 2)
    variances = [half.transpose(0, 1).flatten(1).var(1, correction=0) for half in halves]
    torch.testing.assert_close(norm.running_var, sum(variances) / 2, rtol=1e-4, atol=0)


def test_it_can_be_stopped_between_chunks(model: Classifier) -> None:
    calibration = Calibration(torch.zeros((600, 3, 2, 2), dtype=torch.uint8), "float32")
    float_means(model, calibration)
    asked: list[int] = []
    stop = Hooks(should_stop=lambda: asked.append(1) or len(asked) > 1)
    with pytest.raises(Cancelled):
        recalibrate(model, calibration, hooks=stop)
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("count", "chunks"),
    [
        (1, [1]),
        (256, [256]),
        (383, [383]),
        (385, [193, 192]),
        (512, [256, 256]),
        (700, [234, 233, 233]),
    ],
)  # fmt: skip
def test_chunks_are_of_about_256(count: int, chunks: list[int]) -> None:
    found = Calibration(torch.zeros((count, 3, 1, 1), dtype=torch.uint8)).chunks()
    assert [len(part) for part in found] == chunks
    assert torch.cat(found).tolist() == list(range(count))


def test_precision_is_chosen_at_once() -> None:
    one = Calibration(torch.zeros((1, 3, 1, 1), dtype=torch.uint8))
    assert one.precision in ("float32", "bf16") and one.means == {}
    assert Calibration(one.tiles, "float32").precision == "float32"


def test_the_tiles_are_training_tiles_always_the_same() -> None:
    tiles = make_tiles()
    split = make_split(tiles)
    some = calibration_tiles(tiles, split, 8)
    drawn = np.random.default_rng(0).permutation(split.train)
    images = torch.from_numpy(tiles.images[drawn]).permute(0, 3, 1, 2)
    assert torch.equal(some.tiles, images[:8]) and some.tiles.dtype == torch.uint8
    assert torch.equal(calibration_tiles(tiles, split).tiles, images)
    none = split.only(split.train[:0], {})
    with pytest.raises(DataError, match="no training tiles to recalibrate"):
        calibration_tiles(tiles, none)


def test_512_tiles_unless_told_otherwise() -> None:
    tiles = make_tiles()
    split = make_split(tiles)
    many = split.only(np.repeat(split.train, 30), {})
    assert len(many.train) > 513
    assert len(calibration_tiles(tiles, many).tiles) == 512


def test_only_plans_that_recalibrate_get_tiles(model: Classifier) -> None:
    tiles = make_tiles()
    split = make_split(tiles)
    found = calibration_for(uniform_plan(model, 4, recalibrate=5), tiles, split)
    assert found is not None and len(found.tiles) == 5
    for plan in (uniform_plan(model, 4), Plan({}, recalibrate=5), Plan({})):
        assert calibration_for(plan, tiles, split) is None


def test_sums_by_hand() -> None:
    figures = Figures()
    figures.add("a", torch.tensor([1.0, 2.0]), torch.tensor([4.0]))
    figures.add("a", torch.tensor([3.0, 6.0]), torch.tensor([0.0]))
    figures.add("b", torch.tensor([7.0]))
    assert [value.tolist() for value in figures.mean("a")] == [[2, 4], [2]]
    assert figures.mean("b")[0].tolist() == [7] and figures.chunks == {"a": 2, "b": 1}


def test_means_are_float32_in_bf16_too(model: Classifier, tiles: Tensor) -> None:
    exact = float_means(model, Calibration(tiles, "float32"))
    means = float_means(model, Calibration(tiles, "bf16"))
    for name, value in means.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, exact[name], rtol=0.05, atol=0.05)


def test_a_variance_is_never_below_zero() -> None:
    norm = nn.BatchNorm2d(2)
    figures = Figures()
    figures.add("0", torch.tensor([1.0, 2.0]), torch.tensor([-1e-9, 3.0]))
    take_over(nn.Sequential(norm), figures, {"0"}, {})
    assert norm.running_var.tolist() == [0, 3] and norm.running_mean.tolist() == [1, 2]
