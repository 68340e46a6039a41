"""Trade-offs: every measurement, the front, and the best model within limits."""

from typing import Any

import streamlit as st

from lcc_core.plaintext import csv_text, records, visible
from lcc_core.results import choice, table
from lcc_core.results.published import PUBLISHED
from lcc_core.results.table import ResultRow
from lcc_core.tasks.training import TrainTask
from pages.ui import jobpanel, rowdetails, session, tradeoff_chart, unreadable, words
from pages.ui.candidates import IN_ADDRESS, MOST, short_ids
from pages.ui.guard import guard
from pages.ui.note import FORWARD, note
from pages.ui.plain import plain, sheet
from pages.ui.setting_controls import URL
from pages.ui.tradeoff_chart import AXES, Cloud, label

ABOUT = (
    "Every point is a measured model: its accuracy on test tiles, and what it costs. The line is "
    "the front: nothing beats what lies on it in both, by the accuracy on validation tiles. Click "
    "a point, or draw a box around several, to see them below."
)
HELP = {
    "axis": "bytes: of the packed file, the one to take home. real ratio: how many times smaller "
    "it is than the float32 checkpoint file. average bits: a weight. MACs: multiply-accumulates "
    "for one tile. latency: time for one tile on one core.",
    "most": "Largest packed file that fits, in megabytes: 0.1 is 100 kB. Empty: any.",
    "least": "Lowest accuracy that is good enough: on validation tiles, which is what models are "
    "chosen by, or on test tiles where some have no validation figure. Empty: any.",
    "tested": "Only models measured on the same test tiles can be compared.",
    "on test": "Settings chosen on the test tiles flatter: such models are drawn open with a dot. "
    "Others were measured before validation figures were kept, so that they could only be chosen "
    "by their test accuracy, which flatters too. Both stay off the front and are never the best, "
    "unless this is on.",
    "data": "Tiles that the models were trained and measured on.",
    "methods": "How bits and pruning were chosen. fixed: the same for all layers. laq, lap, "
    "laq+lap, size: searched for each layer. float: not compressed. (papers'): with one scale a "
    "layer.",
    "trained": "Share of the training tiles that was used; below 100 %, a coreset.",
    "dim": "Fade results that another one beats in size and accuracy at once.",
    "volume": "How much of the picture the front dominates: 0 to 1, on the logarithmic axis, from "
    "0 to 100 % accuracy and from the largest to the smallest size shown. Larger is better.",
    "published": "What papers report on the same tiles, where their size is known.",
}


def narrow(rows: list[ResultRow]) -> list[ResultRow]:
    """What the analyst wants to look at; everything at first."""
    drawn = {row.measurement.data for row in rows if row.measurement.synthetic}
    sets = sorted({row.measurement.data for row in rows}, key=lambda name: (name in drawn, name))
    first, second, third, fourth = st.columns([2, 3, 3, 3])
    data = first.selectbox(
        "Data", sets, format_func=visible, key="data", help=HELP["data"], bind=URL
    )
    rows = [row for row in rows if row.measurement.data == data]
    archs = sorted({row.arch for row in rows})
    methods = sorted({row.method for row in rows})
    kept = sorted({row.fraction for row in rows}, reverse=True)
    any_: dict[str, Any] = {"placeholder": "all", "bind": URL, "format_func": visible}
    arch = second.multiselect("Architectures", archs, key="archs", **any_)
    method = third.multiselect("Methods", methods, key="methods", help=HELP["methods"], **any_)
    names = {f"{100 * share:g} %": share for share in kept}
    part = fourth.multiselect(
        "Trained on", list(names), key="trained", help=HELP["trained"], **any_
    )
    return [
        row
        for row in rows
        if (not arch or row.arch in arch)
        and (not method or row.method in method)
        and (not part or row.fraction in [names[one] for one in part])
    ]


