"""Distillation: a teacher, a student, and how much one listens to the other."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets.coreset import Coreset, list_coresets
from lcc_core.data.catalog import stored
from lcc_core.data.splits import same_split
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.plaintext import visible
from lcc_core.training.distil import MODES
from lcc_core.training.recipe import make_recipe
from pages.ui import jobpanel, session, words
from pages.ui.channel_controls import fits
from pages.ui.setting_controls import URL

SCRATCH, CHECKPOINT, NARROWED = "from scratch", "a checkpoint", "the teacher, narrowed"
ALL = "all training tiles"
HELP = {
    "mode": "offline: the teacher is frozen. online: teacher and student learn from each other. "
    "self: the student learns from itself as it was an epoch ago.",
    "tau": "How soft the answers are that the student is drawn to.",
    "weight": "Of the teacher's answers in the loss; the rest is the labels'.",
    "tiles": "What the student learns from: all training tiles, or those of a coreset.",
}


def show() -> None:
    models = {item.id: item for item in session.checkpoints()}
    left, middle, right = st.columns(3)
    mode = left.selectbox("Mode", MODES, key="mode", help=HELP["mode"], bind=URL)
    tau = middle.slider("Temperature τ", 1.0, 20.0, 4.0, 0.5, key="tau", help=HELP["tau"], bind=URL)
    weight = right.slider(
        "Weight λ", 0.0, 1.0, 0.5, 0.05, key="weight", help=HELP["weight"], bind=URL
    )
    argv = ["distil", "--mode", mode, "--tau", f"{tau:g}", "--weight", f"{weight:g}"]
    teacher: Checkpoint | None = None
    if mode != "self":
        choices = [*models, *(ARCHITECTURES.names() if mode == "online" else ())]
        if not choices:
            st.info("Train a teacher first.")
            return
        name = left.selectbox(
            "Teacher", choices, format_func=lambda one: _title(one, models), key="teacher"
        )
        teacher = models.get(name)
        argv += ["--teacher", name]
    kinds = [SCRATCH] + [CHECKPOINT] * bool(models) + [NARROWED] * bool(teacher)
    kind = middle.selectbox("Student", kinds, key="student")
    arch, known = _student(kind, teacher, models, right, argv)
    if known is None:
        names = [info.name for info in stored(session.home())] or ["demo"]
        data = left.selectbox("Data set", names, format_func=visible, key="distil-data")
    else:
        data = known.data
    coreset = _coreset(data, known, middle)
    argv += ["--coreset", coreset.name] if coreset else []
    argv += [] if known or coreset else ["--data", data]
    recipe = make_recipe(arch, tiles=len(coreset.ids) if coreset else _tiles(data))
    epochs = right.number_input("Epochs", 1, 1000, recipe.epochs, key=f"distil-epochs-{arch}")
    seed = left.number_input("Seed", 0, 2**31 - 1, 0, key="distil-seed")
    argv += ["--epochs", str(int(epochs)), "--seed", str(int(seed)), "--resume"]
    if st.button("Distil", type="primary"):
        origin = f" from {teacher.arch}" if teacher else ""
        jobpanel.launch(argv, f"{arch} learning{origin}, {mode}")


def _student(
    kind: str,
    teacher: Checkpoint | None,
    models: dict[str, Checkpoint],
    cell: st.delta_generator.DeltaGenerator,
    argv: list[str],
) -> tuple[str, Checkpoint | None]:
    """The student's architecture, and a checkpoint that knows the tiles; ``argv`` names it."""
    if kind == SCRATCH:
        choices = (
            architectures(teacher.spec.patch is not None) if teacher else ARCHITECTURES.names()
        )
        arch = cell.selectbox("Architecture", choices, format_func=_size, key="distil-arch")
        argv += ["--arch", arch]
        return arch, teacher
    if kind == NARROWED and teacher:
        percent = cell.slider("Channels to remove (%)", 0, 90, 50, 5, key="distil-ratio")
        argv += ["--ratio", f"{percent / 100:g}"]
        return teacher.arch, teacher
    others = {i: one for i, one in models.items() if teacher is None or fits(one, teacher)}
    name = cell.selectbox(
        "Starts from", list(others), format_func=lambda one: _title(one, models), key="distil-from"
    )
    argv += ["--student", name]
    return models[name].arch, models[name]


def _coreset(
    data: str, known: Checkpoint | None, cell: st.delta_generator.DeltaGenerator
) -> Coreset | None:
    """One of the tiles at hand, whose test part no model has learnt from."""
    fitting = {
        one.name: one
        for one in list_coresets(session.home())
        if one.data == data and (known is None or _of_split(one, known))
    }
    name = cell.selectbox(
        "Tiles", [ALL, *fitting], format_func=visible, key="distil-tiles", help=HELP["tiles"]
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
