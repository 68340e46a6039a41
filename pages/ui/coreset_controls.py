"""How to choose a coreset, and how to train on it. The choice lives in the page's address."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets import METHODS, Coreset, CoresetSettings
from lcc_core.coresets.scores import AUMS
from lcc_core.models import ARCHITECTURES, readers
from lcc_core.settings import settings_of
from lcc_core.studies.coreset_study import KNOWN_METHODS, STUDY_METHODS
from lcc_core.tasks.studies import CoresetStudyTask
from lcc_core.tasks.training import TrainTask
from lcc_core.training import make_recipe
from pages.ui import jobpanel, words
from pages.ui.controls import URL
from pages.ui.plain import plain
from pages.ui.setting_controls import control

FRACTIONS = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100)
HELP = {
    "method": "random. forgetting: most often unlearnt first. margin: those between two classes "
    "first. ccs: coverage-centric, equally many from easy to hard, without the hardest.",
    "fraction": "Of the training tiles. Validation and test tiles stay as they are.",
    "balanced": "Equally many tiles of each class.",
    "seed": "Breaks ties, and draws where the method draws.",
    "beta": "Share of the hardest tiles that ccs leaves out. They are often wrong labels.",
    "aum": "Of the logits, as the paper of the area under the margin has it, or of probabilities.",
    "steps": "As many steps as on all tiles, so more epochs: what the tiles are worth, not how "
    "little they are trained on.",
    "weights": "Rare classes count more in the loss.",
}


def settings() -> CoresetSettings:
    first, second, third, fourth = st.columns([3, 3, 2, 2])
    method = first.selectbox(
        "Method", METHODS, index=METHODS.index("ccs"), key="by", help=HELP["method"], bind=URL
    )
    fraction = second.select_slider(
        "Tiles to keep (%)", FRACTIONS, 10, key="keep", help=HELP["fraction"], bind=URL
    )
    seed = third.number_input("Seed", 0, 2**31 - 1, 0, key="seed", help=HELP["seed"], bind=URL)
    fourth.space("small")
    balanced = fourth.toggle("Class-balanced", key="even", help=HELP["balanced"], bind=URL)
    chosen = CoresetSettings(method, fraction / 100, balanced, int(seed))
    if method != "ccs":
        return chosen
    first, second = st.columns([2, 1])
    aum = second.selectbox("Area under the margin of", AUMS, key="aum", help=HELP["aum"], bind=URL)
    beta = first.slider(
        "Hardest left out (%)",
        0,
        90,
        round(100 * chosen.hardest),
        5,
        key=f"beta-{fraction}",
        help=HELP["beta"],
    )
    own = None if beta == round(100 * chosen.hardest) else beta / 100
    return CoresetSettings(method, fraction / 100, balanced, int(seed), own, aum)


def training(checkpoint: Checkpoint, coreset: Coreset) -> TrainTask | None:
    """The training on the coreset, once it is asked for."""
    told = {one.name: one for one in settings_of(TrainTask)}
    first, second, third, fourth = st.columns(4)
    known = readers(bool(checkpoint.spec.patch))
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
    """The whole comparison as one piece of work."""
    st.markdown(
        "Trains every architecture on every choice, compresses each model with every plan, and "
        "measures all of them. What was trained or measured before is taken from there."
    )
    left, right = st.columns(2)
    archs = left.multiselect(
        "Architectures", readers(bool(checkpoint.spec.patch)), [checkpoint.arch]
    )
    methods = right.multiselect("Methods", KNOWN_METHODS, STUDY_METHODS)
    fractions = left.multiselect("Tiles to keep (%)", FRACTIONS, [10, 5])
    seeds = right.slider("Seeds", 1, 5, 3, help="Each training and each choice once a seed.")
    bits = left.multiselect("Bits", [32, 8, 7, 6, 5, 4, 3, 2, 1], [32, 4])
    strengths = right.multiselect("Pruning k (σ)", [0.0, 0.25, 0.5, 1.0, 1.5], [0.0])
    searches = left.multiselect("Searches", ["laq", "lap", "laq+lap", "size"], ["laq"])
    epochs = right.number_input("Epochs of each training", 1, 1000, 22, key="study-epochs")
    weighted = left.toggle("Class-weighted loss", key="study-weights", help=HELP["weights"])
    paper = right.toggle(
        "The papers' quantizer", help="One scale a layer, from the largest weight."
    )
    equal = right.toggle("Equal steps", key="study-steps", help=HELP["steps"])
    if not (archs and methods and fractions and bits and strengths):
        st.info("Choose at least one of each.")
        return
    models = len(archs) * seeds * sum(1 if f == 100 else len(methods) for f in fractions)
    plans = len(bits) * len(strengths) + len(searches)
    st.markdown(f"**{models} trainings, {models * plans} measurements.**")
    if st.button("Run the comparison"):
        task = CoresetStudyTask(
            data=checkpoint.data,
            source=checkpoint.id,
            arch=tuple(archs),
            methods=tuple(methods),
            fractions=tuple(percent / 100 for percent in fractions),
            seeds=tuple(range(seeds)),
            bits=tuple(bits),
            k=tuple(strengths),
            search=tuple(searches) or None,
            epochs=int(epochs),
            class_weights=weighted,
            paper=paper,
            equal_steps=equal,
        )
        jobpanel.launch(task, f"{models} trainings on {checkpoint.data}")
        st.rerun()


def summary(coreset: Coreset) -> str:
    least = min(coreset.class_counts, key=coreset.class_counts.__getitem__)
    return (
        f"**{len(coreset.ids):,} of {coreset.of:,}** training tiles "
        f"({words.percent(len(coreset.ids) / coreset.of)}), {plain(coreset.settings.title)}; "
        f"fewest of {plain(least)}: {coreset.class_counts[least]:,}."
    )
