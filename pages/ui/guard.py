"""Errors on a page say what is wrong and what to do; faults of the program, where they are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import streamlit as st

from lcc_core.errors import LccError
from lcc_core.files import Home
from lcc_core.logs import LOGS, fault_line, logger, record_fault
from pages.ui.plain import plain

log = logger("lcc.app")


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Show an error in place of the block's output; Streamlit's own signals pass through."""
    try:
        yield
    except LccError as error:
        st.error(f"**{plain(error.what)}** {plain(error.fix)}")
    except Exception as error:
        log.exception("a page failed")  # in the terminal that runs the app
        kept = record_fault(error, Home.find().folder(LOGS), "a page of the dashboard")
        st.error(
            f"**This is a fault of the program.** {plain(fault_line(error))}  \n"
            f"The details are in {plain(kept or 'the terminal that runs the app')}. Reload the "
            "page; your data and checkpoints are safe."
        )
