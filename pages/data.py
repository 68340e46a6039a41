"""Data: which tile sets are here, what is in them, and how to get more."""

import numpy as np
import streamlit as st

from lcc_core.data.catalog import DATASETS, stored
from lcc_core.data.readers import SCENE, TILE, endings
from lcc_core.data.scene import Scene
from lcc_core.data.scenes import PATCH
from lcc_core.data.splits import make_split, protocols
from lcc_core.data.tiles import TileSet
from lcc_core.errors import LccError
from lcc_core.plaintext import visible
from pages.ui import charts, jobpanel, scene_charts, session, unreadable, words
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain, sheet

GALLERY = 8
ABOUT_PATCH = "A pixel is judged with its surroundings: this many pixels wide and high."
ABOUT_NAMES = 'With commas; names that hold commas as a JSON list: ["forest", "river, lake"].'
ABOUT_LIMIT = (
    "Most that the set may take unpacked. 8 GB if nothing is said, and of small files 200 times "
    "their size: a tiny file that grows to gigabytes is hardly a picture."
)

st.title("Data")


def shelf() -> None:
    every = stored(session.home())
    unreadable.skipped(every.unreadable, "stored data set")
    here = {info.name: info for info in every}
    rows = [
        {
            "name": info.name,
            "title": info.title,
            "tiles": info.tiles,
            "classes": info.classes,
            "tile (pixels)": f"{info.size[0]}×{info.size[1]}",
            "synthetic": info.synthetic,
            "on disk": words.size(info.bytes),
            "source": info.source,
        }
        for info in here.values()
    ]
    if rows:
        st.dataframe(sheet(rows), hide_index=True)
    else:
        st.info("No tiles are here yet. Draw the demo tiles, or import or download a set below.")
    for info in DATASETS:
        if info.draw and info.name not in here and st.button(f"Draw the {info.name} tiles"):
            jobpanel.launch(["data", "download", info.name], f"Drawing the {info.name} tiles")
    if here:
        look(list(here))


def look(names: list[str]) -> None:
    name = st.selectbox("Look into", names, format_func=visible, key="set", bind="query-params")
    tiles = session.tiles(name)
    if tiles.synthetic:
        note(words.SYNTHETIC)
    left, right = st.columns([2, 3])
    left.altair_chart(charts.class_counts(tiles.class_names, tiles.class_counts()))
    with right:
        label = st.selectbox("Tiles of class", tiles.class_names, format_func=visible, key="class")
        ids = np.flatnonzero(tiles.labels == tiles.class_names.index(label))
        shown = ids[np.unique(np.linspace(0, len(ids) - 1, GALLERY).astype(int))]
        strip = st.columns(4)
        for place, index in enumerate(shown):
            picture = scene_charts.enlarged(tiles.thumbnail(int(index)), scene_charts.PATCH)
            strip[place % 4].image(picture, f"tile {index}", alt=visible(f"{label}, tile {index}"))
    if isinstance(tiles, Scene):
        scene_charts.overview(tiles)
    what = f"patches of {tiles.size[0]}×{tiles.size[1]}" if isinstance(tiles, Scene) else "tiles"
    note(
        f"{len(tiles):,} {what}, {tiles.bands} bands. "
        f"Fingerprint {plain(tiles.fingerprint[:16])}…. Splits, train / validation / test, seed 0: "
        + "; ".join(f"{plain(protocol)}: {parts(tiles, protocol)}" for protocol in protocols(tiles))
        + "."
    )


def parts(tiles: TileSet, protocol: str) -> str:
    """How many tiles each part gets, or why there is no such split."""
    try:
        split = make_split(tiles, protocol)
    except LccError:
        return "not possible, classes too small"
    counts = f"{len(split.train):,} / {len(split.validation):,} / {len(split.test):,}"
    if not split.spatial:
        return counts
    return f"{counts}, {split.spatial['distance']['train-test']} pixels or more apart"


def add() -> None:
    st.header("Add tiles")
    with st.form("import"):
        st.markdown(
            f"**Import** a zip archive or a folder on this machine: one folder a class, "
            f"{listed(TILE)}. Of a hyperspectral **scene**, name the cube here and its label map "
            f"below: {listed(SCENE)}."
        )
        path = st.text_input("Path", placeholder="/data/EuroSAT.zip or /data/PaviaU.mat")
        left, right = st.columns(2)
        known = [info.name for info in DATASETS if not info.draw]
        kind = left.selectbox("What it is", [*known, "something else"])
        name = right.text_input("Name for something else", placeholder="my-tiles")
        limit = left.text_input("Largest size", placeholder="8GB", help=ABOUT_LIMIT)
        with st.expander("For a scene: label map, patch, classes"):
            scene = scene_form()
        if st.form_submit_button("Import"):
            chosen = kind if kind != "something else" else name.strip()
            if not path.strip() or not chosen:
                st.error("**A path and a name are needed.** Fill in both.")
            else:
                argv = ["data", "import", chosen, path.strip(), *scene]
                argv += [f"--limit={limit.strip()}"] if limit.strip() else []
                jobpanel.launch(argv, f"Importing {chosen}")
    with st.expander("Download a known set (needs a network)"):
        for info in DATASETS:
            if info.downloads:
                megabytes = sum(one.bytes for one in info.downloads) / 1e6
                st.markdown(f"**{info.title}**: {info.summary} {info.licence}.")
                if st.button(f"Download {info.name}, {megabytes:.0f} MB"):
                    jobpanel.launch(["data", "download", info.name], f"Downloading {info.name}")


def listed(kind: str) -> str:
    """The endings that are read, as code."""
    return ", ".join(f"`{ending}`" for ending in endings(kind))


def scene_form() -> list[str]:
    """What else a scene needs, as words of the command; nothing where no label map is named."""
    left, right = st.columns(2)
    labels = left.text_input("Label map of a scene", placeholder="/data/PaviaU_gt.mat")
    patch = right.number_input("Patch (pixels a side, odd)", 1, 63, PATCH, 2, help=ABOUT_PATCH)
    keys = left.text_input(
        "Arrays in the .mat files: cube, labels", placeholder="only if asked for"
    )
    without = right.text_input(
        "Classes to leave out", placeholder="Oats, Alfalfa", help=ABOUT_NAMES
    )
    classes = left.text_input(
        "Class names, in the order of their numbers", placeholder="forest, river", help=ABOUT_NAMES
    )
    if not labels.strip():
        return []
    argv = [labels.strip(), "--patch", str(int(patch))]
    given = {"--keys": keys, "--classes": classes, "--without": without}
    return argv + [f"{option}={value.strip()}" for option, value in given.items() if value.strip()]


with guard():
    jobpanel.panel()
with guard():
    shelf()
with guard():
    add()
