"""Which model a page is about."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lcc_core.checkpoints.store import Checkpoint
from pages.ui import session, unreadable, words
from pages.ui.note import FORWARD, note
from pages.ui.plain import plain

IN_ADDRESS, LAST = "checkpoint", "last checkpoint"
SHORT = 6  # digits of an id, as labels have them
TRAIN = ("pages/train.py", "Train a model")
IMPORT = ("pages/data.py", "Import a scene")


def checkpoint(
    models: Iterable[Checkpoint],
    nothing: str,
    first: tuple[tuple[str, str], ...] = (TRAIN,),
    help: str | None = None,
    place: DeltaGenerator | None = None,
) -> Checkpoint | None:
    """The model in the address, the last one chosen, or the newest.

    Without any, ``nothing`` and what to do first.
    """
    unreadable.skipped(session.checkpoints().unreadable, "stored checkpoint")
    known = {item.id: item for item in models}
    if not known:
        st.info(nothing)
        for path, label in first:
            st.page_link(path, label=label, icon=FORWARD)
        return None
    linked = st.query_params.get(IN_ADDRESS)
    asked = linked or st.session_state.get(LAST, "")
    start = next((n for n, one in enumerate(known) if asked and one.startswith(asked)), None)
    if linked and start is None:
        st.warning(
            f"The model {plain(linked)} of this address is not among those that fit here. "
            "Import or train it on this machine, or choose another."
        )
    chosen = (place or st).selectbox(
        "Model",
        list(known),
        index=start or 0,
        format_func=lambda one: words.checkpoint(known[one]),
        key="checkpoint",
        help=help,
    )
    st.session_state[LAST] = chosen
    if linked != chosen[:SHORT]:  # each change is a step back in the browser
        st.query_params[IN_ADDRESS] = chosen[:SHORT]
    if known[chosen].synthetic:
        note(words.SYNTHETIC)
    return known[chosen]
