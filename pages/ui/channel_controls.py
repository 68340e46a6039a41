"""Which channels go and how the rest is trained on. Every setting lives in the page's address."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.compression.structured import CRITERIA, Cut
from lcc_core.data.splits import same_split
from lcc_core.settings import settings_of
from lcc_core.tasks.pruning import PruneChannelsTask
from lcc_core.training.finetuned import EPOCHS
from lcc_core.training.losses import LOSSES
from pages.ui import session, words
from pages.ui.controls import URL
from pages.ui.setting_controls import control

NOBODY = "nobody"
HELP = {
    "ratio": "Of the channels of each group, or of all together.",
    "criterion": "attention: squeeze-excite gates are trained first, and their mean is folded into "
    "the batch norms' scales. norm: the scales as they are. l1, l2: size of the filters. random: "
    "to compare with.",
    "scope": "The same share of each group, or the weakest wherever they are.",
    "floor": "Channels that every group keeps.",
    "loss": "mining adds the adaptive mining term of RemoteTrimmer, nearly flat for ten classes. "
    "mining-wide is our form of it, which is not.",
}


def cut() -> Cut:
    first, second, third, fourth = st.columns([3, 2, 2, 2])
    ratio = first.slider(
        "Channels to remove (%)", 0, 90, 50, 5, key="remove", help=HELP["ratio"], bind=URL
    )
    criterion = second.selectbox(
        "Criterion", CRITERIA, key="criterion", help=HELP["criterion"], bind=URL
    )
    scope = third.selectbox(
        "Rank within", ["each group", "the whole net"], key="within", help=HELP["scope"], bind=URL
    )
    floor = fourth.number_input("Floor", 1, 512, 8, key="floor", help=HELP["floor"], bind=URL)
    chosen = "global" if scope == "the whole net" else "group"
    return Cut(criterion, ratio / 100, chosen, int(floor))


def fine_tuning(checkpoint: Checkpoint, settings: Cut) -> PruneChannelsTask | None:
    """What to do, once it is asked for."""
    told = {one.name: one for one in settings_of(PruneChannelsTask)}
    top, bottom = st.columns(3), st.columns(3)
    asked: dict[str, Any] = {
        "schedule": control(told["schedule"], top[0]),
        "epochs": control(told["epochs"], top[1], value=EPOCHS),
        "loss": top[2].selectbox("Loss", LOSSES, key="loss", help=HELP["loss"], bind=URL),
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
