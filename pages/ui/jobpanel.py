"""The job of this page: started here, watched here, and what came of it."""

from __future__ import annotations

import streamlit as st

from lcc_core import jobs
from lcc_core.errors import LccError
from pages.ui import jobviews, session
from pages.ui.guard import guard
from pages.ui.plain import plain

THEN = {  # what to do with what a command made
    "data": "The tiles are in the list under **Data**.",
    "train": "The checkpoint is ready: open **Compress**.",
    "import-model": "The checkpoint is ready: open **Compress**.",
    "distil": "The checkpoint is ready: open **Compress**.",
    "search": "Its plan stands under **Compress**, *adaptive*.",
    "prune-channels": "The pruned model stands under **Results** of **Channels**.",
    "map": "The map is drawn: open **Maps**.",
}
OF_CORESET = "Its accuracy stands under **Results** of **Coresets**."


def start(argv: list[str], title: str) -> None:
    """Start a job and show it on this page from now on."""
    import torch

    job = jobs.start(session.home(), argv, title, threads=torch.get_num_threads())
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
        then = OF_CORESET if "--coreset" in job.argv else THEN.get(job.argv[0], "")
        st.success(f"Done. {then}")
        if doubt := (job.result or {}).get("doubt"):
            st.warning(plain(doubt))
    if job.result is not None and st.session_state.get("refreshed") != job.id:
        # The rest of the page was drawn before there was a result.
        st.session_state["refreshed"] = job.id
        st.rerun()


def launch(argv: list[str], title: str) -> None:
    try:
        start(argv, title)
    except LccError as error:
        st.error(f"**{plain(error.what)}** {plain(error.fix)}")
