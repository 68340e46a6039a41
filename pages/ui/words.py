"""Numbers and labels as the pages spell them."""

from __future__ import annotations

from lcc_core.checkpoints.store import Checkpoint

SYNTHETIC = "Synthetic tiles, drawn by this program: figures on them say nothing of real imagery."


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def points(share: float) -> str:
    return f"{100 * share:+.2f} points"


def size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def seconds(value: float) -> str:
    return f"{value:.0f} s" if value < 90 else f"{value / 60:.1f} min"


def checkpoint(item: Checkpoint) -> str:
    mark = " (synthetic)" if item.synthetic else ""
    test = item.accuracy.get("test", {})
    figure = f" · {percent(test['oa'])} on {test['tiles']:,} test tiles" if test else ""
    return f"{item.arch}{item.how} · {item.kept}{item.data}{mark}{figure} · {item.id[:6]}"
