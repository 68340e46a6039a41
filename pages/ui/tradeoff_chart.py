"""Accuracy against size: every measurement, the front, and what others published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from lcc_core.plaintext import figure_text
from lcc_core.reports.palette import FRONT, colour, log_ticks, symbol
from lcc_core.results import choice
from lcc_core.results.pareto import hypervolume
from lcc_core.results.published import Published
from lcc_core.results.table import ResultRow
from pages.ui import words


@dataclass(frozen=True)
class Axis:
    """One way to count size. ``sign`` −1: more is smaller."""

    title: str
    attribute: str
    sign: int = 1
    scale: float = 1.0

    def of(self, row: ResultRow) -> float | None:
        value = getattr(row.measurement, self.attribute)
        return None if value is None else value / self.scale

    def of_published(self, one: Published) -> float | None:
        value = getattr(one, self.attribute, None)
        return None if value is None else value / self.scale


AXES = {
    "bytes": Axis("packed file (MB)", "bytes", scale=1e6),
    "real ratio": Axis("real ratio (×)", "real_ratio", sign=-1),
    "average bits": Axis("average bits a weight", "average_bits"),
    "MACs": Axis("multiply-accumulates a tile (M)", "macs", scale=1e6),
    "latency": Axis("milliseconds a tile (batch 1, one core)", "latency_ms"),
}


@dataclass(frozen=True)
class Cloud:
    """Rows of one set of test tiles with their place: ``x`` on the axis, ``y`` test accuracy in
    percent; ``front``: whether none beats it in ``x`` and in the accuracy that it is chosen
    ``by``, validation or test."""

    rows: list[ResultRow]
    x: np.ndarray
    y: np.ndarray
    front: np.ndarray
    sign: int
    by: str

    @property
    def hypervolume(self) -> float:
        """Share of the box from the largest to the smallest size shown and from 0 to 100 %, on a
        logarithmic axis, that the front dominates with its test accuracy."""
        if len(self.rows) < 2:
            return 0.0
        cost = self.sign * np.log10(self.x)
        width = float(cost.max() - cost.min()) or 1.0
        at = ((cost - cost.min()) / width)[self.front]
        return hypervolume(at, self.y[self.front] / 100, 1.0)


def cloud(rows: list[ResultRow], axis: Axis, chosen_on_test: bool = False) -> Cloud:
    """Where the rows lie. Those chosen on test tiles are on the front only if asked for."""
    placed = {row.id: (row, x) for row in rows if (x := axis.of(row))}
    shown = [row for row, _ in placed.values()]
    x = np.array([x for _, x in placed.values()])
    y = np.array([100 * row.measurement.oa for row in shown])
    best = choice.on_front(shown, chosen_on_test, lambda row: axis.sign * placed[row.id][1])
    front = np.array([row.id in best for row in shown], bool)
    by = choice.basis(choice.eligible(shown, chosen_on_test))
    return Cloud(shown, x, y, front, axis.sign, by)


def label(row: ResultRow) -> str:
    """Unlike any other row's."""
    return f"{words.result(row)} · {row.short}"


