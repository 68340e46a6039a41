"""Train: data, architecture and recipe in, a checkpoint out."""

import streamlit as st

from lcc_core.data.catalog import DATASETS, stored
from lcc_core.data.splits import DEFAULT_PROTOCOL, PROTOCOLS
from lcc_core.models import ARCHITECTURES
from lcc_core.models.device import DEVICES
from lcc_core.training.recipe import PRESETS, make_recipe
from pages.ui import distil_controls, jobpanel, session, words
from pages.ui.guard import guard
from pages.ui.note import note

st.title("Train")


def choose() -> None:
    names = [info.name for info in stored(session.home())]
    names += [] if "demo" in names else ["demo"]
    left, middle, right = st.columns(3)
    data = left.selectbox("Data set", names, key="data", bind="query-params")
    arch = middle.selectbox(
        "Architecture",
        list(ARCHITECTURES),
        format_func=lambda a: f"{ARCHITECTURES[a].title} · {ARCHITECTURES[a].weights_m:g} M",
        key="arch",
        bind="query-params",
        help="Its size in millions of weights stands beside it.",
    )
    preset = right.selectbox(
        "Recipe",
        list(PRESETS),
        key="preset",
        bind="query-params",
        help="Ours, or what a paper states.",
    )
    tiles = next((i.tiles for i in stored(session.home()) if i.name == data), 3000)
    known = make_recipe(arch, preset, tiles=round(tiles * 0.64))
    protocol = left.selectbox(
        "Split",
        list(PROTOCOLS),
        index=list(PROTOCOLS).index(DEFAULT_PROTOCOL),
        help="Shares of train / validation / test. Without a validation part, settings would be "
        "chosen on the test part, as the papers seem to.",
    )
    epochs = middle.number_input("Epochs", 1, 1000, known.epochs, key=f"epochs-{preset}-{data}")
    seed = right.number_input("Seed", 0, 2**31 - 1, 0)
    device = left.selectbox("Device", list(DEVICES), help="auto takes an accelerator if there is.")
    if data == "demo":
        note(words.SYNTHETIC)
    with st.expander("The whole recipe"):
        st.json(known.to_json() | {"epochs": int(epochs), "seed": int(seed)})
    if st.button("Train", type="primary"):
        title = DATASETS[data].title if data in DATASETS else data
        argv = ["train", "--data", data, "--arch", arch, "--preset", preset]
        argv += ["--epochs", str(int(epochs)), "--seed", str(int(seed)), "--split", protocol]
        jobpanel.launch(
            [*argv, "--device", device, "--resume"],
            f"Training {ARCHITECTURES[arch].title} on {title}",
        )


plain, distil = st.tabs(["Train", "Distil"])
with plain, guard():
    choose()
with distil, guard():
    distil_controls.show()
jobpanel.panel("The checkpoint is ready: open **Compress**.")
with guard():
    st.subheader("Trained")
    if not session.checkpoints():
        st.info("No checkpoint yet. Choose above and press Train.")
    for item in session.checkpoints():
        st.markdown(f"- {words.checkpoint(item)} · trained in {words.seconds(item.seconds)}")
