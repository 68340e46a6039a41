"""What a compressed model costs and saves, and the files to take home."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan
from lcc_core.export import EXPORTERS
from lcc_core.hooks import Progress
from lcc_core.measure.measurement import Measurement
from lcc_core.plaintext import file_stem, visible
from lcc_core.results.measured import cached_measurement
from lcc_core.workers.requests import (
    ESTIMATE,
    Export,
    MeasurePlan,
    WeightHistogram,
)
from pages.ui import charts, session, words, work
from pages.ui.note import note
from pages.ui.plain import plain

HELP = {
    "real": "Bytes of the float32 checkpoint file over bytes of the packed file, all counted.",
    "nominal": "32 over the average bits: what papers report. The file is not part of it.",
    "zeros-free": "The nominal ratio with pruned weights counted as free, as the papers do. Zeros "
    "that rounding made are not pruned and count.",
}
SIDE_BY_SIDE = 12  # classes
MENDED = 0.02  # a gain in accuracy that compression alone does not explain


def measured(checkpoint: Checkpoint, plan: Plan) -> Measurement:
    """The stored row at once; else a first estimate while the test tiles are measured."""
    # Always there, so that what follows keeps its place: else its old picture stays on the page.
    place = st.empty()
    if found := cached_measurement(session.home(), checkpoint, plan):
        return found

    def show(report: Progress) -> None:
        if report.stage == ESTIMATE and report.figures:
            at = report.figures
            place.info(
                f"First estimate: {words.percent(at['oa'])} ({words.percent(at['low'])} to "
                f"{words.percent(at['high'])}, 95 %, on {at['where']}). Measuring on all of them …"
            )

    row = work.ask(MeasurePlan(checkpoint.id, checkpoint.created, plan), show)
    place.empty()
    return row


def show(checkpoint: Checkpoint, plan: Plan) -> Measurement:
    """Headline and downloads of ``plan``, measured if it was not before."""
    reference = measured(checkpoint, Plan({}, method="float"))
    row = measured(checkpoint, plan)
    _headline(row, reference)
    _downloads(checkpoint, plan, row)
    return row


def _headline(row: Measurement, reference: Measurement) -> None:
    low, high = row.interval
    cells = st.columns(5)
    cells[0].metric(
        "Overall accuracy",
        words.percent(row.oa),
        f"{100 * (row.oa - reference.oa):+.2f} pts vs float",
    )
    cells[1].metric("Packed file", words.size(row.bytes))
    cells[2].metric("Real ratio", f"{row.real_ratio:.1f}×", help=HELP["real"])
    cells[3].metric("Nominal ratio", words.times(row.nominal_ratio), help=HELP["nominal"])
    cells[4].metric("Zeros-free ratio", words.times(row.zeros_free_ratio), help=HELP["zeros-free"])
    speed = f", {row.latency_ms:.1f} ms a tile (one core)" if row.latency_ms else ""
    took = f" in {row.recalibration_s:.1f} s" if row.recalibration_s else ""
    corrected = (
        f" Recalibrated on {row.recalibrated:,} training tiles{took}." if row.recalibrated else ""
    )
    note(
        f"Measured on {row.tiles:,} {plain(row.part)} tiles of {plain(row.data)}"
        f"{' (synthetic)' if row.synthetic else ''} in {plain(row.precision)}, 95 % interval "
        f"{words.percent(low)} to {words.percent(high)}. Average accuracy {words.percent(row.aa)}, "
        f"κ {row.kappa:.4f}. {row.average_bits:.2f} bits a weight, "
        f"{words.percent(row.sparsity)} zeros. {row.parameters / 1e6:.2f} M parameters, "
        f"{row.macs / 1e6:.1f} M multiply-accumulates{speed}.{corrected}"
    )

    if row.recalibrated and row.oa - reference.oa > MENDED:
        note(
            "More accurate than the float model, because the norms' statistics were estimated anew "
            "on training tiles. With so few of them or so few epochs, training had left them off."
        )


def _downloads(checkpoint: Checkpoint, plan: Plan, row: Measurement) -> None:
    stem = file_stem(checkpoint.arch, checkpoint.data, plan.id[:6])
    cells = st.columns(2 + len(EXPORTERS))
    cells[0].download_button(
        f"Download packed file ({words.size(row.bytes)})",
        lambda: session.packed_file(checkpoint, plan, row.part, row.precision),
        f"{stem}.lcc",
        "application/octet-stream",
        on_click="ignore",
        type="primary",
    )
    for cell, one in zip(cells[1:], EXPORTERS, strict=False):
        asked = Export(checkpoint.id, checkpoint.created, plan, one.name)
        cell.download_button(
            f"Download {one.title}",
            functools.partial(work.made, asked),
            f"{stem}{one.ending}",
            "application/octet-stream",
            on_click="ignore",
            help=one.summary,
        )
    cells[-1].download_button(
        "Download plan",
        lambda: json.dumps(plan.to_json(), indent=1),
        f"{stem}.json",
        "application/json",
        on_click="ignore",
    )


def details(
    checkpoint: Checkpoint, plan: Plan, row: Measurement, values: dict[str, float] | None = None
) -> None:
    """By layer and by class. ``values``: the importance that led to the plan, if not ½, ½."""
    by_layer, by_class = st.tabs(["Layers", "Classes"])
    with by_layer:
        names = _layers(checkpoint, plan, values)
    with by_class:
        _confusions(row, measured(checkpoint, Plan({})), checkpoint.spec.class_names)
    with by_layer:  # last: a stored row is there at once, its weights have to be made again
        _weights(checkpoint, plan, names)


def _layers(checkpoint: Checkpoint, plan: Plan, values: dict[str, float] | None) -> list[str]:
    """By layer, in graph order; returns their names."""
    rows = session.importances(checkpoint)
    frame = pd.DataFrame(
        {
            "layer": [row.name for row in rows],
            "weights": [row.weights for row in rows],
            "importance": [(values or {}).get(row.name, row.importance) for row in rows],
            "bits": [plan.layers[row.name].nominal_bits for row in rows],
            "k": [plan.layers[row.name].prune_k for row in rows],
        }
    )
    left, right = st.columns(2)
    left.altair_chart(charts.layers(frame, "importance", "importance I(l)", charts.BLUE))
    right.altair_chart(charts.layers(frame, "bits", "bits a weight", charts.ORANGE))
    if frame["k"].nunique() > 1:
        st.altair_chart(charts.layers(frame, "k", "pruning strength k (σ)", charts.GREEN))
    return list(frame["layer"])


def _weights(checkpoint: Checkpoint, plan: Plan, names: list[str]) -> None:
    name = st.selectbox("Weights of layer", names, format_func=visible, key="layer")
    asked = WeightHistogram(checkpoint.id, checkpoint.created, plan, name)
    st.plotly_chart(charts.weight_histogram(work.ask(asked, spinner="Counting the weights …")))


def two_places(names: tuple[str, ...]) -> Sequence[DeltaGenerator]:
    """For two confusion matrices: side by side as long as their classes can be read there."""
    return st.columns(2) if len(names) <= SIDE_BY_SIDE else (st.container(), st.container())


def _confusions(row: Measurement, reference: Measurement, names: tuple[str, ...]) -> None:
    left, right = two_places(names)
    left.markdown("**Compressed model** (tiles)")
    left.plotly_chart(charts.confusion(row.confusion_array(), names, None), key="confusion")
    change: np.ndarray = row.confusion_array() - reference.confusion_array()
    right.markdown("**Change against the float model** (tiles)")
    right.plotly_chart(charts.confusion(row.confusion_array(), names, change), key="change")