def figure(
    shown: Cloud,
    axis: Axis,
    published: list[Published],
    dim: bool,
    limits: tuple[float | None, float | None],
    chosen: ResultRow | None,
) -> go.Figure:
    """One trace for each architecture and method, so that the legend filters both."""
    plot = go.Figure()
    archs = sorted({row.arch for row in shown.rows})
    methods = sorted({row.method for row in shown.rows})
    for arch in archs:
        for method in methods:
            places = [
                i for i, row in enumerate(shown.rows) if (row.arch, row.method) == (arch, method)
            ]
            bright = [i for i in places if shown.front[i] or not dim]
            faded = [i for i in places if i not in bright]
            for part, opacity in ((bright, 1.0), (faded, 0.15)):
                if part:
                    marks = (
                        colour(arch, archs),
                        [_symbol(shown.rows[i], symbol(method, methods)) for i in part],
                    )
                    trace = _points(shown, part, figure_text(f"{arch}, {method}"), *marks, opacity)
                    plot.add_trace(trace.update(showlegend=part is bright or not bright))
    _add_front(plot, shown, axis)
    for one in published:
        if (x := axis.of_published(one)) is not None:
            plot.add_trace(_published(one, x))
    if chosen is not None and (x := axis.of(chosen)):
        ring = {"symbol": "circle-open", "size": 20, "color": FRONT, "line": {"width": 2}}
        y = [100 * chosen.measurement.oa]
        plot.add_scatter(x=[x], y=y, mode="markers", marker=ring, name="chosen", hoverinfo="skip")
    most, least = limits
    if most is not None:
        plot.add_vline(x=most, line={"dash": "dot", "color": FRONT})
    if least is not None:
        plot.add_hline(y=least, line={"dash": "dot", "color": FRONT})
    plot.update_layout(
        height=520,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        xaxis={"title": axis.title, "type": "log"} | log_ticks(shown.x),
        yaxis={"title": "test accuracy (%)", "range": _span(shown, published)},
        legend={"orientation": "v", "font": {"size": 11}},
        dragmode="select",
        clickmode="event+select",
    )
    return plot


def _span(shown: Cloud, published: list[Published]) -> list[float]:
    """The upper part, where decisions are made; the rest is a zoom-out away."""
    values = [*shown.y, *(100 * one.oa for one in published)]
    low = max(min(values), np.quantile(shown.y, 0.2) - 5)
    return [low - 1, min(100.5, max(values) + 1)]


def _points(
    shown: Cloud, places: list[int], name: str, colour: str, symbols: list[str], opacity: float
) -> go.Scatter:
    rows = [shown.rows[i] for i in places]
    return go.Scatter(
        x=shown.x[places],
        y=shown.y[places],
        mode="markers",
        name=name,
        legendgroup=name,
        marker={"color": colour, "symbol": symbols, "size": 10, "opacity": opacity},
        customdata=[row.id for row in rows],
        text=[_about(row) for row in rows],
        hovertemplate="%{text}<extra></extra>",
    )


def _symbol(row: ResultRow, symbol: str) -> str:
    """Open with a dot where the settings were chosen on test tiles."""
    return f"{symbol}-open-dot" if row.chosen_on == "test" else symbol


def _about(row: ResultRow) -> str:
    one = row.measurement
    low, high = one.interval
    validation = (
        "" if one.validation_oa is None else f"validation {words.percent(one.validation_oa)}, "
    )
    where = ", ships with the project" if row.shipped else ""
    lines = (
        f"{validation}95 %: {words.percent(low)} to {words.percent(high)} on {one.tiles:,} "
        f"{one.part} tiles of {one.data}",
        f"real ratio {one.real_ratio:.1f}×, measured {one.measured[:10]}{where}",
    )
    return "<br>".join((f"<b>{figure_text(label(row))}</b>", *map(figure_text, lines)))


def _add_front(plot: go.Figure, shown: Cloud, axis: Axis) -> None:
    order = [i for i in np.argsort(axis.sign * shown.x) if shown.front[i]]
    plot.add_scatter(
        x=shown.x[order],
        y=shown.y[order],
        mode="lines",
        name="front",
        line={"color": FRONT, "shape": "hv", "width": 1.5},
        hoverinfo="skip",
    )


def _published(one: Published, x: float) -> go.Scatter:
    about = "<br>".join(
        (
            f"<b>{figure_text(one.label)}</b>: {words.percent(one.oa)}",
            figure_text(one.source),
            figure_text(one.note),
        )
    )
    return go.Scatter(
        x=[x],
        y=[100 * one.oa],
        mode="markers",
        name=f"published: {figure_text(one.label)}",
        marker={"symbol": "pentagon-open", "size": 13, "color": FRONT, "line": {"width": 2}},
        text=[about],
        hovertemplate="%{text}<extra></extra>",
    )
