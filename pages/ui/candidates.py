"""Which measured models a comparison is of, and what each is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.plaintext import visible
from lcc_core.results.table import ResultRow, all_rows
from pages.ui import session, unreadable, words
from pages.ui.note import note
from pages.ui.plain import plain

MOST = 4
LETTERS = "ABCD"
IN_ADDRESS = "models"  # ids of the chosen, as the page's address has them


@dataclass(frozen=True)
class Candidate:
    """A chosen row under its letter; ``checkpoint`` is ``None`` where it is not on this machine."""

    letter: str
    row: ResultRow
    checkpoint: Checkpoint | None

    @property
    def title(self) -> str:
        return visible(f"{self.letter} · {self.row.arch}, {words.made(self.row)}")


def short(row: ResultRow) -> str:
    """Enough of its ids to find it by."""
    return f"{row.measurement.checkpoint[:6]}-{row.measurement.plan[:6]}"


def labels(rows: Sequence[ResultRow]) -> dict[str, str]:
    """Row id → label, each its own: ids and precision are added to those that are not."""
    texts = {row.id: words.result(row) for row in rows}
    times = Counter(texts.values())
    return {
        row.id: texts[row.id]
        if times[texts[row.id]] == 1
        else visible(f"{texts[row.id]} · {short(row)} · {row.measurement.precision}")
        for row in rows
    }


def short_ids(rows: Sequence[ResultRow]) -> dict[str, str]:
    """Row id → what the address has of it: the beginnings of checkpoint and plan, if they tell."""
    times = Counter(short(row) for row in rows)
    return {row.id: short(row) if times[short(row)] == 1 else row.id for row in rows}


def comparable() -> list[ResultRow]:
    """Rows, own and shipped, on test tiles that another row was measured on too."""
    every = all_rows(session.home())
    unreadable.skipped(every.unreadable, "stored row")
    rows = [row for row in every if row.measurement.part == "test"]
    times = Counter(row.tested_on for row in rows)
    return sorted(
        (row for row in rows if times[row.tested_on] > 1),
        key=lambda row: (row.measurement.data, row.arch, row.id[:12], -row.measurement.bytes),
    )


def choose(rows: Sequence[ResultRow]) -> list[Candidate]:
    """Two to four rows, of the same test tiles; they stand in the page's address by their ids."""
    by_id, names = {row.id: row for row in rows}, labels(rows)
    chosen = _remembered(rows)
    fitting = _fitting(chosen, by_id)
    if dropped := [one for one in chosen if one not in fitting]:
        left_out = "; ".join(plain(names[one]) for one in dropped)
        st.warning(
            f"**Left out: {left_out}.** Only models measured on "
            "the same test tiles can be compared. Clear the choice to start from another set."
        )
    st.session_state["compared"] = chosen = [one for one in chosen if one in fitting]
    offered = fitting if chosen else list(by_id)
    picked = st.multiselect(
        "Models",
        offered,
        format_func=names.__getitem__,
        max_selections=MOST,
        key="compared",
        help="Two to four. The first is the baseline.",
    )
    if len(offered) < len(by_id):
        data = plain(by_id[chosen[0]].measurement.data)
        note(
            f"Offered: what was measured on the same test tiles as the first, {data}. Clear the "
            "choice to start from another set."
        )
    ids = short_ids(rows)
    st.query_params[IN_ADDRESS] = ",".join(ids[one] for one in picked)
    st.session_state["address"] = st.query_params[IN_ADDRESS]
    here = {(one.id, one.created): one for one in session.checkpoints()}
    found = [by_id[one] for one in picked]
    return [
        Candidate(letter, row, here.get((row.measurement.checkpoint, row.model["created"])))
        for letter, row in zip(LETTERS, found, strict=False)
    ]


def _remembered(rows: Sequence[ResultRow]) -> list[str]:
    """Ids chosen before, or named in the address, or two to begin with."""
    known = {row.id for row in rows}
    asked = st.query_params.get(IN_ADDRESS)
    if "compared" in st.session_state and asked in (None, st.session_state.get("address")):
        return [one for one in st.session_state["compared"] if one in known]
    if asked is None:
        return _to_begin_with(rows)
    by_name = {short: full for full, short in short_ids(rows).items()}
    names = dict.fromkeys(asked.split(","))
    found = [one if one in known else by_name.get(one) for one in names if one]
    if None in found:
        st.warning("**The address names models that were not measured here.** They are left out.")
    return [one for one in found if one][:MOST]


def _to_begin_with(rows: Sequence[ResultRow]) -> list[str]:
    """What was measured last, against its float model if that was measured, else the next one."""
    newest, *others = sorted(rows, key=lambda row: row.measurement.measured, reverse=True)
    others = [row for row in others if row.tested_on == newest.tested_on]
    same = [row for row in others if row.measurement.checkpoint == newest.measurement.checkpoint]
    whole = [row for row in same if row.plan.is_float]
    other = (whole or same or others)[0]
    return [newest.id, other.id] if newest.plan.is_float else [other.id, newest.id]


def _fitting(chosen: Sequence[str], by_id: dict[str, ResultRow]) -> list[str]:
    """Ids of the rows measured on the tiles of the first choice."""
    if not chosen:
        return list(by_id)
    tiles = by_id[chosen[0]].tested_on
    return [one for one, row in by_id.items() if row.tested_on == tiles]
