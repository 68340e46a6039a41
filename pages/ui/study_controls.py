"""A grid put together: controls of its axes in, a study out."""

from __future__ import annotations

import os

import streamlit as st

from lcc_core.data.catalog import DATASETS, stored
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.settings import settings_of
from lcc_core.studies.common import Common
from lcc_core.studies.estimate import estimate
from lcc_core.studies.presets import OPEN, PRESETS, preset
from lcc_core.studies.spec import Study
from lcc_core.studies.status import graph_of, tile_counts
from pages.ui import session, words
from pages.ui.axis_controls import controls
from pages.ui.note import note

HELP = {
    "preset": "Each paper's tables as a grid. Change whatever you like.",
    "epochs": "Of every training. 0: what suits the architecture and the data.",
    "jobs": "Processes at once. Each needs memory for its tiles and its model.",
}


def build() -> Study:
    """What the controls ask for. ``ValueError`` where they ask for nothing."""
    name = st.selectbox("Start from", list(PRESETS), key="preset", help=HELP["preset"])
    note(f"{PRESETS[name][0]} {OPEN.get(name, '')}")
    start = preset(name)
    title = st.text_input("Name", start.name, key=f"name-{name}")
    # Another preset brings its own values.
    axes = controls(start, name, {"data": _sets(start), "archs": _archs(start)})
    epochs = st.number_input(
        "Epochs", 0, 10_000, start.recipe.get("epochs", 0), key=f"epochs-{name}",
        help=HELP["epochs"],
    )  # fmt: skip
    common = _common(start, name)
    recipe = {k: v for k, v in start.recipe.items() if k != "epochs"}
    recipe |= {"epochs": int(epochs)} if epochs else {}
    return start.changed(**axes, **common, recipe=recipe, name="-".join(title.split()) or "study")


def _sets(start: Study) -> list[str]:
    return sorted({*(one.name for one in stored(session.home())), *DATASETS.names(), *start.data})


def _archs(start: Study) -> list[str]:
    scene = ARCHITECTURES[start["archs"][0]].for_scenes
    return [*architectures(scene), *architectures(not scene)]


def _common(start: Study, prefix: str) -> dict[str, bool]:
    """What is said once for all points, as switches."""
    switches = [one for one in settings_of(Common) if one.kind is bool]
    cells = st.columns(len(switches))
    return {
        one.name: cell.toggle(
            one.label, getattr(start.common, one.name), key=f"{one.name}-{prefix}", help=one.help
        )
        for cell, one in zip(cells, switches, strict=True)
    }


def start(study: Study, label: str = "Start the study") -> int | None:
    """How much it is, and, once that is wanted, with how many processes it shall run."""
    cores = os.cpu_count() or 1
    jobs = st.slider("Processes", 1, max(2, cores), cores, key="jobs", help=HELP["jobs"])
    home = session.home()
    graph = graph_of(home, study)
    guess = estimate(home, graph, jobs, tile_counts(home))
    there = len(graph.points) - guess.missing
    known = f", {there:,} of them measured already" if there else ""
    trainings = sum(graph.count(kind) for kind in ("train", "distil", "narrow"))
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
    return jobs if left.button(label, type="primary", width="stretch") else None
