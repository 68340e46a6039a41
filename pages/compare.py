"""Compare: two to four measured models on the same test tiles, side by side."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from lcc_core.errors import LccError
from lcc_core.measure.metrics import confusion_matrix
from lcc_core.results.predicted import Predictions, cached_predictions
from lcc_core.workers.requests import Answers
from pages.ui import (
    candidates,
    compare_charts,
    comparison,
    disagreements,
    session,
    words,
    work,
)
from pages.ui.candidates import Candidate
from pages.ui.guard import guard
from pages.ui.note import FORWARD, note
from pages.ui.plain import plain


def compare(chosen: Sequence[Candidate]) -> None:
    names = tuple(chosen[0].row.model["spec"]["class_names"])
    if chosen[0].row.measurement.synthetic:
        note(words.SYNTHETIC)
    comparison.figures(chosen)
    st.altair_chart(compare_charts.overview(chosen))
    st.header("On the same tiles")
    answers: dict[str, Predictions] = {}
    there: list[Candidate] = []
    with guard():
        answers = answered(chosen)
        there = [one for one in chosen if one.letter in answers]
        if chosen[0].letter in answers and len(there) > 1:
            labels = session.tiles(chosen[0].row.measurement.data).labels
            labels = labels[answers[chosen[0].letter].ids]
            given = {letter: found.answers for letter, found in answers.items()}
            comparison.paired(there, given, labels)
            told_otherwise(there, given, labels)
    tiles, classes, layers, confusion = st.tabs(
        ["Tiles they disagree on", "Classes", "Layers", "Confusion"]
    )
    with tiles, guard():
        if len(there) > 1:
            disagreements.browse(there, answers, session.tiles(there[0].row.measurement.data))
        else:
            st.info("Pictures need the answers of two models, and their tiles.")
    with classes, guard():
        st.altair_chart(compare_charts.recalls(chosen, names))
        note("Share of the tiles of a class that are found, with its 95 % interval (Wilson).")
    with layers, guard():
        comparison.layers(chosen)
    with confusion, guard():
        comparison.confusions(chosen, names)


def answered(chosen: Sequence[Candidate]) -> dict[str, Predictions]:
    """Letter → answers, of the models that can give them here; the others are named."""
    found, missing = {}, {}
    for one in chosen:
        if one.checkpoint is None:
            what = f"Its checkpoint {one.row.measurement.checkpoint} is not on this machine."
            missing[one.letter] = f"{what} Train it again, or leave it out."
            continue
        try:
            found[one.letter] = answers_of(one)
        except LccError as error:
            missing[one.letter] = str(error)
    for reason in dict.fromkeys(missing.values()):
        letters = " and ".join(letter for letter, text in missing.items() if text == reason)
        st.warning(f"**No answers of {letters} tile by tile.** {plain(reason)}")
    return found


def answers_of(one: Candidate) -> Predictions:
    """Stored answers at once; else computed, with a word on how far it is."""
    home, checkpoint, plan = session.home(), one.checkpoint, one.row.plan
    part, precision = one.row.measurement.part, one.row.measurement.precision
    split = session.split(checkpoint)
    stored = cached_predictions(home, checkpoint, plan, part, precision)
    if stored is not None and np.array_equal(stored.ids, split.part(part)):
        return stored
    place = st.empty()
    text = f"{plain(one.title)} answers {len(split.part(part)):,} test tiles …"
    place.progress(0.0, text)
    made = work.ask(
        Answers(checkpoint.id, checkpoint.created, plan, part, precision),
        lambda at: place.progress(at.done / at.total, text),
    )
    place.empty()
    return made


def told_otherwise(
    chosen: Sequence[Candidate], answers: dict[str, np.ndarray], labels: np.ndarray
) -> None:
    """Say so where answers are not those that were measured."""
    for one in chosen:
        measured = one.row.measurement.confusion_array()
        matrix = confusion_matrix(labels, answers[one.letter], len(measured))
        if moved := int(np.abs(matrix - measured).sum()) // 2:
            note(
                f"{one.letter} answers at least {moved:,} of the {len(labels):,} tiles otherwise "
                "than when it was measured: another processor or library rounds otherwise."
            )


st.title("Compare")
with guard():
    rows = candidates.comparable()
    if not rows:
        st.info(
            "A comparison takes two models measured on the same test tiles. Every setting that "
            "Compress shows is measured and then stands here:"
        )
        st.page_link("pages/compress.py", label="Compress a model", icon=FORWARD)
    else:
        chosen = candidates.choose(rows)
        if len(chosen) < 2:
            st.info("Choose two models or more. The first is the baseline of all differences.")
        else:
            compare(chosen)
