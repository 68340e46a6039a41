"""One result in full: what it costs, its bits, its errors, and the files to take home."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from lcc_core.checkpoints.store import IMPORTED, Checkpoint
from lcc_core.plaintext import file_stem
from lcc_core.results import choice, shipped
from lcc_core.results.table import ResultRow
from pages.ui import charts, session, words
from pages.ui.note import note
from pages.ui.plain import plain
from pages.ui.tradeoff_chart import label

IN_ADDRESS = "row"  # the one that is open, unless it is the first


def show(rows: list[ResultRow], first: ResultRow | None) -> None:
    """Details of one of ``rows``, by default of ``first``."""
    st.header("Details")
    by = choice.basis(rows)
    known = {row.short: row for row in sorted(rows, key=lambda row: -choice.accuracy(row, by))}
    start = first.short if first else _first_to_take(known)
    key = f"row-{start}-{len(known)}"
    if st.session_state.setdefault("details", key) != key:  # other marks or limits: the best again
        st.query_params.pop(IN_ADDRESS, None)
        st.session_state["details"] = key
    asked = st.query_params.get(IN_ADDRESS)
    chosen = st.selectbox(
        "Result",
        list(known),
        index=list(known).index(asked if asked in known else start),
        format_func=lambda one: label(known[one]),
        key=key,
        help="What is marked in the picture; else what lies on the front and within the limits.",
    )
    if chosen != start:
        st.query_params[IN_ADDRESS] = chosen
    else:
        st.query_params.pop(IN_ADDRESS, None)
    row = known[chosen]
    _headline(row)
    _downloads(row)
    left, right = st.columns(2)
    with left:
        frame = _layers(row)
        if not row.plan.is_float:
            st.altair_chart(charts.layers(frame, "bits", "bits a weight", charts.ORANGE))
            if frame["k"].any():
                st.altair_chart(charts.layers(frame, "k", "pruning strength k (σ)", charts.GREEN))
        else:
            st.info("The float model: no layer is pruned or quantized.")
    with right:
        names = tuple(row.model["spec"]["class_names"])
        st.plotly_chart(charts.confusion(row.measurement.confusion_array(), names, None))


def _first_to_take(known: dict[str, ResultRow]) -> str:
    """The best of those whose file can be had here, or the best."""
    here = (s for s, row in known.items() if shipped.packed_file(row) or _checkpoint(row))
    return next(here, next(iter(known)))


def _layers(row: ResultRow) -> pd.DataFrame:
    """Bits and k of every layer, in graph order."""
    settings = row.plan.layers
    layers = session.layers(row.model["spec"])
    return pd.DataFrame(
        {
            "layer": [layer.name for layer in layers],
            "weights": [layer.weights for layer in layers],
            "bits": [
                settings[la.name].nominal_bits if la.name in settings else 32 for la in layers
            ],
            "k": [settings[la.name].prune_k if la.name in settings else 0.0 for la in layers],
        }
    )


def _headline(row: ResultRow) -> None:
    one = row.measurement
    low, high = one.interval
    cells = st.columns(5)
    cells[0].metric("Overall accuracy", words.percent(one.oa))
    cells[1].metric("Packed file", words.size(one.bytes))
    cells[2].metric("Real ratio", f"{one.real_ratio:.1f}×")
    cells[3].metric("Average bits", words.bits(one.average_bits))
    cells[4].metric("Latency", f"{one.latency_ms:.1f} ms" if one.latency_ms else "–")
    recipe = row.model["recipe"]
    chosen = f"Settings chosen on {plain(words.chosen_on(row))}. " if row.chosen_on else ""
    if row.chosen_on == "test":
        chosen = "**Settings chosen on these test tiles: the figures flatter.** "
    if one.validation_oa is not None:
        chosen += (
            f"{words.percent(one.validation_oa)} on {one.validation_tiles:,} validation tiles. "
        )
    synthetic = " (synthetic)" if one.synthetic else ""
    told = (
        f"95 % interval {words.percent(low)} to {words.percent(high)} on {one.tiles:,} {one.part} "
        f"tiles of {one.data}{synthetic} in {one.precision}, on {one.measured[:10]}. "
        f"{_trained(recipe)}, split {row.model['split']['protocol']}. "
        "Latency: the fastest of 20 runs of one tile, float32, on one core of the machine that "
        "measured it."
    )
    note(chosen + plain(told))


def _trained(recipe: dict) -> str:
    if recipe["preset"] == IMPORTED:
        return "Imported"
    return f"Trained {recipe['epochs']} epochs, recipe {recipe['preset']}, seed {recipe['seed']}"


def _downloads(row: ResultRow) -> None:
    stem = file_stem(row.arch, row.measurement.data, row.measurement.plan[:6])
    left, middle, _ = st.columns(3)
    checkpoint = _checkpoint(row)
    packed = shipped.packed_file(row)
    if packed is not None:
        left.download_button(
            f"Download packed file ({words.size(packed.stat().st_size)})",
            packed.read_bytes,
            f"{stem}.lcc",
            "application/octet-stream",
            on_click="ignore",
            type="primary",
        )
    elif checkpoint is not None:
        left.download_button(
            f"Download packed file ({words.size(row.measurement.bytes)})",
            lambda: session.packed_file(
                checkpoint, row.plan, row.measurement.part, row.measurement.precision
            ),
            f"{stem}.lcc",
            "application/octet-stream",
            on_click="ignore",
            type="primary",
        )
    else:
        left.markdown("Its checkpoint is not on this machine: train it with the recipe above.")
    middle.download_button(
        "Download plan",
        lambda: json.dumps(row.settings, indent=1),
        f"{stem}.json",
        "application/json",
        on_click="ignore",
    )


def _checkpoint(row: ResultRow) -> Checkpoint | None:
    return next((c for c in session.checkpoints() if c.id == row.measurement.checkpoint), None)
