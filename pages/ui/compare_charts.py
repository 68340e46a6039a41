"""The figures of the Compare page: a colour and a shape a model, the same in all of them."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from lcc_core.measure.metrics import wilson_interval
from lcc_core.measure.paired import Paired
from lcc_core.plaintext import visible
from pages.ui.candidates import LETTERS, Candidate
from pages.ui.charts import BLUE, GREEN, NAMED, ORANGE, VERMILION, Layered, layer_names
from pages.ui.plain import cells

COLOURS = (BLUE, VERMILION, GREEN, ORANGE)
SHAPES = ("circle", "square", "triangle-up", "diamond")


def _look(titles: Sequence[str], legend: bool = True) -> tuple[alt.Color, alt.Shape]:
    """By the letter with which a title begins."""
    places = [LETTERS.index(title[0]) for title in titles]
    shown = alt.Legend(orient="top", labelLimit=420, columns=2, title=None) if legend else None
    colours = alt.Scale(domain=list(titles), range=[COLOURS[place] for place in places])
    shapes = alt.Scale(domain=list(titles), range=[SHAPES[place] for place in places])
    return (
        alt.Color("model:N", scale=colours, legend=shown),
        alt.Shape("model:N", scale=shapes, legend=shown),
    )


def _ends(candidates: Sequence[Candidate]) -> tuple[Candidate, Candidate]:
    """The one with the smallest file and the one with the largest."""
    ordered = sorted(candidates, key=lambda one: one.row.measurement.bytes)
    return ordered[0], ordered[-1]


def overview(candidates: Sequence[Candidate]) -> Layered:
    """Accuracy with its 95 % interval against the bytes of the packed file."""
    frame = pd.DataFrame(
        {
            "model": one.title,
            "letter": one.letter,
            "MB": one.row.measurement.bytes / 1e6,
            "accuracy": 100 * one.row.measurement.oa,
            "low": 100 * one.row.measurement.interval[0],
            "high": 100 * one.row.measurement.interval[1],
        }
        for one in candidates
    )
    base = alt.Chart(frame)
    colour, shape = _look([one.title for one in candidates])
    least, most = (one.row.measurement.bytes / 1e6 for one in _ends(candidates))
    sizes = alt.Scale(type="log", domain=[least / 1.3, most * 1.3], nice=False)
    x = alt.X("MB:Q", title="packed file (MB)", scale=sizes, axis=alt.Axis(format="~g"))
    y = alt.Y("low:Q", title="test accuracy (%)", scale=alt.Scale(zero=False))
    tooltip = ["model", alt.Tooltip("MB:Q", format=",.4f")]
    tooltip += [alt.Tooltip(f"{name}:Q", format=".2f") for name in ("accuracy", "low", "high")]
    bars = base.mark_rule(strokeWidth=2).encode(x=x, y=y, y2="high:Q", color=colour)
    dots = base.mark_point(filled=True, size=130, opacity=1).encode(
        x=x, y=alt.Y("accuracy:Q"), color=colour, shape=shape, tooltip=tooltip
    )
    return (bars + dots).properties(height=320)


def differences(pairs: Sequence[tuple[Candidate, Paired]], first: Candidate) -> Layered:
    """Points of accuracy gained on the baseline, with 95 % intervals; the line is no difference."""
    frame = pd.DataFrame(
        {
            "model": one.title,
            "letter": f"{one.letter} − {first.letter}",
            "points": 100 * pair.difference,
            "low": 100 * pair.interval[0],
            "high": 100 * pair.interval[1],
            "tiles": pair.tiles,
        }
        for one, pair in pairs
    )
    base = alt.Chart(frame)
    colour, shape = _look([one.title for one, _ in pairs], legend=False)
    y = alt.Y("letter:N", title=None, sort=None)
    x = alt.X("low:Q", title=f"difference from {first.letter} (points of accuracy)")
    tooltip = ["model", "tiles"]
    tooltip += [alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("points", "low", "high")]
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(strokeDash=[4, 4], color="#777777")
    bars = base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=y, color=colour)
    dots = base.mark_point(filled=True, size=130, opacity=1).encode(
        x=alt.X("points:Q"), y=y, color=colour, shape=shape, tooltip=tooltip
    )
    return (zero.encode(x="zero:Q") + bars + dots).properties(height=60 + 60 * len(pairs))


def recalls(candidates: Sequence[Candidate], names: Sequence[str]) -> Layered:
    """Share of each class's tiles that a model finds, with 95 % intervals."""
    rows = []
    for one in candidates:
        matrix = one.row.measurement.confusion_array()
        for place, name in enumerate(names):
            right, tiles = int(matrix[place, place]), int(matrix[place].sum())
            if tiles:
                low, high = wilson_interval(right, tiles)
                figures = {"recall": right / tiles, "low": low, "high": high}
                shares = {key: 100 * value for key, value in figures.items()}
                rows.append({"class": visible(name), "model": one.title, "tiles": tiles} | shares)
    base = alt.Chart(pd.DataFrame(rows))
    titles = [one.title for one in candidates]
    colour, shape = _look(titles)
    y = alt.Y(
        "class:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelLimit=220, labelOverlap=False, grid=True, bandPosition=0),
    )
    beside = alt.YOffset("model:N", sort=titles, scale=alt.Scale(paddingOuter=0.3))
    x = alt.X("low:Q", title="recall (%)", scale=alt.Scale(zero=False))
    tooltip = ["model", "class", "tiles"]
    tooltip += [alt.Tooltip(f"{name}:Q", format=".1f") for name in ("recall", "low", "high")]
    bars = base.mark_rule().encode(x=x, x2="high:Q", y=y, yOffset=beside, color=colour)
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X("recall:Q"), y=y, yOffset=beside, color=colour, shape=shape, tooltip=tooltip
    )
    height = max(240, len(names) * (14 + 11 * len(candidates)))
    return (bars + dots).properties(height=height)


def by_layer(frame: pd.DataFrame, column: str, title: str, highest: float) -> alt.Chart:
    """Columns layer, weights, model and ``column``; a place a layer, in graph order.

    ``highest``: of the axis, so that charts beside each other have the same.
    """
    titles = list(dict.fromkeys(frame["model"]))
    colour, shape = _look(titles)
    scale, axis = alt.Scale(domain=[0, 1.05 * highest or 1.0], nice=False), alt.Axis()
    if column == "bits" and highest > 8:  # floats among them: a step up is a doubling
        scale = alt.Scale(type="log", base=2, domain=[0.9, 36], nice=False)
        axis = alt.Axis(values=[1, 2, 4, 8, 32], format="d", labelOverlap=False)
    elif column == "bits":
        scale = alt.Scale(domain=[0, 8.5], nice=False)
        axis = alt.Axis(values=[1, 2, 3, 4, 5, 6, 7, 8], format="d", labelOverlap=False)
    y = alt.Y(f"{column}:Q", title=title, scale=scale, axis=axis)
    count = len(set(frame["layer"]))
    names = layer_names(count, grid=True, bandPosition=0)
    under = f"{count} layers, in order" if count > NAMED else None
    return (
        alt.Chart(cells(frame))
        .mark_point(filled=True, size=50, opacity=1)
        .encode(
            x=alt.X("layer:N", sort=None, title=under, axis=names),
            xOffset=alt.XOffset("model:N", sort=titles, scale=alt.Scale(paddingOuter=0.3)),
            y=y,
            color=colour,
            shape=shape,
            tooltip=["model", "layer", "weights", alt.Tooltip(f"{column}:Q", format=".4g")],
        )
        .properties(height=320)
    )
