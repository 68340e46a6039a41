"""How to choose a coreset, and how to train on it. The choice lives in the page's address."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.coresets import METHODS, Coreset, CoresetSettings
from lcc_core.coresets.selection import DEFAULT_METHOD, choices
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.settings import settings_of
from lcc_core.studies.coreset_study import STUDY_METHODS
from lcc_core.training import make_recipe
from pages.ui import jobpanel, words
from pages.ui.plain import plain
from pages.ui.setting_controls import URL, configured, control

FRACTIONS = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100)
HELP = {
    "steps": "As many steps as on all tiles, so more epochs: what the tiles are worth, not how "
    "little they are trained on.",
    "weights": "Rare classes count more in the loss.",
}


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


def training(checkpoint: Checkpoint, coreset: Coreset) -> list[str] | None:
    """The command that trains on the coreset, once it is asked for."""
    first, second, third, fourth = st.columns(4)
    known = architectures(bool(checkpoint.spec.patch))
    arch = first.selectbox(
        "Architecture",
        known,
        index=known.index(checkpoint.arch),
        format_func=lambda a: f"{ARCHITECTURES[a].title} · {ARCHITECTURES[a].weights_m:g} M",
    )
    recipe = make_recipe(arch, tiles=len(coreset.ids))
    epochs = second.number_input("Epochs", 1, 1000, recipe.epochs, key=f"epochs-{arch}")
    seed = third.number_input("Seed of the weights", 0, 2**31 - 1, coreset.settings.seed)
    fourth.space("small")
    weighted = fourth.toggle("Class-weighted loss", help=HELP["weights"])
    equal = third.toggle("Equal steps", key="equal-steps", help=HELP["steps"])
    if not st.button(f"Train on these {len(coreset.ids):,} tiles", type="primary"):
        return None
    words_ = ["train", "--coreset", coreset.name, "--arch", arch, "--epochs", str(int(epochs))]
    words_ += ["--batch", str(recipe.batch), "--seed", str(int(seed)), "--resume"]
    words_ += ["--equal-steps"] * equal
    return words_ + (["--class-weights"] if weighted else [])


def study(checkpoint: Checkpoint) -> None:
    """The whole comparison as one piece of work."""
    st.markdown(
        "Trains every architecture on every choice, compresses each model with every plan, and "
        "measures all of them. What was trained or measured before is taken from there."
    )
    left, right = st.columns(2)
    archs = left.multiselect(
        "Architectures", architectures(bool(checkpoint.spec.patch)), [checkpoint.arch]
    )
    methods = right.multiselect("Methods", choices(), STUDY_METHODS)
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
        argv = ["coreset-study", "--data", checkpoint.data, "--source", checkpoint.id]
        for option, values in (
            ("--arch", archs),
            ("--methods", methods),
            ("--fractions", [f"{f / 100:g}" for f in fractions]),
            ("--seeds", range(seeds)),
            ("--bits", bits),
            ("--k", [f"{k:g}" for k in strengths]),
            ("--search", searches),
            ("--epochs", [int(epochs)]),
        ):
            if values:
                argv += [option, ",".join(map(str, values))]
        argv += ["--class-weights"] * weighted + ["--paper"] * paper
        argv += ["--equal-steps"] * equal
        jobpanel.launch(argv, f"{models} trainings on {checkpoint.data}")
        st.rerun()


def summary(coreset: Coreset) -> str:
    least = min(coreset.class_counts, key=coreset.class_counts.__getitem__)
    return (
        f"**{len(coreset.ids):,} of {coreset.of:,}** training tiles "
        f"({words.percent(len(coreset.ids) / coreset.of)}), {plain(coreset.settings.title)}; "
        f"fewest of {plain(least)}: {coreset.class_counts[least]:,}."
    )