def same_tiles(rows: list[ResultRow]) -> list[ResultRow]:
    """Rows of one set of test tiles, the one most rows are of at first."""
    groups = {group[0].test_set: group for group in choice.by_test_set(rows)}
    if len(groups) < 2:
        return rows
    asked = st.selectbox(
        "Test tiles",
        list(groups),
        format_func=lambda name: f"{name}: {words.count(len(groups[name]), 'model')}",
        key="tested",
        help=HELP["tested"],
        bind=URL,
    )
    return groups[asked]


def limits() -> tuple[str, float, float]:
    """How size is counted; at most so many bytes, at least such an accuracy."""
    first, left, right = st.columns([5, 2, 2])
    axis = first.segmented_control(
        "Size as", list(AXES), default="bytes", key="axis", help=HELP["axis"], bind=URL
    )
    most = left.number_input(
        "At most (MB)", 0.0, None, None, 0.05, "%.3f", key="most", help=HELP["most"],
        placeholder="any", bind=URL,
    )  # fmt: skip
    least = right.number_input(
        "At least (%)", 0.0, 100.0, None, 0.5, "%.2f", key="least", help=HELP["least"],
        placeholder="any", bind=URL,
    )  # fmt: skip
    return axis or "bytes", 1e6 * (most or 0), (least or 0) / 100


def within(rows: list[ResultRow], most: float, least: float, by: str) -> list[ResultRow]:
    return [
        row
        for row in rows
        if (not most or row.measurement.bytes <= most) and choice.accuracy(row, by) >= least
    ]


def best(
    rows: list[ResultRow], fit: list[ResultRow], most: float, least: float, by: str
) -> ResultRow | None:
    """The most accurate within the limits, the smaller of equals; said in a sentence."""
    if not (most or least):
        return None
    if not fit:
        smallest = words.size(min(row.measurement.bytes for row in rows))
        finest = words.percent(max(choice.accuracy(row, by) for row in rows))
        st.warning(
            f"**Nothing here fits.** The smallest file has {smallest}, the best {by} accuracy is "
            f"{finest}. Allow more bytes or less accuracy."
        )
        return None
    finest = choice.most_accurate(fit, by)
    smallest = min(fit, key=lambda row: (row.measurement.bytes, -choice.accuracy(row, by)))
    text = f"**{len(fit)} of {len(rows)} fit.** The most accurate: {_said(finest)}."
    if least and smallest is not finest:
        text += f" The smallest: {_said(smallest)}."
    st.success(f"{text} {choice.said(rows)}")
    return finest if most else smallest


def _said(row: ResultRow) -> str:
    one = row.measurement
    low, high = one.interval
    name = plain(label(row).rpartition(" · ")[0])
    return (
        f"**{name}** ({words.percent(low)} to {words.percent(high)}, "
        f"95 %, {one.tiles:,} test tiles; {one.real_ratio:.1f}× smaller than its float file)"
    )


def with_test_chosen(rows: list[ResultRow]) -> bool:
    """Whether rows that only test tiles can speak for may be on the front; asked only where there
    are some: their settings were chosen on test tiles, or they have no validation figure."""
    if left := len(rows) - len(choice.eligible(rows)):
        return st.toggle(
            f"Front and best with the {left} that only test tiles speak for",
            key="on-test",
            help=HELP["on test"],
            bind=URL,
        )
    return False


def picture(shown: Cloud, axis: str, most: float, least: float, chosen: ResultRow | None) -> list:
    """The chart; returns the ids of the points that were clicked or boxed."""
    data = shown.rows[0].measurement.data
    left, middle, right = st.columns([3, 3, 4])
    dim = left.toggle("Dim what is beaten", key="dim", help=HELP["dim"], bind=URL)
    others = middle.toggle("Published points", True, key="others", help=HELP["published"], bind=URL)
    right.markdown(
        f"Front by {shown.by} accuracy: **{int(shown.front.sum())}** of {len(shown.rows)}, "
        f"hypervolume **{shown.hypervolume:.3f}**",
        help=HELP["volume"],
    )
    published = [
        one
        for one in PUBLISHED
        if others and one.data == data and AXES[axis].of_published(one) is not None
    ]
    at_most = most / 1e6 if most and axis == "bytes" else None
    # The picture is of test accuracy: a limit on validation accuracy is no line in it.
    at_least = 100 * least if least and shown.by == "test" else None
    event = st.plotly_chart(
        tradeoff_chart.figure(shown, AXES[axis], published, dim, (at_most, at_least), chosen),
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        key="cloud",
    )
    if published:
        note("Published, open marks: " + "; ".join(f"{p.label}: {p.source}" for p in published))
    return [point["customdata"] for point in event.selection.points if point.get("customdata")]


