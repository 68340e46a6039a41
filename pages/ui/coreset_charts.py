"""The figures of the Coresets page."""

from __future__ import annotations

import json

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lcc_core.coresets.methods import METHODS
from lcc_core.measure.measurement import Measurement
from lcc_core.plaintext import figure_text, visible
from lcc_core.results.coreset_results import ALL, Point, Trained
from pages.ui.charts import BLUE, GREEN, ORANGE, VERMILION
from pages.ui.plain import cells

BINS = 40
PINK, SKY, GREY = "#CC79A7", "#56B4E9", "#777777"
COLOURS = (GREEN, VERMILION, ORANGE, BLUE, PINK, SKY)  # of methods, in the registry's order
SHAPES = "circle square cross triangle-right triangle-up triangle-down triangle-left".split()


def _by_method(frame: pd.DataFrame) -> tuple[alt.Color, alt.Shape]:
    """The same look for a method in every figure; the legend names those that are there.

    A method and what is made of it (class-balanced, with settings of its own) share a colour.
    """
    names = list(METHODS.names())
    here = sorted(set(frame["method"]) - {ALL})
    shown = [ALL] * bool((frame["method"] == ALL).any()) + here
    colours = {ALL: GREY}
    for title in here:
        method = title.removeprefix("balanced ").partition(",")[0]
        place = names.index(method) if method in names else len(names)
        colours[title] = COLOURS[place % len(COLOURS)]
    shapes = {title: SHAPES[place % len(SHAPES)] for place, title in enumerate(here)}
    shapes[ALL] = "diamond"
    return (
        alt.Color(
            "method:N",
            scale=alt.Scale(domain=shown, range=[colours[title] for title in shown]),
            title=None,
        ),
        alt.Shape(
            "method:N",
            scale=alt.Scale(domain=shown, range=[shapes[title] for title in shown]),
            title=None,
        ),
    )


def histograms(
    values: np.ndarray, chosen: np.ndarray, labels: np.ndarray, names: tuple[str, ...], title: str
) -> alt.LayerChart:
    """How each class's tiles lie by score, a row a class: all of them, and the chosen.

    Heights are shares of the part, in units of the row's highest. ∞ stands right of all others.
    """
    edges, shown = _edges(values)
    rows = []
    for label, name in enumerate(names):
        parts = {"all": labels == label, "chosen": chosen & (labels == label)}
        counts = {part: np.histogram(shown[mask], edges)[0] for part, mask in parts.items()}
        shares = {part: n / max(1, n.sum()) for part, n in counts.items()}
        highest = max(float(share.max()) for share in shares.values()) or 1.0
        base = len(names) - 1 - label
        for part, share in shares.items():
            frame = {"from": edges[:-1], "to": edges[1:], "tiles": counts[part]}
            frame |= {"share (%)": 100 * share, "top": base + 0.92 * share / highest}
            bars = pd.DataFrame(frame | {"class": visible(name), "part": part, "base": base})
            end = bars.tail(1).assign(**{"from": edges[-1]})  # where the last step ends
            rows += [bars, end]
    base = alt.Chart(pd.concat(rows))
    texts = {len(names) - 1 - i: json.dumps(visible(name)) for i, name in enumerate(names)}
    spelled = " : ".join(f"datum.value == {place} ? {text}" for place, text in texts.items())
    y = alt.Y(
        "top:Q",
        title=None,
        scale=alt.Scale(domain=[0, len(names)], nice=False),
        axis=alt.Axis(
            values=list(range(len(names))),
            labelExpr=f"{spelled} : ''",
            labelLimit=220,
            labelOverlap=False,
            labelBaseline="bottom",
        ),
    )
    ticks = alt.Axis()
    if edges[1] - edges[0] == 1:
        expression = f"datum.value == {edges[-2]:g} ? '∞' : datum.value"
        ticks = alt.Axis(values=edges[:-1].tolist(), labelExpr=expression, labelAlign="left")
    x = alt.X("from:Q", title=title, scale=alt.Scale(nice=False), axis=ticks)
    form = [alt.Tooltip(f"{name}:Q", format=".3g") for name in ("from", "to", "share (%)")]
    colour = alt.Color(
        "part:N", title=None, scale=alt.Scale(domain=["all", "chosen"], range=[BLUE, VERMILION])
    )
    area = base.mark_area(interpolate="step-after", opacity=0.35).encode(
        x=x,
        y=y,
        y2="base:Q",
        color=colour,
        detail="class:N",
        tooltip=["class", "part", *form, "tiles"],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=1.2).encode(
        x=x, y=y, color=colour, detail="class:N"
    )
    return (area + line).properties(height=max(300, 44 * len(names)))


def _edges(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bins, one a number where the scores are small counts; and the values with ∞ above them."""
    finite = values[np.isfinite(values)]
    low, top = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    shown = np.where(np.isfinite(values), values, top + 1)
    if (finite == np.round(finite)).all() and top - low < 60:
        return np.arange(low, top + 3), shown
    return np.linspace(low, max(top, low + 1e-6), BINS + 1), shown


def balance(names: tuple[str, ...], whole: np.ndarray, chosen: np.ndarray) -> alt.Chart:
    """Each class's share of all training tiles and of the chosen."""
    frame = cells(
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
            y=alt.Y(
                "class:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False, labelLimit=220)
            ),
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
            x=[figure_text(method) for method in methods],
            y=[figure_text(method) for method in methods],
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
    frame = cells(
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
            "steps": round(point.steps),
            "training (s)": round(point.train_s, 1),
            "scoring (s)": point.scoring_s,
        }
        for point in points
    )
    x = alt.X("kept:Q", title="training tiles kept (%)", scale=alt.Scale(type="log"))
    colour, shape = _by_method(frame)
    base = alt.Chart(frame)
    tooltip = ["method", "kept", alt.Tooltip("accuracy:Q", format=".2f")]
    tooltip += [alt.Tooltip("low:Q", format=".2f"), alt.Tooltip("high:Q", format=".2f")]
    tooltip += ["interval", "seeds", "test tiles", "recipe"]
    tooltip += ["steps", "training (s)", "scoring (s)"]
    y = alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False))
    line = base.mark_line(opacity=0.6).encode(x=x, y=y, color=colour)
    bars = base.mark_errorbar(ticks=True).encode(
        x=x, y=alt.Y("low:Q", title="test accuracy (%)"), y2="high:Q", color=colour
    )
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        shape=shape,
        tooltip=tooltip,
    )
    return (line + bars + dots).properties(height=340)


def ratio(rows: list[tuple[Trained, Measurement]]) -> alt.Chart:
    """Accuracy against the real ratio of every measured plan, by what it was trained on."""
    frame = cells(
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
    colour, shape = _by_method(frame)
    return (
        alt.Chart(frame)
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=alt.X("ratio:Q", title="real ratio (×)", scale=alt.Scale(type="log", nice=False)),
            y=alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False)),
            color=colour,
            shape=shape,
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
