"""The figures of the Channels page."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.results.against import LayerWidth
from pages.ui.charts import BLUE, GREEN, ORANGE, VERMILION
from pages.ui.plain import cells

PALE = "#C8D3DE"
STAYS, GOES = "stays", "goes"


def kept(layers: list[LayerWidth]) -> alt.LayerChart:
    """Output channels of each layer, in graph order: what stays before what was there."""
    frame = cells(
        {
            "layer": one.layer,
            "stay": one.kept,
            "of": one.of,
            "share (%)": round(100 * one.kept / one.of, 1),
        }
        for one in layers
    )
    x = alt.X(
        "layer:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelAngle=-60, labelOverlap=len(layers) > 60, labelLimit=130),
    )
    base = alt.Chart(frame).encode(x=x, tooltip=["layer", "stay", "of", "share (%)"])
    y = {"title": "output channels"}
    return (
        base.mark_bar(color=PALE).encode(y=alt.Y("of:Q", **y))
        + base.mark_bar(color=BLUE).encode(y=alt.Y("stay:Q", **y))
    ).properties(height=280)


def scores(values: np.ndarray, staying: np.ndarray, title: str) -> alt.Chart:
    """One group's channels by falling score: those that stay and those that go."""
    order = np.argsort(-values, kind="stable")
    frame = pd.DataFrame(
        {
            "rank": np.arange(1, len(values) + 1),
            "channel": order,
            "score": values[order],
            "what": np.where(staying[order], STAYS, GOES),
        }
    )
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(
                "rank:O", title="channels, best first", axis=alt.Axis(labels=False, ticks=False)
            ),
            y=alt.Y("score:Q", title=title),
            color=_fate(),
            tooltip=["channel", alt.Tooltip("score:Q", format=".4g"), alt.Tooltip("what:N")],
        )
        .properties(height=240)
    )


def attention(means: np.ndarray, scales: np.ndarray, staying: np.ndarray) -> alt.Chart:
    """Each channel of a norm: its mean attention s̄ against its folded scale |γ·s̄|."""
    frame = pd.DataFrame(
        {
            "channel": np.arange(len(means)),
            "attention": means,
            "scale": np.abs(scales),
            "what": np.where(staying, STAYS, GOES),
        }
    )
    return (
        alt.Chart(frame)
        .mark_point(filled=True, size=60, opacity=0.8)
        .encode(
            x=alt.X("attention:Q", title="mean attention s̄", scale=alt.Scale(zero=False)),
            y=alt.Y("scale:Q", title="|γ·s̄|", scale=alt.Scale(zero=False)),
            color=_fate(),
            shape=alt.Shape("what:N", scale=alt.Scale(domain=[STAYS, GOES]), title=None),
            tooltip=[
                "channel",
                alt.Tooltip("attention:Q", format=".4f"),
                alt.Tooltip("scale:Q", format=".4f"),
                alt.Tooltip("what:N"),
            ],
        )
        .properties(height=300)
    )


def attention_ranges(means: dict[str, np.ndarray]) -> alt.LayerChart:
    """s̄ by batch norm: from the least attended channel to the most, and the mean."""
    frame = cells(
        {"norm": name, "least": v.min(), "mean": v.mean(), "most": v.max(), "channels": len(v)}
        for name, v in means.items()
    )
    form = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("least", "mean", "most")]
    x = alt.X("norm:N", sort=None, title=None, axis=alt.Axis(labelAngle=-60, labelLimit=130))
    base = alt.Chart(frame).encode(x=x, tooltip=["norm", *form, "channels"])
    y = alt.Y("least:Q", title="mean attention s̄", scale=alt.Scale(zero=False))
    return (
        base.mark_rule(strokeWidth=5, color=BLUE, opacity=0.45).encode(y=y, y2="most:Q")
        + base.mark_tick(color=VERMILION, thickness=3, width=12).encode(y="mean:Q")
    ).properties(height=280)


def _fate() -> alt.Color:
    return alt.Color(
        "what:N", title=None, scale=alt.Scale(domain=[STAYS, GOES], range=[GREEN, VERMILION])
    )


def tuning(steps: list[Checkpoint]) -> alt.Chart:
    """Test accuracy as pruned and after fine-tuning, a pair a step."""
    rows = []
    for number, step in enumerate(steps, 1):
        pair = (("pruned", step.made["start"]), ("fine-tuned", step.accuracy))
        for name, found in pair:
            rows.append(
                {
                    "step": number,
                    "what": name,
                    "accuracy": 100 * found["test"]["oa"],
                    "test tiles": found["test"]["tiles"],
                    "epochs": len(step.log),
                    "checkpoint": step.id,
                }
            )
    return (
        alt.Chart(cells(rows))
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=alt.X("step:O", title="step"),
            y=alt.Y("accuracy:Q", title="test accuracy (%)", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=["pruned", "fine-tuned"], range=[ORANGE, BLUE]),
            ),
            shape=alt.Shape("what:N", title=None, scale=alt.Scale(domain=["pruned", "fine-tuned"])),
            tooltip=[
                "step", alt.Tooltip("what:N"), alt.Tooltip("accuracy:Q", format=".2f"),
                "epochs", "test tiles", "checkpoint",
            ],
        )
        .properties(height=240)
    )  # fmt: skip
