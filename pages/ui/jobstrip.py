"""What runs, in one line of the sidebar of every page."""

from __future__ import annotations

import streamlit as st

from lcc_core import jobs
from pages.ui import jobviews, session
from pages.ui.guard import guard

EVERY_S = 2.0


def show() -> None:
    with st.sidebar, guard():
        _strip()


@st.fragment(run_every=EVERY_S)
def _strip() -> None:
    """Nothing where nothing runs or waits."""
    with guard():
        live = [job for job in jobs.jobs(session.home()) if job.live]
        if not live:
            return
        waiting = sum(job.state == jobs.QUEUED for job in live)
        with st.container(border=True):
            for job in reversed(live):
                if job.state == jobs.RUNNING:
                    st.progress(jobviews.share(job), jobviews.headline(job))
            label = f"Jobs: {waiting} waiting" if waiting else "All jobs"
            st.page_link("pages/jobs.py", label=label)
