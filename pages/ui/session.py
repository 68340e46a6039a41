"""What pages load once: cached on ids, never on arrays or weights."""

from __future__ import annotations

import streamlit as st

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.split import checkpoint_split
from lcc_core.checkpoints.store import Checkpoint, find_checkpoint, list_checkpoints
from lcc_core.compression import Plan
from lcc_core.compression.layer_importance import LayerImportance
from lcc_core.coresets import Coreset, CoresetSettings, Scores, choose_coreset
from lcc_core.data.catalog import load_tiles
from lcc_core.data.splits import Split
from lcc_core.data.tiles import TileSet
from lcc_core.files import Home
from lcc_core.models import Classifier, LayerInfo, ModelSpec, compressible_layers, skeleton
from lcc_core.results.against import Against
from lcc_core.results.previewed import Preview
from lcc_core.unreadable import Found
from lcc_core.workers.requests import (
    CompareNarrowed,
    Importances,
    PackPlan,
    PixelsPerSecond,
    PreviewPruning,
)
from pages.ui import work


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
    return compressible_layers(_skeleton(spec))


@st.cache_resource(max_entries=32, show_spinner=False)
def _skeleton(spec: dict) -> Classifier:
    return skeleton(ModelSpec.from_json(spec))


def structure(checkpoint: Checkpoint) -> Classifier:
    """The checkpoint's network without its weights: for whoever asks about layers."""
    return _skeleton(checkpoint.spec.to_json())


def importances(checkpoint: Checkpoint) -> list[LayerImportance]:
    """Of the float model's layers, in graph order, at equal weights."""
    return work.ask(Importances(checkpoint.id, checkpoint.created), spinner="Weighing the layers …")


def packed_file(checkpoint: Checkpoint, plan: Plan, part: str, precision: str) -> bytes:
    """The file to take home of a plan that was measured: the one that its row is of."""
    return work.made(PackPlan(checkpoint.id, checkpoint.created, plan, part, precision))


@st.cache_resource(max_entries=4, show_spinner="Scoring the tiles …")
def _scores(checkpoint_id: str, created: str, root: str, settings: CoresetSettings) -> Scores:
    dynamics = find_checkpoint(Home.find(root), checkpoint_id).dynamics()
    return settings.entry.scores(settings.own, dynamics)


def scores(checkpoint: Checkpoint, settings: CoresetSettings) -> Scores:
    """Score the training tiles, in the order of the split, as ``settings`` do."""
    same = CoresetSettings(settings.method, own=settings.own)  # what else is asked changes none
    return _scores(checkpoint.id, checkpoint.created, str(home().root), same)


@st.cache_resource(max_entries=32, show_spinner=False)
def _coreset(checkpoint_id: str, created: str, settings: CoresetSettings, root: str) -> Coreset:
    checkpoint = find_checkpoint(Home.find(root), checkpoint_id)
    return choose_coreset(checkpoint, tiles(checkpoint.data), split(checkpoint), settings)


def coreset(checkpoint: Checkpoint, settings: CoresetSettings) -> Coreset:
    return _coreset(checkpoint.id, checkpoint.created, settings, str(home().root))


def throughput(checkpoint: Checkpoint) -> float:
    """Pixels of its scene that the model classifies in a second."""
    asked = PixelsPerSecond(checkpoint.id, checkpoint.created)
    return work.ask(asked, spinner="Timing the model …")


def split(checkpoint: Checkpoint) -> Split:
    return checkpoint_split(checkpoint, tiles(checkpoint.data))


def preview(checkpoint: Checkpoint, pruning: ChannelPruning) -> Preview:
    """What is left without the channels that ``pruning`` removes; not fine-tuned."""
    asked = PreviewPruning(checkpoint.id, checkpoint.created, pruning)
    return work.ask(asked, spinner="Ranking the channels …")


def against(source: Checkpoint, result: Checkpoint) -> Against:
    asked = CompareNarrowed(source.id, source.created, result.id, result.created)
    return work.ask(asked, spinner="Measuring both models …")
