"""Heavy work of pages: asked of worker processes that all sessions share, and waited for here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lcc_core.files import Home
from lcc_core.hooks import Progress
from lcc_core.workers import Pool, Request

LOOK_EVERY_S = 0.05

OnReport = Callable[[Progress], None]


@st.cache_resource(show_spinner=False)
def pool() -> Pool:
    """One for the whole server."""
    return Pool()


def ask(request: Request, on_report: OnReport | None = None, spinner: str = "") -> Any:
    """The request's value, computed once for all sessions that ask for it.

    While it waits, a newer move of this session ends this run of the page; what nobody waits for
    any longer is stopped. What was computed before is there at once.

    Args:
        request: what to do.
        on_report: shown the last report whenever there is a new one, and every lasting one.
        spinner: what to say while waiting, where there are no reports to show.

    Raises:
        LccError, ValueError: what the work itself raises.
    """
    home = Home.find()
    if pool().kept(home, request):
        return pool().run(home, request)
    if spinner:
        with st.spinner(spinner):
            return _waited(home, request, on_report)
    return _waited(home, request, on_report)


def made(request: Request) -> Any:
    """As :func:`ask`, outside a page's run: for downloads, which are made when they are clicked."""
    return pool().run(Home.find(), request)


def _waited(home: Home, request: Request, on_report: OnReport | None) -> Any:
    shown, latest = 0, None
    with pool().submit(home, request) as ticket:
        while not ticket.wait(LOOK_EVERY_S):
            # Streamlit ends this run here if the session has moved on: only its own calls do that.
            _ = "waiting" in st.session_state
            if on_report is None:
                continue
            for report in ticket.lasting[shown:]:
                on_report(report)
                shown += 1
            if ticket.latest is not None and ticket.latest is not latest:
                latest = ticket.latest
                if not latest.lasting:
                    on_report(latest)
        return ticket.result()
