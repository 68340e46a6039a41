"""What compression shifted inside a network, put right on unlabelled tiles.

Batch norms get the means and variances that the compressed weights produce. A layer that no batch
norm follows gets the mean shift of its outputs taken into its bias. Both in one pass: each chunk
of tiles is normalised and corrected by its own figures on the way, which are then averaged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from lcc_core.compression.plan import TILES, Plan
from lcc_core.compression.replay.execution import Execution, compute
from lcc_core.compression.replay.program import Program
from lcc_core.compression.unfold import is_folded
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.errors import DataError, ModelError
from lcc_core.hooks import QUIET, Hooks
from lcc_core.models import Classifier
from lcc_core.models.bases import NormLayer
from lcc_core.models.device import choose_device, choose_precision
from lcc_core.models.layers import weight_in

CHUNK = 256


@dataclass(eq=False)
class Calibration:
    """Training tiles uint8 (n, C, H, W), no labels, and the float model's mean outputs on them.

    ``means`` is filled by the first use with a float model and kept.
    """

    tiles: Tensor
    precision: str = "auto"
    means: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.precision = choose_precision(self.precision, choose_device("cpu"))

    def chunks(self) -> list[Tensor]:
        """Positions of the tiles that are normalised together."""
        # A last chunk of a tile or two would give figures of its own.
        count = max(1, round(len(self.tiles) / CHUNK))
        return list(torch.arange(len(self.tiles)).tensor_split(count))


def calibration_tiles(tiles: TileSet, split: Split, n: int = TILES) -> Calibration:
    """``n`` random training tiles, always the same, or all where there are fewer."""
    if not len(split.train):
        raise DataError("There are no training tiles to recalibrate on.", "Use another split.")
    # Shuffled, so that each chunk is a sample of all classes: it is normalised by itself.
    picks = np.random.default_rng(0).permutation(split.train)[:n]
    images = np.ascontiguousarray(tiles.images[picks])
    return Calibration(torch.from_numpy(images).permute(0, 3, 1, 2))


def calibration_for(plan: Plan, tiles: TileSet, split: Split) -> Calibration | None:
    """The training tiles that a plan recalibrates on, if it does."""
    if not plan.recalibrate or plan.is_float:
        return None
    return calibration_tiles(tiles, split, plan.recalibrate)


@dataclass(eq=False)
class Figures:
    """Sums over chunks: of a norm's means and variances, of a layer's mean outputs."""

    chunks: dict[str, int] = field(default_factory=dict)
    sums: dict[str, list[Tensor]] = field(default_factory=dict)

    def add(self, name: str, *values: Tensor) -> None:
        """Add what one chunk showed of a module."""
        known = self.sums.get(name)
        self.sums[name] = (
            list(values) if known is None else [a + b for a, b in zip(known, values, strict=True)]
        )
        self.chunks[name] = self.chunks.get(name, 0) + 1

    def mean(self, name: str) -> list[Tensor]:
        """Average what all chunks showed of a module."""
        return [total / self.chunks[name] for total in self.sums[name]]


class Measuring(Execution):
    """Normalises by the statistics of the chunk at hand and notes them in ``figures``.

    Layers in ``means`` (float outputs, one mean a channel) are shifted to them.
    """

    def __init__(
        self, program: Program, net: nn.Module, precision: str, means: dict[str, Tensor]
    ) -> None:
        super().__init__(program, net, precision)
        self.figures, self.means, self.watching = Figures(), means, False
        self.free = correctable(program, net)
        self.refresh(net, list(program.at))

    @torch.no_grad()
    def refresh(self, net: nn.Module, layers: list[str]) -> None:
        """Take over weights and biases of ``layers`` from ``net``."""
        for name in layers:
            module = net.get_submodule(name)
            self.set_weight(name, weight_in(module))
            bias = getattr(module, "bias", None)
            self.biases[name] = None if bias is None else bias.to(self.dtype)

    def layer(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        """Compute a layer; shift its output to the float mean and note by how much."""
        y = compute(module, x, self.weights[name], self.biases[name])
        if name not in self.free:
            return y
        channel = y.ndim - 1 if isinstance(module, nn.Linear) else 1
        found = y.float().mean([d for d in range(y.ndim) if d != channel])
        if self.watching or name not in self.means:
            self.figures.add(name, found)
            return y
        shift = self.means[name] - found
        self.figures.add(name, shift)
        shape = [-1 if d == channel else 1 for d in range(y.ndim)]
        return y + shift.to(y.dtype).view(shape)

    def norm(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        """Normalise by the statistics of this chunk, and note them."""
        given = cast(NormLayer, module)
        weight, bias = given.weight.float(), given.bias.float()
        y, mean, invstd = torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, given.eps)
        self.figures.add(name, mean, invstd.pow(-2) - given.eps)
        return y


def correctable(program: Program, net: nn.Module) -> set[str]:
    """Layers whose mean output a bias of their own can shift: no batch norm follows."""
    return {
        name
        for name in program.called
        if name not in program.norm_of and cast(Any, net.get_submodule(name)).bias is not None
    }


@torch.no_grad()
def float_means(model: Classifier, calibration: Calibration) -> dict[str, Tensor]:
    """Measure the float model's mean outputs of its correctable layers, once.

    Raises:
        ModelError: its norms are folded: new statistics would come on top of their scales.
    """
    if is_folded(model.net):
        raise ModelError(
            "The model comes from a packed file, which keeps no statistics to correct.",
            "Import the file again, or compress without recalibration.",
        )
    if calibration.means:
        return calibration.means
    program = Program(model)
    if correctable(program, model.net):
        watching = Measuring(program, model.net, calibration.precision, {})
        watching.watching = True
        for chunk in calibration.chunks():
            program.run(watching.input(model.normalise(calibration.tiles[chunk])), 0, watching.call)
        calibration.means |= {name: watching.figures.mean(name)[0] for name in watching.free}
    return calibration.means


@torch.no_grad()
def recalibrate(
    model: Classifier,
    calibration: Calibration,
    program: Program | None = None,
    hooks: Hooks = QUIET,
) -> None:
    """Correct ``model`` in place; ``calibration.means`` must be the float model's."""
    program = program or Program(model)
    measuring = Measuring(program, model.net, calibration.precision, calibration.means)
    for chunk in calibration.chunks():
        hooks.check()
        program.run(measuring.input(model.normalise(calibration.tiles[chunk])), 0, measuring.call)
    figures = measuring.figures
    biases: dict[str, Tensor] = {
        name: model.net.get_parameter(f"{name}.bias") for name in measuring.free
    }
    take_over(model.net, figures, set(figures.sums) - set(biases), biases)


@torch.no_grad()
def take_over(net: nn.Module, figures: Figures, norms: set[str], biases: dict[str, Tensor]) -> None:
    """Write what was measured into ``net``; ``biases`` are those before any correction."""
    for name in norms:
        module: Any = net.get_submodule(name)
        mean, variance = figures.mean(name)
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance.clamp(min=0))
    for name, bias in biases.items():
        net.get_parameter(f"{name}.bias").copy_(bias + figures.mean(name)[0])
