"""Studies: a grid of settings put together, run in the background, watched and taken away."""

import streamlit as st

from lcc_core.plaintext import visible
from lcc_core.studies import folder
from pages.ui import jobpanel, session, study_controls, study_views, unreadable
from pages.ui.guard import guard
from pages.ui.note import note

st.title("Studies")
note(
    "Every combination of the settings below is a point. What points share is done once; what was "
    "measured before is taken from there; what is interrupted goes on where it was."
)
with guard():
    every = folder.studies(session.home())
    unreadable.skipped(every.unreadable, "stored study")
    known = {one.id: one for one in every}
    if known:
        chosen = st.selectbox(
            "Study",
            list(known),
            format_func=lambda one: visible(f"{known[one].study.name} · {one[:6]}"),
            key="study",
        )
        with guard():
            study_views.live(known[chosen])
    st.header("A new study")
    with guard():
        study = study_controls.build()
        if processes := study_controls.start(study):
            place = folder.save(session.home(), study)
            jobpanel.launch(study_views.words_for(place.id, processes), f"Study {study.name}")
            st.session_state.pop("study", None)
            st.rerun()
