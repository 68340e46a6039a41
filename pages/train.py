"""Train: data, architecture and recipe in, a checkpoint out."""

from datetime import datetime

import streamlit as st

from lcc_core.data.catalog import DATASETS, stored
from lcc_core.data.spatial import SPATIAL
from lcc_core.data.splits import DEFAULT_PROTOCOL, PROTOCOLS, lacks_validation, selected_on
from lcc_core.models import ARCHITECTURES, architectures
from lcc_core.models.device import DEVICES
from lcc_core.plaintext import visible
from lcc_core.training.presets import KINDS
from lcc_core.training.recipe import PRESETS, explain, make_recipe
from pages.ui import distil_controls, import_controls, jobpanel, session, words
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import sheet

st.title("Train")


def choose() -> None:
    here = {info.name: info for info in stored(session.home())}
    names = list(here)
    names += [one.name for one in DATASETS if one.draw and one.name not in here]
    left, middle, right = st.columns(3)
    data = left.selectbox("Data set", names, format_func=visible, key="data", bind="query-params")
    scene = data in here and here[data].extent is not None
    arch = middle.selectbox(
        "Architecture",
        architectures(scene),
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
    tiles = here[data].tiles if data in here else 3000
    known = make_recipe(arch, preset, tiles=round(tiles * 0.64))
    protocol = left.selectbox(
        "Split",
        [*PROTOCOLS, *(SPATIAL if scene else ())],
        index=list(PROTOCOLS).index(DEFAULT_PROTOCOL),
        help="Shares of train / validation / test. Blocks and regions: no training patch shares a "
        "pixel with a test patch.",
    )
    papers = lacks_validation(protocol) and left.toggle(
        "Without a validation part",
        help="As the papers: all of the training part trains, and settings are chosen on test "
        "tiles. Otherwise a fifth of the training part becomes the validation part.",
    )
    epochs = middle.number_input("Epochs", 1, 1000, known.epochs, key=f"epochs-{preset}-{data}")
    seed = right.number_input("Seed", 0, 2**31 - 1, 0)
    device = left.selectbox("Device", list(DEVICES), help="auto takes an accelerator if there is.")
    published = DATASETS.get(data)
    if (published and published.synthetic) or (data in here and here[data].synthetic):
        note(words.SYNTHETIC)
    with st.expander("The whole recipe"):
        st.json(known.to_json() | {"epochs": int(epochs), "seed": int(seed)})
    if preset != "default":
        with st.expander("Where each value comes from"):
            st.dataframe(explain(known), hide_index=True)
            note("; ".join(f"{kind}: {meaning}" for kind, meaning in KINDS.items()) + ".")
    if st.button("Train", type="primary"):
        title = DATASETS[data].title if data in DATASETS else data
        argv = ["train", "--data", data, "--arch", arch, "--preset", preset]
        argv += ["--epochs", str(int(epochs)), "--seed", str(int(seed)), "--split", protocol]
        argv += ["--select-on", "test"] if papers else []
        jobpanel.launch(
            [*argv, "--device", device, "--resume"],
            f"Training {ARCHITECTURES[arch].title} on {title}",
        )


def trained() -> None:
    """Every checkpoint, the newest first."""
    rows = []
    for item in session.checkpoints():
        test = item.accuracy.get("test", {})
        rows.append(
            {
                "architecture": f"{item.arch}{item.how}",
                "data": f"{item.kept}{item.data}{' (synthetic)' if item.synthetic else ''}",
                "split": item.split["protocol"],
                "chooses on": selected_on(item.split),
                "accuracy (%)": round(100 * test["oa"], 2) if test else None,
                "test tiles": test.get("tiles"),
                "epochs": len(item.log),
                "took": None if item.imported else words.seconds(item.seconds),
                "made": words.when(datetime.fromisoformat(item.created)),
                "id": item.id[:6],
            }
        )
    st.dataframe(sheet(rows), hide_index=True, height=min(420, 36 * len(rows) + 40))


plain, distil, own = st.tabs(["Train", "Distil", "Import a model"])
with plain, guard():
    choose()
with distil, guard():
    distil_controls.show()
with own, guard():
    import_controls.show()
jobpanel.panel()
with guard():
    st.header("Trained")
    if not session.checkpoints():
        st.info("No checkpoint yet. Choose above and press Train.")
    else:
        trained()
