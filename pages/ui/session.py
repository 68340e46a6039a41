"""What pages load once: cached on ids, never on arrays or weights."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint, find_checkpoint, list_checkpoints
from lcc_core.compression import Compressed, Plan, apply, importance
from lcc_core.compression.importance import LayerImportance
from lcc_core.compression.recalibration import Calibration, calibration_tiles
from lcc_core.compression.structured import Cut, Narrowed, prune_channels
from lcc_core.coresets import Coreset, CoresetSettings, Scores, choose_coreset, scores_of
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.models import Classifier, LayerInfo, ModelSpec, compressible_layers, skeleton
from lcc_core.studies.against import Against, compare
from lcc_core.studies.measured import checkpoint_split
from lcc_core.studies.scene_map import as_scene
from lcc_core.studies.scene_map import throughput as throughput_of
from lcc_core.unreadable import Found


def home() -> Home:
    return Home.find()


def checkpoints() -> Found[Checkpoint]:
    return list_checkpoints(home())


@st.cache_resource(max_entries=4, show_spinner="Opening the tiles …")
def _tiles(name: str, root: str, stamp: float) -> TileSet:
    return load_tiles(name, Home.find(root))


def tiles(name: str) -> TileSet:
    """The stored set, opened once for each import of it."""
    folder = home().tiles / name
    return _tiles(name, str(home().root), folder.stat().st_mtime if folder.is_dir() else 0.0)


@st.cache_data(max_entries=32, show_spinner=False)
def layers(spec: dict) -> list[LayerInfo]:
    """The compressible layers of an architecture, in graph order; no weights are made."""
    return compressible_layers(skeleton(ModelSpec.from_json(spec)))


@st.cache_resource(max_entries=3, show_spinner="Loading the checkpoint …")
def _model(checkpoint_id: str, created: str, root: str) -> Classifier:
    return find_checkpoint(Home.find(root), checkpoint_id).model()


def model(checkpoint: Checkpoint) -> Classifier:
    """The float model; never to be changed."""
    return _model(checkpoint.id, checkpoint.created, str(home().root))


@st.cache_data(max_entries=16, show_spinner="Weighing the layers …")
def _importances(checkpoint_id: str, created: str, root: str) -> list[LayerImportance]:
    return importance(_model(checkpoint_id, created, root))


def importances(checkpoint: Checkpoint) -> list[LayerImportance]:
    """Of the float model's layers, in graph order, at equal weights."""
    return _importances(checkpoint.id, checkpoint.created, str(home().root))


@st.cache_resource(max_entries=3, show_spinner=False)
def _calibration(checkpoint_id: str, created: str, n: int, root: str) -> Calibration:
    """Kept, because the float model's means on it are."""
    checkpoint = find_checkpoint(Home.find(root), checkpoint_id)
    return calibration_tiles(tiles(checkpoint.data), split(checkpoint), n)


@st.cache_resource(max_entries=4, show_spinner="Compressing …")
def _compressed(
    checkpoint_id: str, created: str, plan_id: str, _plan: Plan, root: str
) -> Compressed:
    calibration = None
    if _plan.recalibrate and not _plan.is_float:
        calibration = _calibration(checkpoint_id, created, _plan.recalibrate, root)
    return apply(_model(checkpoint_id, created, root), _plan, calibration)


def compressed(checkpoint: Checkpoint, plan: Plan) -> Compressed:
    return _compressed(checkpoint.id, checkpoint.created, plan.id, plan, str(home().root))


@st.cache_resource(max_entries=4, show_spinner="Scoring the tiles …")
def _scores(checkpoint_id: str, created: str, root: str) -> Scores:
    return scores_of(find_checkpoint(Home.find(root), checkpoint_id).dynamics())


def scores(checkpoint: Checkpoint) -> Scores:
    """Of the training tiles, in the order of the split."""
    return _scores(checkpoint.id, checkpoint.created, str(home().root))


@st.cache_resource(max_entries=32, show_spinner=False)
def _coreset(checkpoint_id: str, created: str, settings: CoresetSettings, root: str) -> Coreset:
    checkpoint = find_checkpoint(Home.find(root), checkpoint_id)
    return choose_coreset(checkpoint, tiles(checkpoint.data), split(checkpoint), settings)


def coreset(checkpoint: Checkpoint, settings: CoresetSettings) -> Coreset:
    return _coreset(checkpoint.id, checkpoint.created, settings, str(home().root))


@st.cache_data(max_entries=32, show_spinner="Timing the model …")
def _throughput(checkpoint_id: str, created: str, root: str) -> float:
    checkpoint = find_checkpoint(Home.find(root), checkpoint_id)
    return throughput_of(model(checkpoint), as_scene(tiles(checkpoint.data)), 1024)


def throughput(checkpoint: Checkpoint) -> float:
    """Pixels of its scene that the model classifies in a second."""
    return _throughput(checkpoint.id, checkpoint.created, str(home().root))


def split(checkpoint: Checkpoint) -> Split:
    return checkpoint_split(checkpoint, tiles(checkpoint.data))


@st.cache_resource(max_entries=8, show_spinner="Ranking the channels …")
def _narrowed(checkpoint_id: str, created: str, cut: Cut, root: str) -> Narrowed:
    return prune_channels(_model(checkpoint_id, created, root), cut)


def narrowed(checkpoint: Checkpoint, cut: Cut) -> Narrowed:
    """The model without the channels that ``cut`` removes; not fine-tuned."""
    return _narrowed(checkpoint.id, checkpoint.created, cut, str(home().root))


@st.cache_resource(max_entries=16, show_spinner="Measuring both models …")
def _against(ids: tuple[str, str], created: tuple[str, str], root: str) -> Against:
    place = Home.find(root)
    one, other = (find_checkpoint(place, name) for name in ids)
    return compare(place, one, other, tiles(one.data), split(one))


def against(source: Checkpoint, result: Checkpoint) -> Against:
    return _against((source.id, result.id), (source.created, result.created), str(home().root))
