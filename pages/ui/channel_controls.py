"""Which channels go and how the rest is trained on. Every setting lives in the page's address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lcc_core.channels import ChannelPruning
from lcc_core.checkpoints.store import Checkpoint
from lcc_core.data.splits import same_split
from lcc_core.settings import settings_of
from lcc_core.tasks.pruning import PruneChannelsTask
from lcc_core.training.finetuned import EPOCHS
from lcc_core.training.losses import LOSSES
from pages.ui import session, words
from pages.ui.setting_controls import URL, control

NOBODY = "nobody"
ABOUT_LOSS = (
    "mining adds the adaptive mining term of RemoteTrimmer, nearly flat for ten classes. "
    "mining-wide is our form of it, which is not."
)


def pruning() -> ChannelPruning:
    """Which channels are to go."""
    shown = [one for one in settings_of(ChannelPruning) if not one.advanced]
    cells = st.columns(len(shown))
    values = {one.name: control(one, cell) for one, cell in zip(shown, cells, strict=True)}
    return ChannelPruning(**values)


def fine_tuning(checkpoint: Checkpoint, settings: ChannelPruning) -> PruneChannelsTask | None:
    """What to do, once it is asked for."""
    told = {one.name: one for one in settings_of(PruneChannelsTask)}
    top, bottom = st.columns(3), st.columns(3)
    asked: dict[str, Any] = {
        "schedule": control(told["schedule"], top[0]),
        "epochs": control(told["epochs"], top[1], value=EPOCHS),
        "loss": top[2].selectbox("Loss", LOSSES, key="loss", help=ABOUT_LOSS, bind=URL),
    }
    others = {item.id: item for item in session.checkpoints() if fits(item, checkpoint)}
    teacher = bottom[0].selectbox(
        told["teacher"].label,
        [NOBODY, *others],
        format_func=lambda one: words.checkpoint(others[one]) if one in others else one,
        help=told["teacher"].help,
    )
    asked["seed"] = control(told["seed"], bottom[1])
    if settings.criterion == "attention":
        gates = control(told["attention_epochs"], bottom[2], "gates", EPOCHS)
        asked["attention_epochs"] = gates
    else:
        asked["source_epochs"] = control(told["source_epochs"], bottom[2], "longer")
    if asked["schedule"] != "one-shot":
        asked["passes"] = control(told["passes"], bottom[0])
    if teacher != NOBODY:
        asked["teacher"] = teacher
    if not st.button("Prune and fine-tune", type="primary"):
        return None
    return PruneChannelsTask(
        checkpoint=checkpoint.id,
        criterion=settings.criterion,
        ratio=settings.ratio,
        everywhere=settings.scope == "global",
        floor=settings.floor,
        **asked,
    )


def fits(one: Checkpoint, other: Checkpoint) -> bool:
    """Trained on the same tiles with the same split, so that no test tile is known to either."""
    return same_split(one.split, other.split) and one.fingerprint == other.fingerprint
