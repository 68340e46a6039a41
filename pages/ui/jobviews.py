"""The parts of a job that pages show: how far it is, what can be done about it, curve and log."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lcc_core import jobs
from lcc_core.jobs.control import overdue
from lcc_core.jobs.log import log
from lcc_core.plaintext import visible
from pages.ui import charts, session, words
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain


def headline(job: jobs.Job) -> str:
    """``Training Compact on EuroSAT · 43 % · 2.1 min left``, as Markdown."""
    report, parts = job.progress, [plain(job.title)]
    if job.stopping_since:
        return f"{plain(job.title)} · stopping"
    if report and report.total > 0:
        parts.append(f"{100 * share(job):.0f} %")
        if report.eta_s is not None and share(job) < 1:
            parts.append(f"{words.seconds(report.eta_s)} left")
    else:
        parts.append("starting")
    return " · ".join(parts)


def share(job: jobs.Job) -> float:
    report = job.progress
    return min(report.done / report.total, 1.0) if report and report.total > 0 else 0.0


def standing(job: jobs.Job, known: list[jobs.Job]) -> None:
    """How far a job that has not ended is, or how long it still waits."""
    report = job.progress
    if job.stopping_since:
        st.progress(share(job), "stopping: it ends after the step it is in …")
    elif job.state == jobs.QUEUED:
        note(f"It waits for its turn: {place(job, known)}. It starts by itself.")
    elif report and report.total > 0:
        left = f", {words.seconds(report.eta_s)} left" if report.eta_s is not None else ""
        st.progress(share(job), f"{plain(report.message or report.stage)}{left}")
    else:
        st.progress(0.0, "starting …")


def place(job: jobs.Job, known: list[jobs.Job]) -> str:
    before = [one for one in known if one.state == jobs.QUEUED and one.heavy and one.id < job.id]
    if not before:
        return "next in the queue"
    return f"number {len(before) + 1} in the queue"


def cancel(job: jobs.Job) -> None:
    """A button; while the job stops by itself there is nothing to press."""
    late = overdue(job)
    label = "Stop at once" if late else "Cancel"
    waits = job.stopping_since is not None and not late
    if st.button(label, key=f"cancel-{job.id}", disabled=waits, width="stretch"):
        with guard():
            jobs.cancel(session.home(), job.id)
            st.rerun()


def resume(job: jobs.Job) -> None:
    label = "Try again" if job.state == jobs.FAILED else "Resume"
    if st.button(label, key=f"resume-{job.id}", width="stretch"):
        with guard():
            st.session_state["job"] = jobs.resume(session.home(), job.id).id
            st.rerun()


def clear(job: jobs.Job) -> None:
    if st.button("Clear", key=f"clear-{job.id}", width="stretch"):
        with guard():
            jobs.clear(session.home(), job.id)
            st.rerun()


def curve(job: jobs.Job) -> None:
    """Accuracy by epoch of a training, margin by candidate of a running search."""
    rows = [report.figures for report in job.history() if report.figures]
    epochs = {row["epoch"]: row for row in rows if "epoch" in row}
    if len(epochs) > 1:
        st.altair_chart(charts.training_curve(pd.DataFrame(epochs.values())))
    if (tried := [row for row in rows if "need" in row]) and job.live:
        st.altair_chart(charts.trace(charts.trace_frame(tried, tried[-1]["reference"])))


def tail(job: jobs.Job) -> None:
    """Its last words, newest at the end."""
    said = [visible(line) for line in log(job)]
    if said:
        st.code("\n".join(said), language=None, wrap_lines=True)
    else:
        note("It has not said anything yet." if job.live else "It ended without a word.")
