"""What is stored and cannot be read, as a small note; and a home nothing can be kept in."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lcc_core.unreadable import Unreadable, counted
from pages.ui import session
from pages.ui.guard import guard
from pages.ui.note import note

SHOWN = 50


def skipped(found: Sequence[Unreadable], what: str) -> None:
    """How many of ``what`` are passed over; which, and why, as plain text."""
    if not found:
        return
    label = f"{counted(len(found), what)} cannot be read"
    with st.expander(label, icon=":material/warning:"):
        lines = [str(one) for one in found[:SHOWN]]
        lines += [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        st.code("\n".join(lines), language=None, wrap_lines=True)


def read_only_home() -> None:
    """Said once a page, where it is so."""
    with guard():
        if not session.home().writable:
            note(
                "The home folder is read-only for you: everything can be looked at, and nothing "
                "new is kept."
            )
