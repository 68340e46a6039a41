"""The job of this page: started here, watched here, and what came of it."""

from __future__ import annotations

import streamlit as st

from lcc_core import jobs
from lcc_core.errors import LccError
from lcc_core.tasks import Task
from pages.ui import jobviews, session
from pages.ui.guard import guard
from pages.ui.plain import plain


def start(task: Task, title: str = "") -> None:
    """Start a job and show it on this page from now on."""
    import torch

    job = jobs.start(session.home(), task, title, threads=torch.get_num_threads())
    st.session_state["job"] = job.id


def current() -> jobs.Job | None:
    """The job this session watches, else one that has not ended yet."""
    return _current(jobs.jobs(session.home()))


def _current(known: list[jobs.Job]) -> jobs.Job | None:
    watched = st.session_state.get("job")
    live = [job for job in known if job.live]
    return next((j for j in known if j.id == watched), None) or (live[-1] if live else None)


@st.fragment(run_every=1.0)
def panel() -> None:
    """The current job, refreshed every second, and what to do once it is done."""
    with guard():
        known = jobs.jobs(session.home())
        job = _current(known)
        if job is None:
            return
        st.session_state["job"] = job.id
        with st.container(border=True):
            _show(job, known)


def _show(job: jobs.Job, known: list[jobs.Job]) -> None:
    st.markdown(f"**{plain(job.title)}** · {job.state}")
    if job.live:
        jobviews.standing(job, known)
        with st.container(width=160):
            jobviews.cancel(job)
    jobviews.curve(job)
    if job.state == jobs.FAILED:
        st.error(plain(job.error))
    elif job.state == jobs.CANCELLED:
        st.info("Cancelled. What was finished before is kept; training goes on from there.")
    elif job.state == jobs.INTERRUPTED:
        kept = "What was finished before is kept; resume it on the **Jobs** page."
        st.info(f"{plain(job.error)} {kept}")
    elif job.state == jobs.DONE:
        st.success(f"Done. {job.task.then if job.task else ''}")
        if doubt := (job.result or {}).get("doubt"):
            st.warning(plain(doubt))
    if job.result is not None and st.session_state.get("refreshed") != job.id:
        # The rest of the page was drawn before there was a result.
        st.session_state["refreshed"] = job.id
        st.rerun()


def launch(task: Task, title: str = "") -> None:
    """As :func:`start`, but what stands in its way is shown in place of the job.

    Args:
        task: what to do.
        title: what to call it, where the page knows more than the task.
    """
    try:
        start(task, title)
    except LccError as error:
        st.error(f"**{plain(error.what)}** {plain(error.fix)}")
