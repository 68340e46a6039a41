"""A grid put together: sliders and tick boxes in, a study out."""

from __future__ import annotations

import os

import streamlit as st

from lcc_core.compression.greedy.config import MARGINS as MARGIN_KINDS
from lcc_core.compression.plan import BITS
from lcc_core.compression.presets import presets
from lcc_core.coresets.selection import choices
from lcc_core.data.catalog import DATASETS, stored
from lcc_core.data.splits import PROTOCOLS
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.studies.estimate import estimate
from lcc_core.studies.presets import OPEN, PRESETS, preset
from lcc_core.studies.spec import METHODS, SELECT_ON, Study
from lcc_core.studies.status import graph_of, tile_counts
from pages.ui import session, words
from pages.ui.note import note

FRACTIONS = (1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
CHANNELS = (0, 10, 20, 30, 40, 50, 60, 70, 80)
MARGINS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 3.0)
HELP = {
    "preset": "Each paper's tables as a grid. Change whatever you like.",
    "fractions": "Share of the training tiles; below 100 % as each coreset method chooses them.",
    "channels": "Share of the channels removed; what is left is trained on.",
    "methods": "fixed: every pair of bits and k. The others search, once for each margin.",
    "margins": "Points that a search may lose.",
    "quantizers": "own: a scale a channel, recalibrated. papers: a scale a layer, as it is.",
    "epochs": "Of every training. 0: what suits the architecture and the data.",
    "kinds": "fixed: the same margin for all layers. adaptive: times the layer's importance. "
    "shared: grows with the weights met so far. size always shares.",
    "select": "Where searches choose. test is the papers' way, and its figures flatter.",
    "steps": "Coresets are trained for as many steps as all tiles, not as many epochs.",
    "redraw": "The seed draws the split as well, not only weights and coresets.",
    "jobs": "Processes at once. Each needs memory for its tiles and its model.",
}


def build() -> Study:
    """What the controls ask for. ``ValueError`` where they ask for nothing."""
    name = st.selectbox("Start from", list(PRESETS), key="preset", help=HELP["preset"])
    note(f"{PRESETS[name][0]} {OPEN.get(name, '')}")
    start = preset(name)

    def key(what: str) -> str:  # another preset brings its own values
        return f"{what}-{name}"

    title = st.text_input("Name", start.name, key=key("name"))
    left, right = st.columns(2)
    sets = sorted({*(one.name for one in stored(session.home())), *DATASETS.names(), *start.data})
    data = left.multiselect("Data", sets, start.data, key=key("data"))
    scene = ARCHITECTURES[start.archs[0]].for_scenes
    archs = right.multiselect(
        "Architectures",
        [*architectures(scene), *architectures(not scene)],
        start.archs,
        key=key("archs"),
    )
    splits = sorted({*PROTOCOLS, *start.splits})
    split = left.multiselect("Splits", splits, start.splits, key=key("splits"))
    seeds = right.slider("Seeds", 1, 10, len(start.seeds), key=key("seeds"))
    fractions = left.multiselect(
        "Tiles to keep (%)",
        FRACTIONS,
        [round(100 * one, 4) for one in start.fractions],
        key=key("fractions"),
        help=HELP["fractions"],
    )
    coresets = right.multiselect("Coresets", choices(), start.coresets, key=key("coresets"))
    methods = left.multiselect(
        "Methods", METHODS, start.methods, key=key("methods"), help=HELP["methods"]
    )
    bits = right.multiselect("Bits", BITS[::-1], start.bits, key=key("bits"))
    strengths = left.multiselect("Pruning k (σ)", STRENGTHS, start.k, key=key("k"))
    channels = right.multiselect(
        "Channels off (%)",
        CHANNELS,
        [round(100 * one) for one in start.channels],
        key=key("channels"),
        help=HELP["channels"],
    )
    margins = left.multiselect(
        "Margins T₀ (points)", MARGINS, start.margins, key=key("margins"), help=HELP["margins"]
    )
    quantizers = right.multiselect(
        "Quantizers", list(presets()), start.quantizers, key=key("quant"), help=HELP["quantizers"]
    )
    kinds = left.multiselect(
        "Margin kinds", MARGIN_KINDS, start.margin_kinds, key=key("kinds"), help=HELP["kinds"]
    )
    select_on = right.multiselect(
        "Searches choose on", SELECT_ON, start.select_on, key=key("select"), help=HELP["select"]
    )
    epochs = left.number_input(
        "Epochs", 0, 10_000, start.recipe.get("epochs", 0), key=key("epochs"), help=HELP["epochs"]
    )
    right.space("small")
    redraw = right.toggle(
        "New split for each seed", start.redraw, key=key("redraw"), help=HELP["redraw"]
    )
    equal = left.toggle(
        "Equal steps on coresets", start.equal_steps, key=key("steps"), help=HELP["steps"]
    )
    recipe = {k: v for k, v in start.recipe.items() if k != "epochs"}
    return Study(
        data=tuple(data),
        archs=tuple(archs),
        name="-".join(title.split()) or "study",
        splits=tuple(split),
        seeds=start.seeds if seeds == len(start.seeds) else tuple(range(seeds)),
        fractions=tuple(one / 100 for one in fractions),
        coresets=tuple(coresets),
        channels=tuple(one / 100 for one in channels),
        methods=tuple(methods),
        bits=tuple(bits),
        k=tuple(strengths),
        margins=tuple(margins),
        quantizers=tuple(quantizers),
        redraw=redraw,
        recipe=recipe | ({"epochs": int(epochs)} if epochs else {}),
        tuning=start.tuning,
        margin_kinds=tuple(kinds),
        select_on=tuple(select_on),
        equal_steps=equal,
    )


def start(study: Study) -> int | None:
    """How much it is, and, once that is wanted, with how many processes it shall run."""
    cores = os.cpu_count() or 1
    jobs = st.slider("Processes", 1, max(2, cores), cores, key="jobs", help=HELP["jobs"])
    home = session.home()
    graph = graph_of(home, study)
    guess = estimate(home, graph, jobs, tile_counts(home))
    there = len(graph.points) - guess.missing
    known = f", {there:,} of them measured already" if there else ""
    trainings = graph.count("train") + graph.count("narrow")
    shared = words.count(trainings, "training")
    if searches := graph.count("search"):
        shared += f" and {words.count(searches, 'search', 'searches')}"
    long = f"**{words.seconds(guess.seconds)}**"
    if not guess.missing:
        took = "Nothing is left to do."
    elif guess.rough:
        took = f"Very roughly {long}: nothing like it was done here yet."
    else:
        took = f"About {long}."
    st.markdown(f"**{words.count(len(graph.points), 'point')}**{known}, on {shared}. {took}")
    left, right, _ = st.columns([2, 2, 4])
    right.download_button(
        "Download as TOML", study.to_toml(), f"{study.name}.toml", on_click="ignore"
    )
    return jobs if left.button("Start the study", type="primary", width="stretch") else None
