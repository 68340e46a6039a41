"""What the pages ask of workers, a class for each kind of work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Compressed, Plan, importance
from lcc_core.compression.layer_importance import LayerImportance
from lcc_core.compression.search import SearchSettings
from lcc_core.errors import CheckpointError
from lcc_core.export import EXPORTERS
from lcc_core.hooks import Hooks, Progress
from lcc_core.measure.cost import latencies_ms
from lcc_core.measure.measurement import Measurement
from lcc_core.models import weight_of
from lcc_core.results.against import Against, compare
from lcc_core.results.measured import cached_measurement, estimate, measure_plan, packed_content
from lcc_core.results.predicted import Predictions, predictions
from lcc_core.results.previewed import Preview, preview_pruning
from lcc_core.results.scene_map import SceneMap, as_scene, mapped, throughput
from lcc_core.results.searched import rivals
from lcc_core.workers.request import Request
from lcc_core.workspace import Workspace

ESTIMATE = "estimate"  # stage of the report that brings a first estimate
BINS = 121


@dataclass(frozen=True)
class OfCheckpoint(Request):
    """Work on one stored checkpoint; ``created`` tells it from another training of its id."""

    checkpoint: str
    created: str

    @property
    def subject(self) -> str:
        return self.checkpoint

    def open(self, workspace: Workspace) -> Checkpoint:
        return _open(workspace, self.checkpoint, self.created)


@dataclass(frozen=True)
class OfPlan(OfCheckpoint):
    """Work on a checkpoint with a plan applied."""

    plan: Plan

    def compressed(self, workspace: Workspace, hooks: Hooks) -> Compressed:
        return workspace.compressed(self.open(workspace), self.plan, hooks)


def _open(workspace: Workspace, identity: str, created: str) -> Checkpoint:
    found = workspace.checkpoint(identity)
    if found.created != created:
        raise CheckpointError(
            f"Checkpoint {identity} was trained again meanwhile.", "Reload the page."
        )
    return found


@dataclass(frozen=True)
class Importances(OfCheckpoint):
    """Importance of the float model's layers, in graph order, at equal weights."""

    def run(self, workspace: Workspace, hooks: Hooks) -> list[LayerImportance]:
        return importance(workspace.model(self.open(workspace)))


@dataclass(frozen=True)
class MeasurePlan(OfPlan):
    """A measurement on the test part. A lasting report brings a first estimate on the way there.

    Its figures: ``oa``, ``low`` and ``high`` (95 %), and ``where``: on which tiles, in words.
    """

    def run(self, workspace: Workspace, hooks: Hooks) -> Measurement:
        checkpoint = self.open(workspace)
        if found := cached_measurement(workspace.home, checkpoint, self.plan):
            return found
        tiles, split = workspace.tiles(checkpoint.data), workspace.split(checkpoint)
        compressed = self.compressed(workspace, hooks)
        first = estimate(compressed, tiles, split)
        low, high = first.interval
        figures = {"oa": first.oa, "low": low, "high": high, "where": first.where}
        hooks.progress(Progress(ESTIMATE, 0, len(split.test), figures=figures, lasting=True))
        return measure_plan(workspace, checkpoint, self.plan, hooks=hooks)


@dataclass(frozen=True)
class PackPlan(OfPlan):
    """The packed file of a measured plan: the one that its row is of."""

    part: str
    precision: str

    def run(self, workspace: Workspace, hooks: Hooks) -> bytes:
        checkpoint = self.open(workspace)
        content, _ = packed_content(
            workspace, checkpoint, self.plan, self.part, self.precision, hooks
        )
        return content


@dataclass(frozen=True)
class Export(OfPlan):
    """The compressed model in another ``format``, for tiles of its data set's size."""

    format: str

    def run(self, workspace: Workspace, hooks: Hooks) -> bytes:
        size = workspace.tiles(self.open(workspace).data).size
        exporter = EXPORTERS[self.format]
        return exporter.content(exporter.config(), self.compressed(workspace, hooks).model, size)


@dataclass(frozen=True, eq=False)
class Histogram:
    """Weights of a layer on common bins: ``edges`` (121 + 1), counts before and after (121,)."""

    edges: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class WeightHistogram(OfPlan):
    """How a layer's weights lie before and after compression."""

    layer: str

    def run(self, workspace: Workspace, hooks: Hooks) -> Histogram:
        after = self.compressed(workspace, hooks).model
        before, later = (
            weight_of(model, self.layer).detach().numpy().ravel()
            for model in (workspace.model(self.open(workspace)), after)
        )
        reach = float(np.abs(before).max()) or 1.0
        counts, edges = np.histogram(before, BINS, (-reach, reach))
        return Histogram(edges, counts, np.histogram(later, edges)[0])


@dataclass(frozen=True)
class FixedRivals(OfCheckpoint):
    """The fixed settings just above and just below the size that a search found."""

    row: Measurement
    settings: SearchSettings

    def run(self, workspace: Workspace, hooks: Hooks) -> list[Measurement]:
        return rivals(workspace, self.open(workspace), self.row, self.settings, hooks)


@dataclass(frozen=True)
class Answers(OfPlan):
    """What a compressed model says of every tile of a part."""

    part: str
    precision: str

    def run(self, workspace: Workspace, hooks: Hooks) -> Predictions:
        checkpoint = self.open(workspace)
        return predictions(workspace, checkpoint, self.plan, self.part, self.precision, hooks)


@dataclass(frozen=True)
class LatenciesInTurn(Request):
    """Milliseconds a tile of several compressed models, measured in turn on one core.

    ``models``: of tiles of one size.
    """

    models: tuple[OfPlan, ...]
    asked: float  # a clock's reading: each time it is asked for it is measured anew

    def run(self, workspace: Workspace, hooks: Hooks) -> list[float]:
        size = workspace.tiles(self.models[0].open(workspace).data).size
        models = [one.compressed(workspace, hooks).model for one in self.models]
        return latencies_ms(models, size, runs=40)


@dataclass(frozen=True)
class DrawMap(OfPlan):
    """The answer at every pixel of a scene."""

    def run(self, workspace: Workspace, hooks: Hooks) -> SceneMap:
        return mapped(workspace, self.open(workspace), self.plan, hooks)


@dataclass(frozen=True)
class PixelsPerSecond(OfCheckpoint):
    """How fast the float model classifies pixels of its scene."""

    def run(self, workspace: Workspace, hooks: Hooks) -> float:
        checkpoint = self.open(workspace)
        scene = as_scene(workspace.tiles(checkpoint.data))
        return throughput(workspace.model(checkpoint), scene, 1024)


@dataclass(frozen=True)
class PreviewPruning(OfCheckpoint):
    """What removing channels would leave."""

    pruning: ChannelPruning

    def run(self, workspace: Workspace, hooks: Hooks) -> Preview:
        checkpoint = self.open(workspace)
        size = workspace.tiles(checkpoint.data).size
        return preview_pruning(workspace.model(checkpoint), self.pruning, size)


@dataclass(frozen=True)
class CompareNarrowed(OfCheckpoint):
    """A narrowed model against the one it came from: accuracy, sizes and latency in turn."""

    result: str
    result_created: str

    def run(self, workspace: Workspace, hooks: Hooks) -> Against:
        source = self.open(workspace)
        result = _open(workspace, self.result, self.result_created)
        return compare(workspace, source, result, hooks=hooks.silent)
