"""A narrowed model beside the one it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.plan import Plan
from lcc_core.hooks import QUIET, Hooks
from lcc_core.measure.cost import latencies_ms
from lcc_core.measure.measurement import Measurement
from lcc_core.models import ModelSpec, compressible_layers, skeleton
from lcc_core.models.widths import widths
from lcc_core.results.measured import measure_plan
from lcc_core.workspace import Workspace

BATCHES = (1, 64)


@dataclass(frozen=True)
class LayerWidth:
    """Output channels of one layer: ``kept`` of the architecture's ``of``."""

    layer: str
    kept: int
    of: int


@dataclass(frozen=True)
class Against:
    """Float measurements of both on the same tiles.

    ``latency_ms``: batch → (source, result), the fastest of several runs in turn, on one core.
    """

    source: Measurement
    result: Measurement
    latency_ms: dict[int, tuple[float, float]]

    def ratios(self) -> dict[str, float]:
        """How many times less the result takes."""
        one, other = self.source, self.result
        found = {
            "parameters": one.parameters / other.parameters,
            "macs": one.macs / other.macs,
            "float_bytes": one.float_bytes / other.float_bytes,
            "bytes": one.bytes / other.bytes,
        }
        return found | {f"latency, batch {n}": a / b for n, (a, b) in self.latency_ms.items()}

    def to_json(self) -> dict[str, Any]:
        """Both measurements, latencies and ratios."""
        return {
            "source": self.source.to_json(),
            "result": self.result.to_json(),
            "latency_ms": {str(n): list(pair) for n, pair in self.latency_ms.items()},
            "ratios": self.ratios(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Against:
        source, result = (Measurement.from_json(content[name]) for name in ("source", "result"))
        pairs = {int(n): (one, other) for n, (one, other) in content["latency_ms"].items()}
        return cls(source, result, pairs)


def layer_widths(spec: ModelSpec) -> list[LayerWidth]:
    """Every compressible layer's output channels against the plain architecture's."""
    plain = skeleton(replace(spec, channels={}))
    before = widths(plain.net)
    return [
        LayerWidth(name, spec.channels.get(name, before[name])[1], before[name][1])
        for name in (layer.name for layer in compressible_layers(plain))
    ]


def compare(
    workspace: Workspace,
    source: Checkpoint,
    result: Checkpoint,
    runs: int = 40,
    hooks: Hooks = QUIET,
) -> Against:
    """Measure accuracy, parameters, MACs and bytes of both, and their latency side by side."""
    both = (source, result)
    plan = Plan({}, method="float")
    rows = [measure_plan(workspace, one, plan, hooks=hooks.silent) for one in both]
    models, size = [workspace.model(one) for one in both], workspace.tiles(source.data).size
    latency: dict[int, tuple[float, float]] = {}
    for batch in BATCHES:
        first, second = latencies_ms(models, size, runs, batch)
        latency[batch] = (first, second)
    return Against(rows[0], rows[1], latency)


def widths_json(spec: ModelSpec) -> list[dict[str, Any]]:
    """List the widths of all layers in the types of JSON."""
    return [asdict(one) for one in layer_widths(spec)]
