"""How to compress, as an analyst sets it. Every setting lives in the page's address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression import Plan, uniform_plan
from lcc_core.compression.plan import TILES
from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.presets import OWN, Preset, preset, presets
from lcc_core.compression.quantizers import quantizer_of
from lcc_core.compression.search import USUAL, SearchSettings
from lcc_core.compression.uniform import SPARED_BITS, UniformConfig
from lcc_core.data.splits import SELECT_ON
from lcc_core.results.searched import Selection
from lcc_core.settings import Setting, settings_of
from pages.ui import session
from pages.ui.note import note
from pages.ui.setting_controls import URL, control

BITS = 4
HELP = {
    "recalibrate": "Correct norms and biases on training tiles, without their labels. The papers "
    "do not.",
    "select_on": "Tiles to choose on. Test: as the papers seem to; figures then flatter, and such "
    "rows are marked and stay off the front.",
    "tiles": "Choose on a random sample: faster and coarser. 0: all tiles.",
}


def _drawn(
    method: str, settings: Sequence[Setting], cells: Sequence[DeltaGenerator]
) -> dict[str, Any]:
    """The controls of some settings of a planner, side by side, and what they are set to.

    In the address a setting has a name of its own where it starts elsewhere than usual.
    """
    usual = {one.name: one.default for one in settings_of(PLANNERS[USUAL].config)}
    found = {}
    for place, one in enumerate(settings):
        alike = usual.get(one.name, one.default) == one.default
        key = one.name if alike else f"{method}-{one.name}"
        found[one.name] = control(one, cells[place % len(cells)], key)
    return found


def _told(what: dict[str, Any]) -> str:
    """Entries by name, with what they are, as a control's help."""
    return " ".join(f"{name}: {one.summary}." for name, one in what.items())


def _quantizer(cells: Sequence[DeltaGenerator]) -> tuple[Any, int]:
    """The quantizer's config, and on how many tiles to recalibrate."""
    known = presets()
    name = cells[0].selectbox(
        "Quantizer", list(known), key="quantizer", help=_told(known), bind=URL
    )
    chosen = preset(name)
    config = chosen.with_settings(_own_settings(chosen, cells[1:]))
    on = cells[0].toggle(
        "Recalibrate", bool(chosen.recalibrate), key=_key(chosen, "recalibrate"),
        help=HELP["recalibrate"], bind=URL,
    )  # fmt: skip
    return config, TILES if on else 0


def _own_settings(chosen: Preset, cells: Sequence[DeltaGenerator]) -> dict[str, Any]:
    found = {}
    for place, one in enumerate(quantizer_of(chosen.quantizer).settings):
        value = getattr(chosen.quantizer, one.name)
        found[one.name] = control(one, cells[place % len(cells)], _key(chosen, one.name), value)
    return found


def _key(chosen: Preset, name: str) -> str:
    """In the address: presets differ in what their settings start at."""
    return name if chosen.name == OWN else f"{chosen.name}-{name}"


def fixed(checkpoint: Checkpoint) -> Plan:
    """One k and one number of bits for all layers."""
    left, right, *rest = st.columns([8, 8, 7, 5, 5])
    own = {one.name: one for one in settings_of(UniformConfig)}
    k = control(own["k"], left)
    bits = control(own["bits"], right, value=BITS)
    quantizer, recalibrate = _quantizer(rest)
    plan = uniform_plan(session.structure(checkpoint), bits, k, quantizer, recalibrate)
    spared = [one for one in plan.layers.values() if (one.bits, one.prune_k) != (bits, k)]
    if spared:
        note(
            f"{len(spared)} depthwise layers keep {max(bits, SPARED_BITS)} bits and all their "
            "weights: they are few and matter much. One scale a tensor, as in the papers, treats "
            "all layers alike."
        )
    return plan


def adaptive() -> tuple[SearchSettings, Selection]:
    """Which planner searches, with which settings, and on which tiles it chooses."""
    known = {one.name: one for one in PLANNERS}
    cells = st.columns([2, 3, 2, 3])
    method = cells[0].selectbox(
        "Search for", list(known), list(known).index(USUAL), key="method", help=_told(known),
        bind=URL,
    )  # fmt: skip
    every = settings_of(known[method].config)
    values = _drawn(method, [one for one in every if not one.advanced], cells[1:])
    with st.expander("More settings"):
        cells = st.columns(3)
        quantizer, recalibrate = _quantizer(cells)
        values |= _drawn(method, [one for one in every if one.advanced], cells)
        select_on = cells[0].selectbox(
            "Select on", SELECT_ON, key="select_on", help=HELP["select_on"], bind=URL
        )
        tiles = cells[1].number_input(
            "Tiles to choose on", 0, None, 0, 500, key="tiles", help=HELP["tiles"], bind=URL
        )
    settings = SearchSettings.of(method, quantizer, recalibrate, **values)
    return settings, Selection(select_on, int(tiles))
