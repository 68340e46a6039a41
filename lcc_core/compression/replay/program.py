"""A network as the list of its operations, traced once, that can be run from any point on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

from torch import fx, nn
from torch.fx.node import map_arg

from lcc_core.models import Classifier, compressible_layers
from lcc_core.models.bases import ConvLayer, NormLayer
from lcc_core.models.tracing import graph_of

Values = dict[fx.Node, Any]
# How a module or an attribute is evaluated.
Call = Callable[[fx.Node, tuple[Any, ...], dict[str, Any]], Any]
# What the tracer met in place is run out of place: a kept value must stay as it was.
OUT_OF_PLACE = {operator.iadd: operator.add, operator.imul: operator.mul}


class Program:
    """The operations of ``model.net`` in order.

    ``live(step)`` are the values that the steps from that index on need from those before.
    ``at`` is the first step that uses a layer's weight. ``norm_of`` maps a layer to the batch norm
    that alone reads its output.
    """

    def __init__(self, model: Classifier) -> None:
        layers = [layer.name for layer in compressible_layers(model)]
        modules = dict(model.net.named_modules())
        nodes = list(graph_of(model).nodes)
        self.input = next(node for node in nodes if node.op == "placeholder")
        self.output = next(node for node in nodes if node.op == "output").args[0]
        moving = {self.input}
        for node in nodes:
            if any(source in moving for source in node.all_input_nodes):
                moving.add(node)
        # Values that no tile reaches (weights read as attributes) are never kept.
        self.fixed = [n for n in nodes if n not in moving and n.op not in ("placeholder", "output")]
        self.steps = [n for n in nodes if n in moving and n.op not in ("placeholder", "output")]
        self.index = {node: i for i, node in enumerate(self.steps)}
        self.last_use = {
            node: max((self.index.get(user, len(self.steps)) for user in node.users), default=-1)
            for node in (self.input, *self.steps)
        }
        self.last_use[self.output] = len(self.steps)
        self._frees: dict[int, list[fx.Node]] = {}
        for node, last in self.last_use.items():
            self._frees.setdefault(last, []).append(node)
        self.at = self._first_uses(set(layers))
        self.position = {str(s.target): self.index[s] for s in reversed(self._calls())}
        self.called = [name for name in layers if name in self.position]
        self.norm_of = self._norms(modules, set(layers))
        self.norms = [
            str(step.target)
            for step in self._calls()
            if isinstance(modules[str(step.target)], NormLayer)
        ]
        self.in_place = self._in_place(modules)

    def _calls(self) -> list[fx.Node]:
        return [step for step in self.steps if step.op == "call_module"]

    def _first_uses(self, layers: set[str]) -> dict[str, int]:
        at: dict[str, int] = {}
        for step in self.steps:
            names = [str(step.target)] if step.op == "call_module" else []
            names += [
                str(source.target).rpartition(".")[0]
                for source in step.all_input_nodes
                if source.op == "get_attr"
            ]
            for name in set(names) & layers:
                at.setdefault(name, self.index[step])
        return {name: at.get(name, len(self.steps)) for name in layers}

    def _norms(self, modules: Mapping[str, nn.Module], layers: set[str]) -> dict[str, str]:
        targets = [step.target for step in self._calls()]
        found = {}
        for step in self._calls():
            users = list(step.users)
            if (
                step.target in layers
                and targets.count(step.target) == 1
                and len(users) == 1
                and users[0].op == "call_module"
                and isinstance(modules[str(users[0].target)], NormLayer)
                and targets.count(users[0].target) == 1
            ):
                found[str(step.target)] = str(users[0].target)
        return found

    def _in_place(self, modules: Mapping[str, nn.Module]) -> set[fx.Node]:
        """ReLUs that may overwrite their input: nobody else reads it and it is never kept."""
        found = set()
        for step in self._calls():
            if not isinstance(modules[str(step.target)], (nn.ReLU, nn.ReLU6, nn.Hardswish)):
                continue
            source = cast(fx.Node, step.args[0])
            # A batch norm may be folded away and hand on its own input.
            if _is_call(source, modules, NormLayer) and len(source.users) == 1:
                source = cast(fx.Node, source.args[0])
            made = source.target in (operator.iadd, operator.add) or _is_call(
                source, modules, (nn.Linear, ConvLayer)
            )
            if made and len(source.users) == 1 and self.index[step] - self.index[source] <= 2:
                found.add(step)
        return found

    def live(self, step: int) -> tuple[fx.Node, ...]:
        """Values made before the step of that index that are used at or after it."""
        return tuple(
            node
            for node, last in self.last_use.items()
            if self.index.get(node, -1) < step and last >= step
        )

    def run(
        self,
        values: Values,
        start: int,
        call: Call,
        stop: int | None = None,
        wanted: frozenset[fx.Node] = frozenset(),
    ) -> tuple[Any, Values]:
        """Run the steps ``start``…``stop`` on the live ``values``.

        Returns the network's output (``None`` before the end) and the ``wanted`` values met.
        """
        values = dict(values)
        kept = {node: value for node, value in values.items() if node in wanted}
        for node in self.fixed:
            values[node] = self._do(node, values, call)
        stop = len(self.steps) if stop is None else stop
        for index in range(start, stop):
            node = self.steps[index]
            value = values[node] = self._do(node, values, call)
            if node in wanted:
                kept[node] = value
            for done in self._frees.get(index, ()):
                values.pop(done, None)
        return values.get(self.output), kept

    def _do(self, node: fx.Node, values: Values, call: Call) -> Any:
        args = cast(tuple[Any, ...], map_arg(node.args, values.__getitem__))
        kwargs = cast(dict[str, Any], map_arg(node.kwargs, values.__getitem__))
        if node.op in ("call_module", "get_attr"):
            return call(node, args, kwargs)
        if node.op == "call_method":
            name = str(node.target)
            name = name[:-1] if name.endswith("_") and not name.endswith("__") else name
            return getattr(args[0], name)(*args[1:], **kwargs)
        if kwargs.get("inplace"):
            kwargs = kwargs | {"inplace": False}
        function = cast(Callable[..., Any], node.target)
        return OUT_OF_PLACE.get(function, function)(*args, **kwargs)


def _is_call(node: fx.Node, modules: Mapping[str, nn.Module], kinds: Any) -> bool:
    return node.op == "call_module" and isinstance(modules[str(node.target)], kinds)
