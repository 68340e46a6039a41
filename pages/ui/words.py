"""Numbers and labels as the pages spell them."""

from __future__ import annotations

from datetime import datetime

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.data.splits import DEFAULT_PROTOCOL
from lcc_core.plaintext import visible
from lcc_core.results.table import ResultRow

ON_TEST = "chosen on test tiles"  # what marks such rows wherever they show
SYNTHETIC = "Synthetic tiles, drawn by this program: figures on them say nothing of real imagery."


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.1f}×"


def bits(average: float | None) -> str:
    """Three digits, or a dash where they are not known."""
    return "–" if average is None else f"{average:.3g}"


def points(share: float) -> str:
    return f"{100 * share:+.2f} points"


def size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def seconds(value: float) -> str:
    if value < 90:
        return f"{value:.0f} s" if value >= 9.5 else f"{value:.1f} s"
    return f"{value / 60:.1f} min" if value < 5400 else f"{value / 3600:.1f} h"


def when(moment: datetime) -> str:
    """In this machine's time; today's without the date."""
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"


def checkpoint(item: Checkpoint) -> str:
    mark = " (synthetic)" if item.synthetic else ""
    test = item.accuracy.get("test", {})
    figure = f" · {percent(test['oa'])} on {test['tiles']:,} test tiles" if test else ""
    protocol = item.split["protocol"]
    split = f" · {protocol}" if protocol != DEFAULT_PROTOCOL else ""
    text = f"{item.arch}{item.how} · {item.kept}{item.data}{mark}{split}{figure} · {item.id[:6]}"
    return visible(text)


def made(row: ResultRow) -> str:
    """How the row was made: ``laq, 1.1 bits, 40 % zeros``."""
    text = "float"
    if not row.plan.is_float:
        text = f"{row.method}, {bits(row.measurement.average_bits)} bits"
        if any(one.prune_k for one in row.plan.layers.values()):
            text += f", {100 * row.measurement.sparsity:.0f} % zeros"
    if row.coreset is not None:
        text += f", on {100 * row.fraction:g} % of the tiles"
    return text + (f", {ON_TEST}" if row.chosen_on == "test" else "")


def chosen_on(row: ResultRow) -> str:
    """``validation tiles``, ``test tiles`` or, where nothing was searched, a dash."""
    return f"{row.chosen_on} tiles" if row.chosen_on else "–"


def result(row: ResultRow) -> str:
    """A measured model in a line."""
    figures = row.measurement
    variant = f" ({row.variant})" if row.variant else ""
    return visible(
        f"{row.arch}{variant} · {figures.data} · {made(row)} · {percent(figures.oa)} · "
        f"{size(figures.bytes)}"
    )


def count(number: int, one: str, more: str = "") -> str:
    """``1 training``, ``2 trainings``, ``3 searches``."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"
