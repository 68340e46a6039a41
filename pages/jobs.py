"""Jobs: what runs, what waits, what has ended, and what each of them said."""

import shlex
from datetime import UTC, datetime

import streamlit as st

from lcc_core import jobs
from lcc_core.plaintext import visible
from pages.ui import jobviews, session, unreadable, words
from pages.ui.guard import guard
from pages.ui.note import FORWARD, note
from pages.ui.plain import plain

SHOWN = 20
SIGNS = {
    jobs.DONE: ":material/check_circle: done",
    jobs.FAILED: ":material/error: failed",
    jobs.CANCELLED: ":material/cancel: cancelled",
    jobs.INTERRUPTED: ":material/pause_circle: interrupted",
}


@st.fragment(run_every=1.0)
def board() -> None:
    with guard():
        known = jobs.jobs(session.home())
        unreadable.skipped(known.unreadable, "stored job")
        if not known:
            empty()
            return
        running = [job for job in known if job.state == jobs.RUNNING]
        waiting = [job for job in reversed(known) if job.state == jobs.QUEUED]
        ended = [job for job in known if not job.live]
        going("Running", running, known)
        going("Waiting", waiting, known)
        if not running and not waiting:
            note("Nothing runs and nothing waits.")
        if ended:
            over(ended)
        look(known, running)


def empty() -> None:
    st.info(
        "No job yet. Trainings, searches and imports run here in the background: start one, leave "
        "the page, and find it again in the sidebar."
    )
    st.page_link("pages/train.py", label="Train a model", icon=FORWARD)


def going(heading: str, live: list[jobs.Job], known: list[jobs.Job]) -> None:
    if live:
        st.header(heading)
    for job in live:
        with st.container(border=True):
            left, right = st.columns([5, 1], vertical_alignment="center")
            with left:
                since = f" · for {words.seconds(job.seconds)}" if job.seconds is not None else ""
                st.markdown(f"**{plain(job.title)}**{since}")
                jobviews.standing(job, known)
            with right:
                jobviews.cancel(job)


def over(ended: list[jobs.Job]) -> None:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    left.header("Ended")
    with right:
        if st.button("Clear all that ended", key="clear-all", width="stretch"):
            jobs.clear_ended(session.home())
            st.rerun()
    for job in ended[:SHOWN]:
        with st.container(border=True):
            row(job)
    if (more := len(ended) - SHOWN) > 0:
        note(f"{more} older ones are not shown. Clearing forgets records, never results.")


def row(job: jobs.Job) -> None:
    left, middle, right = st.columns([5, 1, 1], vertical_alignment="center")
    with left:
        st.markdown(f"**{plain(job.title)}** · {SIGNS[job.state]}")
        took = f", took {words.seconds(job.seconds)}" if job.seconds is not None else ""
        moment = datetime.fromtimestamp(job.ended, UTC) if job.ended else None
        reached = f" at {100 * jobviews.share(job):.0f} %" if job.resumable and job.progress else ""
        note(f"Ended {words.when(moment) if moment else ''}{reached}{took}.")
        if job.error:
            note(plain(job.error))
    if job.resumable:
        with middle:
            jobviews.resume(job)
    with right:
        jobviews.clear(job)


def look(known: list[jobs.Job], running: list[jobs.Job]) -> None:
    """Curve and log of one: of the running one unless another is chosen."""
    st.header("Curve and log")
    names = {job.id: job for job in [*running, *(job for job in known if job not in running)]}
    chosen = st.selectbox(
        "Job",
        list(names),
        format_func=lambda one: title(names[one]),
        key="look",
        label_visibility="collapsed",
    )
    job = names[chosen]
    jobviews.curve(job)
    with st.expander("Log", expanded=job.live or job.state == jobs.FAILED):
        note("Its command, for a terminal:")
        st.code(visible(shlex.join(["lcc", *job.words])), language=None, wrap_lines=True)
        jobviews.tail(job)


def title(job: jobs.Job) -> str:
    """Told apart by the end of its id, since choices that read the same are the same choice."""
    asked = words.when(datetime.fromisoformat(job.created))
    return f"{visible(job.title)} · asked for {asked} · {job.id[-4:]}"


st.title("Jobs")
note(
    "One heavy job runs at a time; the others wait. They go on when you leave or close the page, "
    "and stop with the app: what was finished is kept, and Resume goes on from there."
)
board()
