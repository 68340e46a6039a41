"""The tiles on which models disagree, as pictures with each one's answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lcc_core.data.tiles import TileSet
from lcc_core.measure.paired import KINDS, disagreement
from lcc_core.plaintext import csv_text, encodable, file_stem, visible
from lcc_core.results.predicted import Predictions
from pages.ui.candidates import Candidate, short
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain
from pages.ui.scene_charts import enlarged
from pages.ui.setting_controls import URL

ALL = "all classes"
COLUMNS, ROWS = 4, 3
PIXELS = 192


@st.fragment
def browse(
    candidates: Sequence[Candidate], answers: dict[str, Predictions], tiles: TileSet
) -> None:
    """Filters, pictures by the page, and the list to take home. ``answers``: letter → answers."""
    with guard():
        _browse(candidates, answers, tiles)


def _browse(
    candidates: Sequence[Candidate], answers: dict[str, Predictions], tiles: TileSet
) -> None:
    ids = answers[candidates[0].letter].ids
    *cells, middle, right = st.columns(3 if len(candidates) > 2 else 2)
    letters = [one.letter for one in candidates]
    among = candidates
    if cells:
        chosen = cells[0].pills(
            "Among", letters, selection_mode="multi", default=letters, key=f"among-{len(letters)}"
        )
        among = [one for one in candidates if one.letter in chosen]
    kind = middle.selectbox(
        "Tiles with", list(KINDS), format_func=KINDS.__getitem__, key="where", bind=URL
    )
    truth = right.selectbox(
        "Truth", [ALL, *tiles.class_names], format_func=visible, key="truth", bind=URL
    )
    if len(among) < 2:
        st.info("Choose two models or more to see where they disagree.")
        return
    answered = np.stack([answers[one.letter].answers for one in among])
    found = disagreement(tiles.labels[ids], answered, kind)
    if truth in tiles.class_names:
        found = found[tiles.labels[ids[found]] == tiles.class_names.index(truth)]
    if not len(found):
        st.info("There is no such tile.")
        return
    found = surest_first(found, among, answers, tiles)
    _download(found, among, answers, tiles)
    per_page = COLUMNS * ROWS
    pages = -(-len(found) // per_page)
    # A key of its own for every filter: each begins at its first page.
    key = f"page-{''.join(one.letter for one in among)}-{kind}-{truth}-{pages}"
    page = st.pagination(pages, key=key) if pages > 1 else 1
    shown = found[(page - 1) * per_page :][:per_page]
    for start in range(0, len(shown), COLUMNS):
        for cell, place in zip(st.columns(COLUMNS), shown[start:][:COLUMNS], strict=False):
            with cell:
                _tile(int(place), among, answers, tiles)


def surest_first(
    found: np.ndarray,
    among: Sequence[Candidate],
    answers: dict[str, Predictions],
    tiles: TileSet,
) -> np.ndarray:
    """The tiles with the surest wrong answer first."""
    given = [answers[one.letter] for one in among]
    labels = tiles.labels[given[0].ids[found]]
    wrong = [np.where(one.answers[found] == labels, 0, one.probability[found]) for one in given]
    return found[np.argsort(-np.max(wrong, axis=0), kind="stable")]


def table(
    found: np.ndarray,
    among: Sequence[Candidate],
    answers: dict[str, Predictions],
    tiles: TileSet,
) -> pd.DataFrame:
    """A row a tile: its id, the truth, and of each model answer and probability."""
    ids = answers[among[0].letter].ids[found]
    names = np.array([encodable(name) for name in tiles.class_names])
    columns: dict[str, np.ndarray] = {"tile": ids, "truth": names[tiles.labels[ids]]}
    for one in among:
        given, made = (
            answers[one.letter],
            f"{one.letter} {encodable(one.row.arch)} {short(one.row)}",
        )
        columns[f"{made} answer"] = names[given.answers[found]]
        columns[f"{made} probability"] = given.probability[found].round(4)
    return pd.DataFrame(columns)


def _download(
    found: np.ndarray,
    among: Sequence[Candidate],
    answers: dict[str, Predictions],
    tiles: TileSet,
) -> None:
    left, right = st.columns([3, 1], vertical_alignment="center")
    total = len(answers[among[0].letter].ids)
    with left:
        note(f"{len(found):,} of {total:,} test tiles, the surest wrong answers first.")
    right.download_button(
        "Download as CSV",
        lambda: csv_text(table(found, among, answers, tiles)),
        f"{file_stem('disagreements', tiles.name, *(short(one.row) for one in among))}.csv",
        "text/csv",
        on_click="ignore",
    )


def _tile(
    place: int, among: Sequence[Candidate], answers: dict[str, Predictions], tiles: TileSet
) -> None:
    index = int(answers[among[0].letter].ids[place])
    truth = int(tiles.labels[index])
    name = tiles.class_names[truth]
    st.image(enlarged(tiles.thumbnail(index), PIXELS), alt=visible(f"{name}, tile {index}"))
    lines = [f"**{plain(name)}**, tile {index}"]
    for one in among:
        given = answers[one.letter]
        answer, sure = int(given.answers[place]), float(given.probability[place])
        mark = "✓" if answer == truth else "✗"
        lines.append(f"{one.letter} {mark} {plain(tiles.class_names[answer])} {100 * sure:.0f} %")
    note("  \n".join(lines))
