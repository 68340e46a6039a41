"""The figures. Colours are Okabe-Ito's, told apart by the colour-blind too."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lcc_core.plaintext import figure_text
from lcc_core.workers.requests import Histogram
from pages.ui.plain import cells

Layered = alt.LayerChart | alt.FacetChart  # what `+` of two charts is said to be
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"


def training_curve(frame: pd.DataFrame) -> alt.Chart:
    """Accuracy by epoch; columns epoch, train_accuracy and, where measured, validation_accuracy."""
    names = {"train_accuracy": "training", "validation_accuracy": "validation"}
    columns = [name for name in names if name in frame]
    long = frame.melt("epoch", columns, "part", "accuracy").replace({"part": names}).dropna()
    long["accuracy"] *= 100
    return (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("accuracy:Q", title="accuracy (%)", scale=alt.Scale(zero=False)),
            color=alt.Color("part:N", title=None, scale=alt.Scale(range=[BLUE, ORANGE])),
            shape=alt.Shape("part:N", title=None),
            tooltip=["epoch", "part", alt.Tooltip("accuracy:Q", format=".2f")],
        )
        .properties(height=240)
    )


def class_counts(names: tuple[str, ...], counts: np.ndarray) -> alt.Chart:
    frame = cells({"class": names, "tiles": counts})
    return (
        alt.Chart(frame)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("tiles:Q", title="tiles"),
            y=alt.Y(
                "class:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)
            ),
            tooltip=["class", "tiles"],
        )
        .properties(height=max(160, 24 * len(names) + 40))
    )


NAMED = 30  # layers at most whose names find room below a chart


def layer_names(count: int, **options: Any) -> alt.Axis:
    """Of few layers every name; of many none, since the tooltips have them."""
    return alt.Axis(
        labelAngle=-60, labelOverlap=False, labelLimit=110, labels=count <= NAMED, **options
    )


def layers(frame: pd.DataFrame, column: str, title: str, colour: str) -> alt.Chart:
    """One bar a layer, in graph order; columns layer, weights and ``column``."""
    many = len(frame) > NAMED
    return (
        alt.Chart(cells(frame))
        .mark_bar(color=colour)
        .encode(
            x=alt.X(
                "layer:N",
                sort=None,
                title=f"{len(frame)} layers, in order" if many else None,
                axis=layer_names(len(frame)),
            ),
            y=alt.Y(f"{column}:Q", title=title),
            tooltip=["layer", "weights", alt.Tooltip(f"{column}:Q", format=".4g")],
        )
        .properties(height=230)
    )


def trace_frame(rows: list[dict], reference: int) -> pd.DataFrame:
    """The candidates of a search in percent of the tiles they were judged on."""
    frame = cells(rows)
    share = 100 / frame["tiles"]
    return pd.DataFrame(
        {
            "candidate": range(1, len(frame) + 1),
            "layer": frame["layer"],
            "bits": frame["bits"],
            "k": frame["k"],
            "kept": np.where(frame["kept"], "kept", "too much lost"),
            "at least (%)": frame["low"] * share,
            "at most (%)": frame["high"] * share,
            "threshold (%)": frame["need"] * share,
            "reference (%)": reference * share,
            "tiles run": frame["seen"],
        }
    )


def trace(frame: pd.DataFrame) -> Layered:
    """Each candidate against its threshold; what failed early is known only to be below it."""
    frame = frame.assign(
        shown=frame["at least (%)"].where(frame["kept"] == "kept", frame["at most (%)"])
    )
    shown = frame["shown"].to_numpy(float)
    low = min(*frame["threshold (%)"], np.quantile(shown, 0.1)) - 0.1
    high = max(frame["reference (%)"]) + 0.2
    y = alt.Y(
        "shown:Q",
        title="accuracy (%)",
        scale=alt.Scale(domain=[low, high], clamp=True),
    )
    x = alt.X("candidate:Q", title="candidate", axis=alt.Axis(tickMinStep=1))
    hues = alt.Scale(domain=["kept", "too much lost"], range=[GREEN, VERMILION])
    points = (
        alt.Chart(frame)
        .mark_point(filled=True, size=60)
        .encode(
            x=x,
            y=y,
            color=alt.Color("kept:N", title=None, scale=hues),
            shape=alt.Shape(
                "kept:N", title=None, scale=alt.Scale(range=["circle", "triangle-down"])
            ),
            tooltip=[
                "layer",
                "bits",
                "k",
                *(
                    alt.Tooltip(f"{name}:Q", format=".2f")
                    for name in ("at least (%)", "at most (%)", "threshold (%)")
                ),
                "tiles run",
            ],
        )
    )
    line = alt.Chart(frame).mark_line(interpolate="step", color=BLUE)
    return (line.encode(x=x, y=alt.Y("threshold (%):Q")) + points).properties(height=260)


def weight_histogram(found: Histogram) -> go.Figure:
    """Weights of one layer before and after, on the same bins."""
    figure, edges = go.Figure(), found.edges
    for counts, name, colour in (
        (found.before, "float", BLUE),
        (found.after, "compressed", VERMILION),
    ):
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            width=edges[1] - edges[0],
            name=name,
            marker_color=colour,
            opacity=0.6,
        )
    figure.update_layout(
        barmode="overlay",
        height=300,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        xaxis_title="weight",
        yaxis_title="number of weights",
        yaxis_type="log",
        legend={"orientation": "h", "y": 1.15},
    )
    return figure


def confusion(matrix: np.ndarray, names: tuple[str, ...], change: np.ndarray | None) -> go.Figure:
    """Tiles by truth (rows) and answer; with ``change``, the difference from the float model."""
    shown = matrix if change is None else change
    limit = max(1, int(np.abs(shown).max()))
    colours = (
        {"colorscale": "Blues", "zmin": 0}
        if change is None
        else {"colorscale": "RdBu_r", "zmin": -limit, "zmax": limit}
    )
    form = "d" if change is None else "+d"
    text = [[format(int(v), form) if v else "" for v in row] for row in shown]
    spelled = [figure_text(name) for name in names]
    # By place, since equal names would be one column, and names that read as numbers or dates an
    # axis of those.
    places = list(range(len(names)))
    axis = {"tickmode": "array", "tickvals": places, "ticktext": spelled}
    pairs = [[(truth, answer) for answer in spelled] for truth in spelled]
    figure = go.Figure(
        go.Heatmap(
            z=shown,
            x=places,
            y=places,
            customdata=pairs,
            text=text,
            texttemplate="%{text}",
            hovertemplate="truth %{customdata[0]}<br>answer %{customdata[1]}<br>"
            "%{z} tiles<extra></extra>",
            showscale=False,
            **colours,
        )
    )
    figure.update_layout(
        height=max(380, 30 * len(names) + 140),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        yaxis=axis | {"autorange": "reversed", "title": "truth"},
        xaxis=axis | {"title": "answer"},
    )
    return figure
