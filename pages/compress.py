"""Compress: bits and pruning, fixed or searched, what they cost, and the file to take home."""

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.commands.searching import search_words
from lcc_core.compression.search import SearchResult, SearchSettings
from lcc_core.measure.measurement import Measurement
from lcc_core.results.searched import cached_search
from lcc_core.workers.requests import FixedRivals
from pages.ui import charts, choosing, controls, jobpanel, results, session, words, work
from pages.ui.guard import guard
from pages.ui.note import note


@st.fragment
def fixed(checkpoint: Checkpoint) -> None:
    """Sliders and their work in one fragment: a fast move cancels the one before."""
    with guard():
        plan = controls.fixed(checkpoint)
        row = results.show(checkpoint, plan)
        results.details(checkpoint, plan, row)


def adaptive(checkpoint: Checkpoint) -> None:
    settings, where = controls.adaptive()
    asked = search_words(checkpoint.id, settings, where)
    found = cached_search(session.home(), checkpoint, settings, where) or stopped(asked)
    if found is None or found.stopped:
        if st.button("Search", type="primary"):
            jobpanel.launch(asked, f"Search on {words.checkpoint(checkpoint)}")
            st.rerun()
    if found is None:
        return
    if warning := where.warning(session.split(checkpoint)):
        note(warning)
    if found.stopped:
        st.info("The search was stopped: this is as far as it came. The other layers are mild.")
    row = results.show(checkpoint, found.plan)
    summary(found, row, [] if found.stopped else beside(checkpoint, settings, row))
    if found.trace:
        with st.expander("Every candidate"):
            trace = charts.trace_frame([tried.to_json() for tried in found.trace], found.reference)
            st.altair_chart(charts.trace(trace))
            st.dataframe(trace, hide_index=True)
    results.details(checkpoint, found.plan, row, found.importance)


def stopped(asked: list[str]) -> SearchResult | None:
    """What a cancelled search had found, if that was the last one asked for in these words."""
    job = jobpanel.current()
    if job is None or list(job.argv) != asked or not job.result or "plan" not in job.result:
        return None
    names = SearchResult.__dataclass_fields__
    return SearchResult.from_json({k: v for k, v in job.result.items() if k in names})


def beside(checkpoint: Checkpoint, settings: SearchSettings, row: Measurement) -> list[Measurement]:
    return work.ask(
        FixedRivals(checkpoint.id, checkpoint.created, row, settings),
        spinner="Measuring the fixed settings beside it …",
    )


def summary(found: SearchResult, row: Measurement, fixed: list[Measurement]) -> None:
    text = f"Planned in {words.seconds(found.seconds)}."
    if found.trace:
        text = (
            f"{len(found.trace)} candidates judged on {found.tiles:,} tiles in "
            f"{words.seconds(found.seconds)}, the work of {found.equivalents:.1f} whole "
            "evaluations."
        )
    if fixed:
        settings = [
            f"{words.percent(one.oa)} at {one.average_bits:.0f} bits"
            f"{f', {words.percent(one.sparsity)} zeros' if one.average_bits == 32 else ''}"
            f" ({words.size(one.bytes)})"
            for one in fixed
        ]
        text += (
            f" Fixed settings around this size reach {' and '.join(settings)}; this plan "
            f"**{words.percent(row.oa)} in {words.size(row.bytes)}**."
        )
    st.markdown(text)


st.title("Compress")
with guard():
    left, right = st.columns([4, 1])
    chosen = choosing.checkpoint(
        session.checkpoints(),
        "There is no checkpoint to compress yet. Train the demo model on Trade-offs, or:",
        place=left,
    )
    if chosen:
        mode = right.segmented_control(
            "Setting", ["fixed", "adaptive"], default="fixed", key="mode", bind=controls.URL
        )
        if mode == "adaptive":
            with guard():
                adaptive(chosen)
        else:
            fixed(chosen)
jobpanel.panel()
