"""A model that was trained elsewhere: the file, whose weights they are, and how it reads tiles."""

from __future__ import annotations

import streamlit as st

from lcc_core.data.catalog import stored
from lcc_core.data.splits import DEFAULT_PROTOCOL, PROTOCOLS
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.plaintext import visible
from lcc_core.settings import settings_of
from lcc_core.tasks.importing import ImportModelTask
from pages.ui import jobpanel, session
from pages.ui.setting_controls import control

PACKED = "a packed .lcc file"


def show() -> None:
    here = [one.name for one in stored(session.home()) if one.extent is None]
    if not here:
        st.info("Import the tiles first that it was trained for, on the **Data** page.")
        return
    told = {one.name: one for one in settings_of(ImportModelTask)}
    with st.form("import-model"):
        st.markdown(
            "Weights of one of the architectures here: a `.safetensors` file, a `.pt` or `.pth` "
            "file with a `state_dict` and torchvision's names, or a packed `.lcc` file. Nothing in "
            "it is run."
        )
        path = st.text_input(told["file"].label, placeholder="/models/resnet18.pth")
        left, middle, right = st.columns(3)
        arch = left.selectbox(
            told["arch"].label, [*architectures(scene=False), PACKED], format_func=_title
        )
        data = middle.selectbox(told["data"].label, here, format_func=visible)
        norm = control(told["norm"], right, bound=False)
        split = left.selectbox(
            told["split"].label,
            PROTOCOLS,
            list(PROTOCOLS).index(DEFAULT_PROTOCOL),
            help=told["split"].help,
        )
        seed = control(told["seed"], middle, "import-seed", bound=False)
        classes = control(told["classes"], right, bound=False)
        if not st.form_submit_button("Import", type="primary"):
            return
    if not path.strip():
        st.error("**No file is named.** Give its path.")
        return
    task = ImportModelTask(
        file=path.strip(), data=data, arch="" if arch == PACKED else arch, norm=norm, split=split,
        seed=seed, classes=classes,
    )  # fmt: skip
    jobpanel.launch(task)


def _title(arch: str) -> str:
    return ARCHITECTURES[arch].title if arch in ARCHITECTURES else arch
