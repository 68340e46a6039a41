"""Small print that keeps the text's contrast; Streamlit's captions are too faint to pass."""

from __future__ import annotations

import streamlit as st

FORWARD = ":material/arrow_forward:"  # marks a link to another page as one


def note(text: str) -> None:
    st.markdown(f":small[{text}]")
