"""A study as it stands: stages, the front so far, and what can be done about it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lcc_core import jobs
from lcc_core.plaintext import csv_text, file_stem, visible
from lcc_core.reports import study as report
from lcc_core.studies import folder
from lcc_core.studies.folder import Folder
from lcc_core.studies.status import PointRow, Standing, rows, standing
from pages.ui import jobpanel, jobviews, session, unreadable, words
from pages.ui.note import note
from pages.ui.plain import plain, sheet

STAGES = {
    "train": "Trainings",
    "choose": "Coresets",
    "narrow": "Channels removed",
    "search": "Searches",
    "measure": "Points",
}


def words_for(study: str, processes: int) -> list[str]:
    return ["study", "run", study, "--jobs", str(processes)]


def job_of(place: Folder) -> jobs.Job | None:
    """The newest job that runs this study, or ran it last."""
    every = jobs.jobs(session.home())
    return next((one for one in every if one.argv[:3] == ("study", "run", place.id)), None)


@st.fragment(run_every=2.0)
def live(place: Folder) -> None:
    """All of it; drawn again while it goes on."""
    home = session.home()
    if not place.path.is_dir():
        st.rerun()
    now, job = standing(home, place), job_of(place)
    _when_it_changes(place, now)
    _progress(now, job)
    _actions(place, now, job)
    every = rows(home, place)
    unreadable.skipped(every.unreadable, "file of its points")
    done = [row for row in every if row.row]
    if done:
        sets = sorted({row.point.data for row in done})
        for data in sets:
            if len(sets) > 1:
                st.markdown(f"**{plain(data)}**")
            st.plotly_chart(report.chart(done, data), key=f"front-{place.id}-{data}")
        if told := report.notes(done):
            note(told)
        if synthetic(done):
            note(words.SYNTHETIC)
    _failed(every)
    _listing(place, every)


def _when_it_changes(place: Folder, now: Standing) -> None:
    """The whole page is drawn again: what is left to do has changed elsewhere too."""
    key = f"was-{place.id}"
    before = st.session_state.get(key)
    st.session_state[key] = now.state
    if before not in (None, now.state):
        st.rerun()


def synthetic(done: list[PointRow]) -> bool:
    return any(row.row.measurement.synthetic for row in done if row.row)


def _progress(now: Standing, job: jobs.Job | None) -> None:
    failed = f", {now.failed} failed" if now.failed else ""
    st.markdown(f"**{plain(now.name)}** · {now.state} · {now.done} of {now.points} points{failed}")
    if job and job.live:
        jobviews.standing(job, jobs.jobs(session.home()))
    cells = st.columns(len(now.steps))
    for cell, (kind, (done, whole)) in zip(cells, now.steps.items(), strict=True):
        cell.progress(done / whole, f"{STAGES[kind]}: {done} of {whole}")


def _actions(place: Folder, now: Standing, job: jobs.Job | None) -> None:
    going = (job is not None and job.live) or now.busy > 0
    first, second, _ = st.columns([1, 1, 4])
    if not going and now.done == now.points:
        second = first
    if going:
        if first.button("Pause", key=f"pause-{place.id}", width="stretch"):
            folder.pause(place.path)
            if job and job.live:
                jobs.cancel(session.home(), job.id)
            st.rerun()
    elif now.done < now.points:
        label = "Try again" if now.failed and now.done + now.failed == now.points else "Resume"
        if first.button(label, key=f"resume-{place.id}", type="primary", width="stretch"):
            processes = int(job.argv[-1]) if job and job.argv[-2] == "--jobs" else 1
            jobpanel.launch(words_for(place.id, processes), f"Study {now.name}")
            st.rerun()
    label = "Cancel" if going else "Forget"
    help_ = "The study leaves this list; what it measured stays among the results."
    if second.button(label, key=f"forget-{place.id}", help=help_, width="stretch"):
        folder.pause(place.path)
        if job and job.live:
            jobs.cancel(session.home(), job.id)
            jobs.wait(session.home(), job.id, 5)
        folder.forget(place)
        st.rerun()


def _failed(every: list[PointRow]) -> None:
    errors: dict[str, int] = {}
    for row in every:
        if row.error:
            errors[row.error] = errors.get(row.error, 0) + 1
    for error, count in errors.items():
        st.error(f"**{count} {'point' if count == 1 else 'points'}:** {plain(error)}")


def _listing(place: Folder, every: list[PointRow]) -> None:
    frame = report.frame(every)
    with st.expander(f"Every point ({len(every):,})"):
        texts, shared = report.telling(every)
        if shared:
            note(plain(report.in_common(shared)))
        st.dataframe(sheet(frame[[name for name in texts if name in frame]]), hide_index=True)
        st.code(visible(place.study.to_toml(), keep="\n"), language=None)
    if all(row.row is None for row in every):
        return
    first, second, third = st.columns(3)
    name = file_stem(place.study.name)
    first.download_button(
        "CSV",
        lambda: csv_text(frame),
        f"{name}.csv",
        on_click="ignore",
        key=f"csv-{place.id}",
    )
    second.download_button(
        "Parquet",
        lambda: _parquet(frame),
        f"{name}.parquet",
        on_click="ignore",
        key=f"parquet-{place.id}",
    )
    third.download_button(
        "Report (HTML)",
        lambda: report.page(place, every),
        f"{name}.html",
        on_click="ignore",
        key=f"html-{place.id}",
    )


def _parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)
