"""Distillation: a teacher, a student, and how much one listens to the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets.coreset import Coreset, list_coresets
from lcc_core.data.catalog import stored
from lcc_core.data.splits import same_split
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.plaintext import visible
from lcc_core.settings import settings_of
from lcc_core.tasks.distilling import DistilTask
from lcc_core.training.recipe import make_recipe
from pages.ui import jobpanel, session, words
from pages.ui.channel_controls import fits
from pages.ui.setting_controls import control

SCRATCH, CHECKPOINT, NARROWED = "from scratch", "a checkpoint", "the teacher, narrowed"
ALL = "all training tiles"
ABOUT_TILES = "What the student learns from: all training tiles, or those of a coreset."


def show() -> None:
    models = {item.id: item for item in session.checkpoints()}
    told = {one.name: one for one in settings_of(DistilTask)}
    left, middle, right = st.columns(3)
    asked: dict[str, Any] = {
        "mode": control(told["mode"], left),
        "tau": control(replace(told["tau"], low=1.0, high=20.0, step=0.5), middle),
        "weight": control(replace(told["weight"], step=0.05), right),
    }
    teacher: Checkpoint | None = None
    if asked["mode"] != "self":
        choices = [*models, *(ARCHITECTURES.names() if asked["mode"] == "online" else ())]
        if not choices:
            st.info("Train a teacher first.")
            return
        asked["teacher"] = left.selectbox(
            told["teacher"].label,
            choices,
            format_func=lambda one: _title(one, models),
            key="teacher",
        )
        teacher = models.get(asked["teacher"])
    kinds = [SCRATCH] + [CHECKPOINT] * bool(models) + [NARROWED] * bool(teacher)
    kind = middle.selectbox("Student", kinds, key="student")
    arch, known, student = _student(kind, teacher, models, right)
    if known is None:
        names = [info.name for info in stored(session.home())] or ["demo"]
        data = left.selectbox("Data set", names, format_func=visible, key="distil-data")
    else:
        data = known.data
    coreset = _coreset(data, known, middle)
    recipe = make_recipe(arch, tiles=len(coreset.ids) if coreset else _tiles(data))
    asked |= student | {
        "coreset": coreset.name if coreset else None,
        "data": None if known or coreset else data,
        "epochs": control(
            told["epochs"], right, f"distil-epochs-{arch}", recipe.epochs, bound=False
        ),
        "seed": control(told["seed"], left, "distil-seed", bound=False),
    }
    if st.button("Distil", type="primary"):
        origin = f" from {teacher.arch}" if teacher else ""
        title = f"{arch} learning{origin}, {asked['mode']}"
        jobpanel.launch(DistilTask(resume=True, **asked), title)


def _student(
    kind: str,
    teacher: Checkpoint | None,
    models: dict[str, Checkpoint],
    cell: DeltaGenerator,
) -> tuple[str, Checkpoint | None, dict[str, Any]]:
    """The student's architecture, a checkpoint that knows the tiles, and what the task is told."""
    if kind == SCRATCH:
        choices = (
            architectures(teacher.spec.patch is not None) if teacher else ARCHITECTURES.names()
        )
        arch = cell.selectbox("Architecture", choices, format_func=_size, key="distil-arch")
        return arch, teacher, {"arch": arch}
    if kind == NARROWED and teacher:
        percent = cell.slider("Channels to remove (%)", 0, 90, 50, 5, key="distil-ratio")
        return teacher.arch, teacher, {"ratio": percent / 100}
    others = {i: one for i, one in models.items() if teacher is None or fits(one, teacher)}
    name = cell.selectbox(
        "Starts from", list(others), format_func=lambda one: _title(one, models), key="distil-from"
    )
    return models[name].arch, models[name], {"student": name}


def _coreset(data: str, known: Checkpoint | None, cell: DeltaGenerator) -> Coreset | None:
    """One of the tiles at hand, whose test part no model has learnt from."""
    fitting = {
        one.name: one
        for one in list_coresets(session.home())
        if one.data == data and (known is None or _of_split(one, known))
    }
    name = cell.selectbox(
        "Tiles", [ALL, *fitting], format_func=visible, key="distil-tiles", help=ABOUT_TILES
    )
    return fitting.get(name)


def _of_split(coreset: Coreset, checkpoint: Checkpoint) -> bool:
    same = same_split(coreset.split_facts, checkpoint.split)
    return same and coreset.fingerprint == checkpoint.fingerprint


def _tiles(data: str) -> int:
    count = next((info.tiles for info in stored(session.home()) if info.name == data), 3000)
    return round(0.64 * count)


def _size(arch: str) -> str:
    return f"{ARCHITECTURES[arch].title} · {ARCHITECTURES[arch].weights_m:g} M"


def _title(name: str, models: dict[str, Checkpoint]) -> str:
    return words.checkpoint(models[name]) if name in models else f"{_size(name)}, from scratch"