def listing(rows: list[ResultRow]) -> None:
    """As a table that sorts and exports."""
    st.header("Results")
    by = choice.basis(rows)
    finest = sorted(rows, key=lambda row: -choice.accuracy(row, by))
    frame = records(table.flat(row) for row in finest)
    height = min(420, 36 * len(frame) + 40)
    st.dataframe(sheet(frame), hide_index=True, height=height, placeholder="–")
    st.download_button(
        "Download as CSV",
        csv_text(frame, missing="–"),
        "trade-offs.csv",
        "text/csv",
        on_click="ignore",
    )


def explore(rows: list[ResultRow]) -> None:
    rows = same_tiles(narrow(rows))
    axis, most, least = limits()
    on_test = with_test_chosen(rows)
    shown = tradeoff_chart.cloud(rows, AXES[axis], on_test)
    if not shown.rows:
        st.info("Nothing is left. Take a filter back.")
        return
    pool = choice.eligible(rows, on_test)
    fit = within(pool, most, least, shown.by)
    chosen = best(pool, fit, most, least, shown.by) if pool else None
    ids = picture(shown, axis, most, least, chosen)
    marked = [row for row in shown.rows if row.id in ids]
    compare_link(marked)
    front = [row for row, on in zip(shown.rows, shown.front, strict=True) if on]
    candidates = {row.id: row for row in within(front, most, least, shown.by) or front}
    if chosen:
        candidates[chosen.id] = chosen
    rowdetails.show(marked or list(candidates.values()) or shown.rows, None if marked else chosen)
    listing(marked or rows)


def compare_link(marked: list[ResultRow]) -> None:
    if 2 <= len(marked) <= MOST:
        names = short_ids(table.all_rows(session.home()))
        st.page_link(
            "pages/compare.py",
            label=f"Compare these {len(marked)} side by side",
            query_params={IN_ADDRESS: ",".join(names[row.id] for row in marked)},
            icon=FORWARD,
        )
    elif marked:
        note(f"{len(marked)} marked. Mark two to {MOST} to compare them side by side.")


def start() -> None:
    """The way on: a first model, or one's own tiles."""
    st.header("Your own models")
    if not session.checkpoints():
        st.markdown(
            "Nothing is trained on this machine yet. One click draws 3,000 synthetic demo tiles "
            "and trains the compact network on them, in about a minute."
        )
        if st.button("Train the demo model", type="primary"):
            task = TrainTask(data="demo", arch="compact", resume=True)
            jobpanel.launch(task, "Training the compact network on demo tiles")
        note(words.SYNTHETIC)
    left, middle, right = st.columns(3)
    left.page_link("pages/data.py", label="**Data**: import or download tiles", icon=FORWARD)
    middle.page_link("pages/train.py", label="**Train** a model on them", icon=FORWARD)
    right.page_link("pages/compress.py", label="**Compress** it, and see it here", icon=FORWARD)


st.title("Trade-offs")
with guard():
    every = table.all_rows(session.home())
    unreadable.skipped(every.unreadable, "stored row")
    found = [row for row in every if row.measurement.part == "test"]
    if found:
        note(ABOUT)
        explore(found)
    else:
        st.info("No model has been measured yet. Train one, then compress it.")
with guard():
    start()
jobpanel.panel()
