"""The operations of a network as a graph, traced while other threads go on running networks.

``torch.fx`` replaces ``nn.Module.__call__`` and ``__getattr__`` for the whole process while it
traces. Its own tracer takes every call for its network's, whichever thread makes it. Here one
thread traces at a time, and calls from all others pass through to the module untouched.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import fx, nn

from lcc_core.models.classifier import Classifier

KEPT = 32  # graphs; a graph holds names and no weights
_tracing = threading.Lock()
_graphs: OrderedDict[str, fx.Graph] = OrderedDict()


class _ThreadTracer(fx.Tracer):
    """Traces what its own thread calls; the calls of other threads are none of its business."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        if threading.get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def trace(net: nn.Module) -> fx.Graph:
    """Trace ``net`` symbolically; safe while other threads run, trace or build networks.

    Args:
        net: any network that ``torch.fx`` can trace.

    Returns:
        Its graph. Nodes name modules and attributes; no weights are kept.
    """
    with _tracing:
        return _ThreadTracer().trace(net)


def graph_of(model: Classifier) -> fx.Graph:
    """Trace the graph of ``model.net``, once for each architecture and shared by all threads.

    Two models of one spec with the same modules under the same names have one graph. It is for
    reading only.
    """
    key = _structure(model)
    with _tracing:
        if key in _graphs:
            _graphs.move_to_end(key)
            return _graphs[key]
        graph = _ThreadTracer().trace(model.net)
        _graphs[key] = graph
        while len(_graphs) > KEPT:
            _graphs.popitem(last=False)
        return graph


def _structure(model: Classifier) -> str:
    # Gates of attention stand in no spec, so the modules count too.
    modules = [[name, type(module).__qualname__] for name, module in model.net.named_modules()]
    return json.dumps([model.spec.to_json(), modules], sort_keys=True)
