"""Which model a page is about."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from pages.ui import words
from pages.ui.controls import URL
from pages.ui.note import FORWARD, note

TRAIN = ("pages/train.py", "Train a model")
IMPORT = ("pages/data.py", "Import a scene")


def checkpoint(
    models: Iterable[Checkpoint],
    nothing: str,
    first: tuple[tuple[str, str], ...] = (TRAIN,),
    help: str | None = None,
    place: st.delta_generator.DeltaGenerator | None = None,
) -> Checkpoint | None:
    """The model in the address, or the newest. Without any, ``nothing`` and what to do first."""
    known = {item.id: item for item in models}
    if not known:
        st.info(nothing)
        for path, label in first:
            st.page_link(path, label=label, icon=FORWARD)
        return None
    chosen = known[
        (place or st).selectbox(
            "Model",
            list(known),
            format_func=lambda one: words.checkpoint(known[one]),
            key="checkpoint",
            help=help,
            bind=URL,
        )
    ]
    if chosen.synthetic:
        note(words.SYNTHETIC)
    return chosen
