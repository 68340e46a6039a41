"""What a scene looks like: pictures, a picture to click on, spectra."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from lcc_core.data.scene import Scene
from lcc_core.plaintext import figure_text
from lcc_core.reports.maps import class_colours, paint

SIDE, PATCH = 420, 64  # pixels on the page, of a scene and of a patch
POINTS = 12_000  # that can be clicked
COLOURS = {"pixel": "#888888", "truth": "#0072B2", "answer": "#D55E00"}


def enlarged(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Every pixel as a square of several, so that none is blurred; ``side``: at most."""
    factor = max(1, side // max(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def show(place: st.delta_generator.DeltaGenerator, picture: np.ndarray, caption: str) -> None:
    place.image(enlarged(picture), caption, alt=caption, width="stretch")


def overview(scene: Scene) -> None:
    """The scene and what is known of it, side by side."""
    left, right = st.columns(2)
    show(left, scene.picture, f"False colour, bands {scene.rgb}")
    painted = paint(scene.label_map(), len(scene.class_names))
    show(right, painted, f"Ground truth, {len(scene):,} pixels")


def clickable(scene: Scene, pixel: tuple[int, int]) -> go.Figure:
    """The false-colour picture under points that can be chosen; the legend names the classes."""
    height, width = scene.extent
    plot = go.Figure(go.Image(z=scene.picture, hoverinfo="skip"))
    places = scene.positions[:: max(1, -(-len(scene) // POINTS))]
    names = np.array([figure_text(name) for name in scene.class_names])
    labels = scene.label_map()[tuple(places.T)]
    plot.add_scattergl(
        x=places[:, 1],
        y=places[:, 0],
        mode="markers",
        marker={"size": 5, "opacity": 0.01},
        unselected={"marker": {"opacity": 0.01}},
        selected={"marker": {"opacity": 0.01}},
        customdata=names[labels],
        hovertemplate="row %{y}, column %{x}<br>%{customdata}<extra></extra>",
        showlegend=False,
    )
    for name, colour in zip(names, class_colours(len(names)), strict=True):
        mark = {"color": colour, "symbol": "square", "size": 11}
        plot.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=mark)
    ring = {"symbol": "circle-open", "size": 16, "color": "#FFFFFF", "line": {"width": 3}}
    plot.add_scatter(
        x=[pixel[1]], y=[pixel[0]], mode="markers", marker=ring, name="chosen", hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    plot.update_layout(
        height=520,
        margin={"l": 0, "r": 0, "t": 10, "b": 0},
        legend={"orientation": "h", "itemclick": False, "itemdoubleclick": False},
        clickmode="event+select",
        dragmode="pan",
    )
    plot.update_xaxes(range=[-0.5, width - 0.5], visible=False, constrain="domain")
    plot.update_yaxes(
        range=[height - 0.5, -0.5], visible=False, scaleanchor="x", constrain="domain"
    )
    return plot


def clicked() -> None:
    """The pixel that was clicked becomes the row and the column."""
    points = st.session_state["picture"].selection.points
    if points:
        st.session_state["row"] = round(points[0]["y"])
        st.session_state["column"] = round(points[0]["x"])


def spectra(scene: Scene, pixel: tuple[int, int], truth: int, answer: int, name: str) -> go.Figure:
    """The chosen pixel, the mean of its class ± one deviation, and that of the answered class."""
    plot = go.Figure()
    bands = np.arange(scene.bands)
    for number, kind in {answer: "answer", truth: "truth"}.items():
        if number >= 0:
            _add_class(plot, scene, number, kind, bands)
    plot.add_scatter(
        x=bands, y=scene.cube[pixel], mode="lines", name="this pixel",
        line={"color": COLOURS["pixel"], "width": 2.5},
    )  # fmt: skip
    plot.update_layout(
        height=360,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis_title="band",
        yaxis_title=f"value in {figure_text(name)}",
        legend={"orientation": "h", "y": 1.15},
    )
    return plot


def _add_class(plot: go.Figure, scene: Scene, number: int, kind: str, bands: np.ndarray) -> None:
    known = scene.spectra(np.flatnonzero(scene.labels == number))
    mean, std = known.mean(0), known.std(0)
    colour = COLOURS[kind]
    fill = f"rgba({','.join(str(v) for v in bytes.fromhex(colour[1:]))},0.15)"
    plot.add_scatter(
        x=np.concatenate([bands, bands[::-1]]),
        y=np.concatenate([mean + std, (mean - std)[::-1]]),
        fill="toself", fillcolor=fill, line={"width": 0}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    what = "its class" if kind == "truth" else "answer"
    title = f"{figure_text(scene.class_names[number])}, mean ± σ ({what})"
    plot.add_scatter(x=bands, y=mean, mode="lines", name=title, line={"color": colour})
