"""Data: which tile sets are here, what is in them, and how to get more."""

import numpy as np
import streamlit as st

from lcc_core.data.catalog import DATASETS, stored
from lcc_core.data.splits import PROTOCOLS, make_split
from pages.ui import charts, jobpanel, session, words
from pages.ui.guard import guard
from pages.ui.note import note

GALLERY = 8

st.title("Data")


def shelf() -> None:
    here = {info.name: info for info in stored(session.home())}
    rows = [
        {
            "name": info.name,
            "title": info.title,
            "tiles": info.tiles,
            "classes": info.classes,
            "tile (pixels)": f"{info.size[0]}×{info.size[1]}",
            "on disk": words.size(info.bytes),
            "source": info.source,
            "synthetic": info.synthetic,
        }
        for info in here.values()
    ]
    if rows:
        st.dataframe(rows, hide_index=True)
    else:
        st.info("No tiles are here yet. Draw the demo tiles, or import or download a set below.")
    if "demo" not in here and st.button("Draw the demo tiles"):
        jobpanel.launch(["data", "download", "demo"], "Drawing the demo tiles")
    if here:
        look(list(here))


def look(names: list[str]) -> None:
    name = st.selectbox("Look into", names, key="set", bind="query-params")
    tiles = session.tiles(name)
    if tiles.synthetic:
        note(words.SYNTHETIC)
    left, right = st.columns([2, 3])
    left.altair_chart(charts.class_counts(tiles.class_names, tiles.class_counts()))
    with right:
        label = st.selectbox("Tiles of class", tiles.class_names, key="class")
        ids = np.flatnonzero(tiles.labels == tiles.class_names.index(label))
        shown = ids[np.unique(np.linspace(0, len(ids) - 1, GALLERY).astype(int))]
        strip = st.columns(4)
        for place, index in enumerate(shown):
            picture = tiles.thumbnail(int(index))
            strip[place % 4].image(picture, f"tile {index}", alt=f"{label}, tile {index}")
    note(
        f"{len(tiles):,} tiles, {tiles.bands} bands. Fingerprint {tiles.fingerprint[:16]}…. "
        + "Splits: "
        + "; ".join(
            f"{protocol}: {len(s.train):,} / {len(s.validation):,} / {len(s.test):,}"
            for protocol, s in ((p, make_split(tiles, p)) for p in PROTOCOLS)
        )
        + " tiles train / validation / test, stratified, seed 0."
    )


def add() -> None:
    st.subheader("Add tiles")
    with st.form("import"):
        st.markdown(
            "**Import** a zip archive or a folder on this machine: one folder a class, `.tif`, "
            "`.jpg` or `.png`."
        )
        path = st.text_input("Path", placeholder="/data/EuroSAT.zip")
        kind = st.selectbox("What it is", ["eurosat", "ucmerced", "something else"])
        name = st.text_input("Name for something else", placeholder="my-tiles")
        if st.form_submit_button("Import"):
            chosen = kind if kind != "something else" else name.strip()
            if not path.strip() or not chosen:
                st.error("**A path and a name are needed.** Fill in both.")
            else:
                jobpanel.launch(["data", "import", chosen, path.strip()], f"Importing {chosen}")
    with st.expander("Download a known set (needs a network)"):
        for info in DATASETS.values():
            if info.archive:
                megabytes = info.archive.bytes / 1e6
                st.markdown(f"**{info.title}**: {info.summary} {info.licence}.")
                if st.button(f"Download {info.name}, {megabytes:.0f} MB"):
                    jobpanel.launch(["data", "download", info.name], f"Downloading {info.name}")


with guard():
    jobpanel.panel("The tiles are in the list.")
with guard():
    shelf()
with guard():
    add()
