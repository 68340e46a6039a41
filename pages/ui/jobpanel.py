"""Jobs on a page: progress, ETA, curve, cancel, and why one failed."""

from __future__ import annotations

import os

import pandas as pd
import streamlit as st

from lcc_core import jobs
from lcc_core.errors import LccError
from pages.ui import charts, session, words
from pages.ui.guard import guard


def start(argv: list[str], title: str) -> None:
    """Start a job and show it on this page from now on."""
    job = jobs.start(session.home(), argv, title, threads=os.cpu_count() or 1)
    st.session_state["job"] = job.id


def current() -> jobs.Job | None:
    """The job this session watches, else one that is running already."""
    known = jobs.jobs(session.home())
    watched = st.session_state.get("job")
    return next((j for j in known if j.id == watched), None) or next(
        (j for j in known if j.running), None
    )


@st.fragment(run_every=1.0)
def panel(then: str = "") -> None:
    """The current job, refreshed every second. ``then``: what to do once it is done."""
    with guard():
        job = current()
        if job is None:
            return
        st.session_state["job"] = job.id
        with st.container(border=True):
            _show(job, then)


def _show(job: jobs.Job, then: str) -> None:
    st.markdown(f"**{job.title}** · {job.state}")
    report = job.progress
    if job.running:
        if report and report.total:
            eta = f", {words.seconds(report.eta_s)} left" if report.eta_s is not None else ""
            share = min(report.done / report.total, 1.0)
            st.progress(share, f"{report.message or report.stage}{eta}")
        else:
            st.progress(0.0, "starting …")
        if st.button("Cancel", key=f"cancel-{job.id}"):
            jobs.cancel(session.home(), job.id)
    _curve(job)
    if job.state == "failed":
        st.error(job.error or "It failed without a word.")
    elif job.state == "cancelled":
        st.info("Cancelled. What was finished before is kept; training goes on from there.")
    elif job.state == "done":
        st.success(f"Done. {then}")
        if st.session_state.get("refreshed") != job.id:
            # The rest of the page was drawn before there was a result.
            st.session_state["refreshed"] = job.id
            st.rerun()


def _curve(job: jobs.Job) -> None:
    rows = [r.figures for r in job.history() if r.figures]
    if epochs := [row for row in rows if "epoch" in row]:
        frame = pd.DataFrame(epochs).groupby("epoch", as_index=False).last()
        if len(frame) > 1:
            st.altair_chart(charts.training_curve(frame))
    if (tried := [row for row in rows if "need" in row]) and job.running:
        st.altair_chart(charts.trace(charts.trace_frame(tried, tried[-1]["reference"])))


def launch(argv: list[str], title: str) -> None:
    try:
        start(argv, title)
    except LccError as error:
        st.error(f"**{error.what}** {error.fix}")
