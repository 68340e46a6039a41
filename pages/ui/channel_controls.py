"""Which channels go and how the rest is trained on. Every setting lives in the page's address."""

from __future__ import annotations

import streamlit as st

from lcc_core.channels import ChannelPruning
from lcc_core.channels.schedule import KINDS
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.data.splits import same_split
from lcc_core.settings import settings_of
from lcc_core.training.finetuned import EPOCHS
from lcc_core.training.losses import LOSSES
from pages.ui import session, words
from pages.ui.setting_controls import URL, control

NOBODY = "nobody"
HELP = {
    "schedule": "one-shot: all at once, then fine-tune. iterative: layer by layer. multi-pass: all "
    "layers, a little more each time. All have the same epochs.",
    "passes": "0: three passes, or a step for each layer as far as the epochs go.",
    "loss": "mining adds the adaptive mining term of RemoteTrimmer, nearly flat for ten classes. "
    "mining-wide is our form of it, which is not.",
    "teacher": "Distil while fine-tuning: the pruned net is drawn to the answers of this model.",
    "attention": "Epochs in which the gates are trained, before anything is removed.",
    "source": "Epochs that this model is trained on, plain, before anything is removed. As many as "
    "attention trains its gates for make a fair comparison of the two.",
}


def pruning() -> ChannelPruning:
    """Which channels are to go."""
    shown = [one for one in settings_of(ChannelPruning) if not one.advanced]
    cells = st.columns(len(shown))
    values = {one.name: control(one, cell) for one, cell in zip(shown, cells, strict=True)}
    return ChannelPruning(**values)


def fine_tuning(checkpoint: Checkpoint, settings: ChannelPruning) -> list[str] | None:
    """The command, once it is asked for."""
    top, bottom = st.columns(3), st.columns(3)
    schedule = top[0].selectbox("Schedule", KINDS, key="schedule", help=HELP["schedule"], bind=URL)
    epochs = top[1].number_input("Epochs", 1, 1000, EPOCHS, key="epochs", bind=URL)
    loss = top[2].selectbox("Loss", LOSSES, key="loss", help=HELP["loss"], bind=URL)
    others = {item.id: item for item in session.checkpoints() if fits(item, checkpoint)}
    teacher = bottom[0].selectbox(
        "Teacher",
        [NOBODY, *others],
        format_func=lambda one: words.checkpoint(others[one]) if one in others else one,
        help=HELP["teacher"],
    )
    seed = bottom[1].number_input("Seed", 0, 2**31 - 1, 0, key="seed", bind=URL)
    argv = ["prune-channels", checkpoint.id, "--criterion", settings.criterion]
    argv += ["--ratio", f"{settings.ratio:g}", "--floor", str(settings.floor)]
    argv += ["--global"] * (settings.scope == "global")
    if settings.criterion == "attention":
        gates = bottom[2].number_input(
            "Epochs for attention", 1, 1000, EPOCHS, key="gates", help=HELP["attention"], bind=URL
        )
        argv += ["--attention-epochs", str(int(gates))]
    else:
        longer = bottom[2].number_input(
            "Epochs before", 0, 1000, 0, key="longer", help=HELP["source"], bind=URL
        )
        argv += ["--source-epochs", str(int(longer))] if longer else []
    if schedule != "one-shot":
        passes = bottom[0].number_input("Passes", 0, 100, 0, key="passes", help=HELP["passes"])
        argv += ["--passes", str(int(passes))]
    if teacher != NOBODY:
        argv += ["--teacher", teacher]
    argv += ["--schedule", schedule, "--epochs", str(int(epochs)), "--loss", loss]
    argv += ["--seed", str(int(seed))]
    return argv if st.button("Prune and fine-tune", type="primary") else None


def fits(one: Checkpoint, other: Checkpoint) -> bool:
    """Trained on the same tiles with the same split, so that no test tile is known to either."""
    return same_split(one.split, other.split) and one.fingerprint == other.fingerprint
