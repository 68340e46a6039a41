"""A model that was trained elsewhere: the file, whose weights they are, and how it reads tiles."""

from __future__ import annotations

import streamlit as st

from lcc_core.data.catalog import stored
from lcc_core.data.splits import DEFAULT_PROTOCOL, PROTOCOLS
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.plaintext import visible
from lcc_core.training.imported import AUTO, NORMS
from pages.ui import jobpanel, session

PACKED = "a packed .lcc file"
HELP = {
    "split": "The one it was trained with. If it is another, some test tiles were known to it, and "
    "its figures flatter.",
    "norm": "What its input was normalised with. auto takes the one that gets most of 1,000 "
    "training tiles right.",
    "classes": "Class names with commas, if they are not in alphabetical order; names that hold "
    'commas as a JSON list: ["forest", "river, lake"].',
}


def show() -> None:
    here = [one.name for one in stored(session.home()) if one.extent is None]
    if not here:
        st.info("Import the tiles first that it was trained for, on the **Data** page.")
        return
    with st.form("import-model"):
        st.markdown(
            "Weights of one of the architectures here: a `.safetensors` file, a `.pt` or `.pth` "
            "file with a `state_dict` and torchvision's names, or a packed `.lcc` file. Nothing in "
            "it is run."
        )
        path = st.text_input("File on this machine", placeholder="/models/resnet18.pth")
        left, middle, right = st.columns(3)
        arch = left.selectbox("Network", [*architectures(scene=False), PACKED], format_func=_title)
        data = middle.selectbox("Tiles it is for", here, format_func=visible)
        norm = right.selectbox("Normalised by", NORMS, NORMS.index(AUTO), help=HELP["norm"])
        split = left.selectbox(
            "Split", PROTOCOLS, list(PROTOCOLS).index(DEFAULT_PROTOCOL), help=HELP["split"]
        )
        seed = middle.number_input("Seed of the split", 0, 2**31 - 1, 0, help=HELP["split"])
        classes = right.text_input("Class order", help=HELP["classes"])
        if not st.form_submit_button("Import", type="primary"):
            return
    if not path.strip():
        st.error("**No file is named.** Give its path.")
        return
    argv = ["import-model", path.strip(), "--data", data, "--norm", norm, "--split", split]
    argv += ["--seed", str(int(seed))]
    argv += ["--classes", classes] if classes.strip() else []
    argv += ["--arch", arch] if arch != PACKED else []
    jobpanel.launch(argv, f"Importing {path.strip().rpartition('/')[2]}")


def _title(arch: str) -> str:
    return ARCHITECTURES[arch].title if arch in ARCHITECTURES else arch
