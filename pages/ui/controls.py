"""How to compress, as an analyst sets it. Every setting lives in the page's address."""

from __future__ import annotations

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, uniform_plan
from lcc_core.compression.plan import BITS, GRANULARITIES, SCALES
from lcc_core.compression.recalibration import TILES
from lcc_core.compression.search.settings import (
    DIRECTIONS,
    MARGINS,
    METHODS,
    ORDERS,
    REFERENCES,
    SearchSettings,
)
from lcc_core.compression.uniform import SPARED_BITS
from lcc_core.data.splits import SELECT_ON
from lcc_core.studies.searched import Selection
from pages.ui import session
from pages.ui.note import note

URL = "query-params"
HELP = {
    "bits": "Bits for each weight. 32 leaves the weights as floats. 1 with pruning is ternary: "
    "log₂ 3 bits.",
    "k": "Weights smaller than k standard deviations of their layer become zero.",
    "granularity": "One scale for each output channel, or one for the whole layer as in the "
    "papers.",
    "scale": "Scale of least squared error, or from the largest weight as in the papers.",
    "recalibrate": "Correct norms and biases on training tiles, without their labels. The papers "
    "do not.",
    "method": "laq: bits. lap: pruning. Both: bits first, then the strongest pruning. size: "
    "whatever takes the fewest bytes, over bits, pruning and scales at once.",
    "t": "Accuracy that the compressed model may lose on the tiles it is chosen on.",
    "margin": "Fixed: the same for every layer. Adaptive: times the layer's importance. Shared: "
    "grows with the weights met so far, so that all layers get their part.",
    "weights": "Importance = w·share + (1 − w)·(1 − variance).",
    "order": "Layers by falling or rising importance, or as built.",
    "direction": "Up: the boldest setting first, until one holds. Down: from the mildest, until "
    "one fails.",
    "reference": "Accuracy to hold: of the model at 8 bits, or of the float model.",
    "select_on": "Tiles to choose on. Test: as the papers seem to; figures then flatter, and such "
    "rows are marked and stay off the front.",
    "tiles": "Choose on a random sample: faster and coarser. 0: all tiles.",
}


def _quantizer(columns: list) -> tuple[str, str, int]:
    granularity = columns[0].selectbox(
        "Scales per", GRANULARITIES, key="per", help=HELP["granularity"], bind=URL
    )
    scale = columns[1].selectbox("Scale by", SCALES, key="by", help=HELP["scale"], bind=URL)
    columns[2].space("small")
    on = columns[2].toggle("Recalibrate", True, key="fix", help=HELP["recalibrate"], bind=URL)
    return granularity, scale, TILES if on else 0


def fixed(checkpoint: Checkpoint) -> Plan:
    """One k and one number of bits for all layers."""
    left, right, *rest = st.columns([3, 3, 2, 2, 3])
    k = left.slider(
        "Pruning strength k (σ)", 0.0, 3.0, 0.0, 0.25, key="k", help=HELP["k"], bind=URL
    )
    bits = right.select_slider("Bits per weight", BITS, 4, key="bits", help=HELP["bits"], bind=URL)
    granularity, scale, recalibrate = _quantizer(rest)
    plan = uniform_plan(session.structure(checkpoint), bits, k, granularity, scale, recalibrate)
    spared = [one for one in plan.layers.values() if (one.bits, one.prune_k) != (bits, k)]
    if spared:
        note(
            f"{len(spared)} depthwise layers keep {max(bits, SPARED_BITS)} bits and all their "
            "weights: they are few and matter much. One scale a tensor, as in the papers, treats "
            "all layers alike."
        )
    return plan


def adaptive() -> tuple[SearchSettings, Selection]:
    """What a search may cost, and how it goes about it."""
    first, second, third, fourth = st.columns([3, 2, 2, 3])
    t_margin = first.slider(
        "Margin T₀ (points)", 0.0, 3.0, 0.5, 0.05, key="t", help=HELP["t"], bind=URL
    )
    method = second.selectbox("Search for", METHODS, key="method", help=HELP["method"], bind=URL)
    margin = third.selectbox("Margin", MARGINS, key="margin", help=HELP["margin"], bind=URL)
    weight = fourth.slider(
        "Weight w of share", 0.0, 1.0, 0.5, 0.05, key="w", help=HELP["weights"], bind=URL
    )
    with st.expander("More settings"):
        granularity, scale, recalibrate = _quantizer(st.columns(3))
        cells = st.columns(3)
        order = cells[0].selectbox("Order", ORDERS, key="order", help=HELP["order"], bind=URL)
        direction = cells[1].selectbox(
            "Direction", DIRECTIONS, key="direction", help=HELP["direction"], bind=URL
        )
        reference = cells[2].selectbox(
            "Reference", REFERENCES, key="reference", help=HELP["reference"], bind=URL
        )
        select_on = cells[0].selectbox(
            "Select on", SELECT_ON, key="select_on", help=HELP["select_on"], bind=URL
        )
        tiles = cells[1].number_input(
            "Tiles to choose on", 0, None, 0, 500, key="tiles", help=HELP["tiles"], bind=URL
        )
    settings = SearchSettings(
        method=method,
        t_margin=round(t_margin, 4),
        margin=margin,
        w_share=round(weight, 4),
        w_variance=round(1 - weight, 4),
        order=order,
        direction=direction,
        reference=reference,
        granularity=granularity,
        scale=scale,
        recalibrate=recalibrate,
    )
    return settings, Selection(select_on, int(tiles))
