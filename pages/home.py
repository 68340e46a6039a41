"""Home: what this is, what is here, and the first step."""

import streamlit as st

from lcc_core.data.catalog import stored
from pages.ui import jobpanel, session, words
from pages.ui.guard import guard
from pages.ui.note import note

st.title("Land-Cover Compression Explorer")
st.markdown(
    "How small may a land-cover classifier get before it stops being good enough? Train or load "
    "a model, prune and quantize it with two sliders, see what it loses on test tiles, and take "
    "home a checkpoint that is really small."
)

with guard():
    sets, models = stored(session.home()), session.checkpoints()
    left, right = st.columns(2)
    left.metric("Data sets here", len(sets), help="Tile sets imported or drawn on this machine.")
    right.metric("Trained checkpoints", len(models), help="Float models that can be compressed.")

    if models:
        st.subheader("Go on with")
        st.page_link("pages/compress.py", label="**Compress** a checkpoint")
        st.dataframe(
            [
                {
                    "checkpoint": item.id,
                    "architecture": item.arch,
                    "data": item.data + (" (synthetic)" if item.synthetic else ""),
                    "test accuracy (%)": round(100 * item.accuracy["test"]["oa"], 2)
                    if "test" in item.accuracy
                    else None,
                    "test tiles": item.accuracy.get("test", {}).get("tiles"),
                    "float32 file": words.size(item.bytes),
                    "trained": item.created[:16].replace("T", " "),
                }
                for item in models
            ],
            hide_index=True,
        )
    else:
        st.subheader("First step")
        st.markdown(
            "Nothing is trained yet. One click draws 3,000 synthetic demo tiles and trains the "
            "compact network on them, in about a minute."
        )
        if st.button("Train the demo model", type="primary"):
            jobpanel.launch(
                ["train", "--data", "demo", "--arch", "compact", "--resume"],
                "Training the compact network on demo tiles",
            )
        note(words.SYNTHETIC)
    jobpanel.panel("The model is ready: open **Compress**.")
    st.subheader("Your own tiles")
    st.markdown("EuroSAT, UC Merced or any folder of class folders:")
    st.page_link("pages/data.py", label="**Data**: import or download tiles")
    st.page_link("pages/train.py", label="**Train** a model on them")
