"""How to choose a coreset, and how to train on it. The choice lives in the page's address."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets import METHODS, Coreset, CoresetSettings
from lcc_core.coresets.selection import DEFAULT_METHOD
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.settings import settings_of
from lcc_core.studies import folder
from lcc_core.studies.presets import preset
from lcc_core.tasks.studies import StudyTask
from lcc_core.tasks.training import TrainTask
from lcc_core.training import make_recipe
from pages.ui import axis_controls, jobpanel, session, study_controls, words
from pages.ui.plain import plain
from pages.ui.setting_controls import URL, configured, control

FRACTIONS = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100)
HELP = {
    "steps": "As many steps as on all tiles, so more epochs: what the tiles are worth, not how "
    "little they are trained on.",
    "weights": "Rare classes count more in the loss.",
}
VARIED = ("archs", "coresets", "fractions", "seeds", "bits", "k", "methods", "quantizers")


def settings() -> CoresetSettings:
    """Draw the controls of every method's common settings, and of the chosen method's own."""
    told = {one.name: one for one in settings_of(CoresetSettings)}
    first, second, third, fourth = st.columns([3, 3, 2, 2])
    names = METHODS.names()
    method = first.selectbox(
        told["method"].label,
        names,
        index=names.index(DEFAULT_METHOD),
        key="by",
        help="\n\n".join(f"**{one.name}**: {one.summary}" for one in METHODS),
        bind=URL,
    )
    fraction = second.select_slider(
        "Tiles to keep (%)", FRACTIONS, 10, key="keep", help=told["fraction"].help, bind=URL
    )
    seed = control(told["seed"], third)
    fourth.space("small")
    balanced = control(told["balanced"], fourth, "even")
    own = configured(METHODS[method].config, prefix=f"{method}-")
    return CoresetSettings(method, fraction / 100, balanced, seed, own)


def training(checkpoint: Checkpoint, coreset: Coreset) -> TrainTask | None:
    """The training on the coreset, once it is asked for."""
    told = {one.name: one for one in settings_of(TrainTask)}
    first, second, third, fourth = st.columns(4)
    known = architectures(bool(checkpoint.spec.patch))
    arch = first.selectbox(
        told["arch"].label,
        known,
        index=known.index(checkpoint.arch),
        format_func=lambda a: f"{ARCHITECTURES[a].title} · {ARCHITECTURES[a].weights_m:g} M",
    )
    recipe = make_recipe(arch, tiles=len(coreset.ids))
    epochs = control(told["epochs"], second, f"epochs-{arch}", recipe.epochs, bound=False)
    seed = third.number_input("Seed of the weights", 0, 2**31 - 1, coreset.settings.seed)
    fourth.space("small")
    weighted = control(told["class_weights"], fourth, bound=False)
    equal = control(told["equal_steps"], third, "equal-steps", bound=False)
    if not st.button(f"Train on these {len(coreset.ids):,} tiles", type="primary"):
        return None
    return TrainTask(
        coreset=coreset.name, arch=arch, epochs=epochs, batch=recipe.batch, seed=int(seed),
        class_weights=weighted, equal_steps=equal, resume=True,
    )  # fmt: skip


def study(checkpoint: Checkpoint) -> None:
    """The whole comparison as one study."""
    st.markdown(
        "Trains every architecture on every choice, compresses each model with every plan, and "
        "measures all of them. What was trained or measured before is taken from there, and the "
        "study stands on the Studies page."
    )
    start = preset("coresets").changed(
        name=f"coresets-{checkpoint.id[:6]}", data=checkpoint.data, archs=checkpoint.arch,
        sources=checkpoint.id, fractions=(0.1, 0.05), seeds=(0, 1, 2), methods=("fixed", "laq"),
    )  # fmt: skip
    archs = architectures(bool(checkpoint.spec.patch))
    asked = axis_controls.controls(start, checkpoint.id, {"archs": archs}, VARIED)
    left, middle, right = st.columns(3)
    epochs = left.number_input("Epochs of each training", 1, 1000, 22, key="study-epochs")
    weighted = middle.toggle("Class-weighted loss", key="study-weights", help=HELP["weights"])
    equal = right.toggle("Equal steps", key="study-steps", help=HELP["steps"])
    recipe = {"epochs": int(epochs)} | ({"class_weights": True} if weighted else {})
    study = start.changed(**asked, recipe=recipe, equal_steps=equal)
    if processes := study_controls.start(study, "Run the comparison"):
        place = folder.save(session.home(), study)
        jobpanel.launch(StudyTask(study=place.id, jobs=processes), f"Study {study.name}")
        st.rerun()


def summary(coreset: Coreset) -> str:
    least = min(coreset.class_counts, key=coreset.class_counts.__getitem__)
    return (
        f"**{len(coreset.ids):,} of {coreset.of:,}** training tiles "
        f"({words.percent(len(coreset.ids) / coreset.of)}), {plain(coreset.settings.title)}; "
        f"fewest of {plain(least)}: {coreset.class_counts[least]:,}."
    )
