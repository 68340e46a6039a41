"""The figures of the Coresets page."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lcc_core.measure.measurement import Measurement
from lcc_core.studies.coreset_results import ALL, Point, Trained
from pages.ui.charts import BLUE, GREEN, ORANGE, VERMILION

BINS = 24
PINK, SKY, GREY = "#CC79A7", "#56B4E9", "#777777"
METHODS = {
    ALL: GREY,
    "random": BLUE,
    "balanced random": SKY,
    "forgetting": VERMILION,
    "balanced forgetting": VERMILION,
    "margin": ORANGE,
    "balanced margin": ORANGE,
    "ccs": GREEN,
    "balanced ccs": PINK,
}
COLOURS = alt.Scale(domain=list(METHODS), range=list(METHODS.values()))
SHAPES = alt.Scale(
    domain=list(METHODS),
    range="diamond circle circle triangle-up triangle-down square cross triangle-right "
    "triangle-left".split(),
)


def histograms(
    values: np.ndarray, chosen: np.ndarray, labels: np.ndarray, names: tuple[str, ...], title: str
) -> alt.Chart:
    """Share of each class's tiles by score, of all and of the chosen; ∞ stands at the right end."""
    finite = values[np.isfinite(values)]
    top = float(finite.max()) if len(finite) else 1.0
    shown = np.where(np.isfinite(values), values, top + 1)
    edges = np.linspace(float(shown.min()), float(shown.max()) or 1.0, BINS + 1)
    rows = []
    for label, name in enumerate(names):
        for part, mask in (("all", labels == label), ("chosen", chosen & (labels == label))):
            counts, _ = np.histogram(shown[mask], edges)
            total = max(1, counts.sum())
            rows += [
                {"class": name, "part": part, "from": a, "to": b, "share": 100 * n / total, "n": n}
                for a, b, n in zip(edges, edges[1:], counts.tolist(), strict=False)
            ]
    frame = pd.DataFrame(rows)
    return (
        alt.Chart(frame)
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X("from:Q", title=title),
            y=alt.Y("share:Q", title="share (%)"),
            color=alt.Color("part:N", title=None, scale=alt.Scale(range=[BLUE, VERMILION])),
            strokeDash=alt.StrokeDash("part:N", title=None),
            tooltip=[
                "class",
                "part",
                alt.Tooltip("from:Q", format=".3g"),
                alt.Tooltip("to:Q", format=".3g"),
                alt.Tooltip("n:Q", title="tiles"),
            ],
        )
        .properties(width=170, height=90)
        .facet(alt.Facet("class:N", title=None, sort=list(names)), columns=5)
        .resolve_scale(y="independent")
    )


def balance(names: tuple[str, ...], whole: np.ndarray, chosen: np.ndarray) -> alt.Chart:
    """Each class's share of all training tiles and of the chosen."""
    frame = pd.DataFrame(
        {
            "class": [*names, *names],
            "part": ["all"] * len(names) + ["chosen"] * len(names),
            "share": [*(100 * whole / whole.sum()), *(100 * chosen / chosen.sum())],
            "tiles": [*whole, *chosen],
        }
    )
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            x=alt.X("share:Q", title="share of the tiles (%)"),
            yOffset="part:N",
            color=alt.Color("part:N", title=None, scale=alt.Scale(range=[BLUE, VERMILION])),
            tooltip=["class", "part", alt.Tooltip("share:Q", format=".1f"), "tiles"],
        )
        .properties(height=max(200, 30 * len(names) + 40))
    )


def overlap(methods: list[str], shares: np.ndarray) -> go.Figure:
    """How many of the tiles of one method (row) another one (column) takes as well, in percent."""
    figure = go.Figure(
        go.Heatmap(
            z=100 * shares,
            x=methods,
            y=methods,
            zmin=0,
            zmax=100,
            colorscale="Blues",
            texttemplate="%{z:.0f}",
            hovertemplate="%{y} and %{x}: %{z:.1f} % of the tiles<extra></extra>",
            showscale=False,
        )
    )
    figure.update_layout(
        height=380, margin={"l": 10, "r": 10, "t": 10, "b": 10}, yaxis={"autorange": "reversed"}
    )
    return figure


def accuracy(points: list[Point]) -> alt.LayerChart:
    """Accuracy against fraction, a line a method, with intervals."""
    frame = pd.DataFrame(
        {
            "method": point.method,
            "kept": 100 * point.fraction,
            "accuracy": 100 * point.oa,
            "low": 100 * point.low,
            "high": 100 * point.high,
            "interval": point.interval,
            "seeds": point.seeds,
            "test tiles": point.tiles,
            "recipe": point.recipe,
        }
        for point in points
    )
    x = alt.X("kept:Q", title="training tiles kept (%)", scale=alt.Scale(type="log"))
    colour = alt.Color("method:N", scale=COLOURS, title=None)
    base = alt.Chart(frame)
    tooltip = ["method", "kept", alt.Tooltip("accuracy:Q", format=".2f")]
    tooltip += [alt.Tooltip("low:Q", format=".2f"), alt.Tooltip("high:Q", format=".2f")]
    tooltip += ["interval", "seeds", "test tiles", "recipe"]
    y = alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False))
    line = base.mark_line(opacity=0.6).encode(x=x, y=y, color=colour)
    bars = base.mark_errorbar(ticks=True).encode(
        x=x, y=alt.Y("low:Q", title="test accuracy (%)"), y2="high:Q", color=colour
    )
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        shape=alt.Shape("method:N", scale=SHAPES, title=None),
        tooltip=tooltip,
    )
    return (line + bars + dots).properties(height=340)


def ratio(rows: list[tuple[Trained, Measurement]]) -> alt.Chart:
    """Accuracy against the real ratio of every measured plan, by what it was trained on."""
    frame = pd.DataFrame(
        {
            "method": one.method,
            "kept (%)": 100 * one.fraction,
            "accuracy": 100 * row.oa,
            "ratio": row.real_ratio,
            "bytes": row.bytes,
            "plan": row.method,
            "average bits": row.average_bits,
            "zeros (%)": 100 * row.sparsity,
            "architecture": one.arch,
            "checkpoint": one.checkpoint.id,
            "test tiles": row.tiles,
        }
        for one, row in rows
    )
    return (
        alt.Chart(frame)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=alt.X("ratio:Q", title="real ratio (×)", scale=alt.Scale(type="log", nice=False)),
            y=alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False)),
            color=alt.Color("method:N", scale=COLOURS, title=None),
            shape=alt.Shape("method:N", scale=SHAPES, title=None),
            size=alt.Size(
                "kept (%):Q", scale=alt.Scale(type="log", range=[40, 160]), title="kept (%)"
            ),
            tooltip=[
                "architecture",
                "method",
                "kept (%)",
                alt.Tooltip("accuracy:Q", format=".2f"),
                alt.Tooltip("ratio:Q", format=".1f"),
                "bytes",
                "plan",
                alt.Tooltip("average bits:Q", format=".2f"),
                "test tiles",
                "checkpoint",
            ],
        )
        .properties(height=340)
        .interactive()
    )
