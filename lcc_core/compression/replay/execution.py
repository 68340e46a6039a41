"""One state of a network, ready to run: in which arithmetic, with which weights."""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from lcc_core.compression.replay.program import Program
from lcc_core.models.bases import ConvLayer
from lcc_core.models.device import layout_of, place
from lcc_core.models.layers import weight_in

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}


class Execution:
    """Runs a program with weights that can be exchanged layer by layer.

    ``run`` methods take and give what :meth:`Program.run` does. Subclasses say how a layer and a
    batch norm compute.
    """

    def __init__(self, program: Program, net: nn.Module, precision: str) -> None:
        self.program, self.dtype = program, DTYPES[precision]
        net = copy.deepcopy(net).eval().requires_grad_(False)
        for module in net.modules():
            if getattr(module, "inplace", False):
                cast(Any, module).inplace = False
        placed = place(net.to(self.dtype), torch.device("cpu"))
        self.modules: dict[str, nn.Module] = dict(placed.named_modules())
        self.weights: dict[str, Tensor] = {}
        self.biases: dict[str, Tensor | None] = {}

    def input(self, tiles: Tensor) -> dict[fx.Node, Tensor]:
        """Live values at step 0 from normalised float32 ``tiles`` (N, C, H, W)."""
        return {
            self.program.input: tiles.to(self.dtype).contiguous(memory_format=torch.channels_last)
        }

    def set_weight(self, name: str, weight: Tensor) -> None:
        """Exchange the weight of a layer."""
        form = layout_of(weight)
        self.weights[name] = weight.to(self.dtype).contiguous(memory_format=form)

    def call(self, node: fx.Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Evaluate a step that is a module or an attribute."""
        name = str(node.target)
        if node.op == "get_attr":
            layer, _, attribute = name.rpartition(".")
            if layer in self.weights and attribute == "weight":
                return self.weights[layer]
            value: Any = self.modules[layer]
            return getattr(value, attribute)
        module = self.modules[name]
        if name in self.weights:
            return self.layer(name, module, args[0])
        if name in self.program.norms:
            return self.norm(name, module, args[0])
        if node in self.program.in_place:
            return _activate(module, args[0])
        return module(*args, **kwargs)

    def layer(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        """Compute a compressible layer."""
        return compute(module, x, self.weights[name], self.biases.get(name))

    def norm(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        """Compute a batch norm."""
        return module(x)


def _activate(module: nn.Module, x: Tensor) -> Tensor:
    if isinstance(module, nn.Hardswish):
        return F.hardswish(x, inplace=True)
    return F.relu6(x, inplace=True) if isinstance(module, nn.ReLU6) else torch.relu_(x)


def compute(module: nn.Module, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute a linear or convolution layer with another weight and bias."""
    if isinstance(module, nn.Linear):
        return F.linear(x, weight, bias)
    # It pads as the layer does, and torch has no other name for that.
    forward = cast(ConvLayer, module)._conv_forward  # pyright: ignore[reportPrivateUsage]
    return forward(x, weight, bias)


class Folded(Execution):
    """For evaluation: batch norms are folded into the layers before them."""

    def __init__(self, program: Program, net: nn.Module, precision: str) -> None:
        super().__init__(program, net, precision)
        self._gone = set(program.norm_of.values())
        self._standing: dict[str, tuple[Tensor, Tensor]] = {}
        self.refresh(net, list(program.at), program.norms)

    @torch.no_grad()
    def refresh(self, net: nn.Module, layers: list[str], norms: list[str]) -> None:
        """Take over the weights of ``layers`` and the standing ``norms`` from float32 ``net``."""
        for name in layers:
            module = net.get_submodule(name)
            weight, bias = weight_in(module), getattr(module, "bias", None)
            if norm := self.program.norm_of.get(name):
                scale, shift = affine(net.get_submodule(norm))
                weight = weight * scale.view(-1, *[1] * (weight.ndim - 1))
                bias = shift if bias is None else shift + bias * scale
            self.set_weight(name, weight)
            self.biases[name] = None if bias is None else bias.to(self.dtype)
        for name in norms:
            if name not in self._gone:
                scale, shift = affine(net.get_submodule(name))
                self._standing[name] = scale.to(self.dtype), shift.to(self.dtype)

    def norm(self, name: str, module: nn.Module, x: Tensor) -> Tensor:
        """Apply scale and shift, or nothing where the norm is folded into its layer."""
        if name in self._gone:
            return x
        shape = (1, -1, *[1] * (x.ndim - 2))
        scale, shift = self._standing[name]
        return torch.addcmul(shift.view(shape), x, scale.view(shape))


def affine(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Scale and shift of a batch norm in evaluation, one a channel."""
    given: Any = norm
    scale = given.weight / torch.sqrt(given.running_var + given.eps)
    return scale, given.bias - given.running_mean * scale
