"""No traceback ever reaches the page: errors say what is wrong and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import streamlit as st

from lcc_core.errors import LccError
from lcc_core.logs import logger
from lcc_core.unreadable import reason
from pages.ui.plain import plain

log = logger("lcc.app")


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Show an error in place of the block's output; Streamlit's own signals pass through."""
    try:
        yield
    except LccError as error:
        st.error(f"**{plain(error.what)}** {plain(error.fix)}")
    except OSError as error:
        log.warning("a page met the system's refusal", exc_info=True)
        st.error(f"**The system refused:** {plain(reason(error))}. {plain(error.filename or '')}")
    except ValueError as error:
        log.warning("a page met a value that does not work", exc_info=True)
        st.error(f"**This setting does not work.** {plain(error)}")
    except Exception:
        log.exception("a page failed")
        st.error(
            "**Something went wrong that should not have.** The details are in the terminal that "
            "runs the app. Reload the page; your data and checkpoints are safe."
        )
