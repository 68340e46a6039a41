"""What the Compare page says of the chosen models, section by section."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lcc_core.checkpoints.store import Checkpoint
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.paired import Paired, compare_pair, holm
from lcc_core.workers.requests import LatenciesInTurn, OfPlan
from pages.ui import charts, compare_charts, results, session, words, work
from pages.ui.candidates import Candidate
from pages.ui.guard import guard
from pages.ui.note import note
from pages.ui.plain import plain

SIGNIFICANT = 0.05


def figures(candidates: Sequence[Candidate]) -> None:
    """The measurements as a table, the best of each row in bold and with a star."""
    rows = [one.row.measurement for one in candidates]
    table = {name: _line(rows, *how) for name, how in FIGURES.items()}
    ids, found = st.session_state.get("latencies", (None, []))
    if ids == [one.row.id for one in candidates]:
        table["Latency, in turns"] = [f"{value:.2f} ms" for value in found]
    if any(one.row.chosen_on for one in candidates):
        table["Settings chosen on"] = [words.chosen_on(one.row) for one in candidates]
    table["Precision"] = [plain(row.precision) for row in rows]
    table["Measured"] = [plain(row.measured[:10]) for row in rows]
    frame = pd.DataFrame(table, index=[plain(one.title) for one in candidates]).T
    st.table(frame.rename_axis(f"{rows[0].tiles:,} test tiles of {plain(rows[0].data)}"))
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        note(
            "★ the best of its row. Latency is of one tile at a time, in float32 on one core, the "
            "fastest of several runs: in turns, what else the machine does meets all models alike."
        )
    with guard():
        here = all(one.checkpoint for one in candidates)
        if here and right.button("Measure latency in turns"):
            measure_latencies(candidates)
            st.rerun()


def measure_latencies(candidates: Sequence[Candidate]) -> None:
    """Of all models at one time, kept for as long as they are the chosen ones."""
    models = tuple(
        OfPlan(one.checkpoint.id, one.checkpoint.created, one.row.plan)
        for one in candidates
        if one.checkpoint is not None
    )
    found = work.ask(LatenciesInTurn(models, time.time()), spinner="Timing the models in turn …")
    st.session_state["latencies"] = [one.row.id for one in candidates], found


def _percent_with_interval(row: Measurement) -> str:
    low, high = (100 * value for value in row.interval)
    return f"{words.percent(row.oa)} ({low:.2f} to {high:.2f})"


# Name → (how it is spelled, what it is ranked by, whether more is better; None: neither is).
Spelling = Callable[[Measurement], str]
Value = Callable[[Measurement], float | None]
FIGURES: dict[str, tuple[Spelling, Value, bool | None]] = {
    "Overall accuracy (95 %)": (_percent_with_interval, lambda row: row.oa, True),
    "On validation tiles": (
        lambda row: words.percent(row.validation_oa),
        lambda row: row.validation_oa,
        True,
    ),
    "Cohen's κ": (lambda row: f"{row.kappa:.4f}", lambda row: row.kappa, True),
    "Average accuracy": (lambda row: words.percent(row.aa), lambda row: row.aa, True),
    "Packed file": (lambda row: words.size(row.bytes), lambda row: row.bytes, False),
    "Real ratio": (lambda row: f"{row.real_ratio:.1f}×", lambda row: row.real_ratio, True),
    "Average bits": (lambda row: words.bits(row.average_bits), lambda row: row.average_bits, False),
    "Zeros": (lambda row: words.percent(row.sparsity), lambda row: row.sparsity, None),
    "Pruned": (lambda row: words.percent(row.pruned), lambda row: row.pruned, None),
    "Parameters": (lambda row: f"{row.parameters:,}", lambda row: row.parameters, False),
    "Multiply-accumulates": (
        lambda row: f"{row.macs / 1e6:,.1f} M",
        lambda row: row.macs,
        False,
    ),
    "Latency": (
        lambda row: f"{row.latency_ms:.2f} ms" if row.latency_ms else "not measured",
        lambda row: row.latency_ms,
        None,
    ),
}


def _line(
    rows: Sequence[Measurement], spelled: Spelling, value: Value, more: bool | None
) -> list[str]:
    texts, values = [spelled(row) for row in rows], [value(row) for row in rows]
    known = [one for one in values if one is not None]
    if more is None or len(set(known)) < 2:
        return texts
    best = max(known) if more else min(known)
    return [
        f"**{text}** ★" if one == best else text for text, one in zip(texts, values, strict=True)
    ]


def paired(
    candidates: Sequence[Candidate], answers: dict[str, np.ndarray], labels: np.ndarray
) -> None:
    """Each model against the first, on the same tiles. ``answers``: letter → classes (n,)."""
    first, *others = candidates
    pairs = [
        (one, compare_pair(labels, answers[first.letter], answers[one.letter])) for one in others
    ]
    adjusted = holm([pair.p for _, pair in pairs])
    left, right = st.columns([3, 2])
    with left:
        for (one, pair), p in zip(pairs, adjusted, strict=True):
            st.markdown(sentence(first, one, pair, p))
        corrected = " p is corrected for the number of pairs, after Holm." if len(pairs) > 1 else ""
        note(
            "McNemar's exact test, and Bonett and Price's interval of the paired difference, on "
            f"{len(labels):,} test tiles.{corrected} They tell of these trained models; another "
            "training seed would move each of them."
        )
    right.altair_chart(compare_charts.differences(pairs, first))


def sentence(first: Candidate, other: Candidate, pair: Paired, p: float) -> str:
    """What the test says, in words. ``p``: corrected for the number of pairs."""
    low, high = (100 * value for value in pair.interval)
    one, two = other.letter, first.letter
    if p >= SIGNIFICANT:
        verdict = f"no difference that {pair.tiles:,} tiles could show"
    else:
        verdict = f"**{one} is {'better' if pair.difference > 0 else 'worse'}** than {two}"
    told, alone = probability(p), probability(pair.p)
    if alone != told:
        told += f" ({alone} by itself)"
    return (
        f"**{one} against {two}**: {100 * pair.difference:+.2f} points "
        f"({low:+.2f} to {high:+.2f}, 95 %). {one} is right on {pair.gained:,} tiles where {two} "
        f"is wrong, the other way round on {pair.lost:,}; {told}: {verdict}."
    )


def probability(p: float) -> str:
    if p < 0.0001:
        return "p < 0.0001"
    return f"p = {p:.2f}" if p >= 0.1 else f"p = {p:.3g}"


def layers(candidates: Sequence[Candidate]) -> None:
    """Bits, pruning and importance by layer."""
    frames = [_layers(one) for one in candidates]
    pruned = any(frame["k"].max() > 0 for frame in frames)
    columns = [("bits", "bits a weight"), ("k", "pruning strength k (σ)")][: 1 + pruned]
    for column, title in columns:
        _side_by_side(frames, column, title)
    _importances(candidates)


def _layers(one: Candidate) -> pd.DataFrame:
    """A row a layer, in graph order; layers the plan leaves alone have 32 bits."""
    found, settings = session.layers(one.row.model["spec"]), one.row.plan.layers
    return pd.DataFrame(
        {
            "model": one.title,
            "layer": [layer.name for layer in found],
            "weights": [layer.weights for layer in found],
            "bits": [settings[x.name].nominal_bits if x.name in settings else 32 for x in found],
            "k": [settings[x.name].prune_k if x.name in settings else 0.0 for x in found],
        }
    )


def _importances(candidates: Sequence[Candidate]) -> None:
    """Once for each checkpoint: plans of one share it."""
    there: dict[str, tuple[Checkpoint, list[Candidate]]] = {}
    for one in candidates:
        if one.checkpoint is not None:
            there.setdefault(one.checkpoint.id, (one.checkpoint, []))[1].append(one)
    frames = []
    for checkpoint, same in there.values():
        rows = session.importances(checkpoint)
        frame = {
            "model": " and ".join(one.letter for one in same) + f" · {same[0].row.arch}",
            "layer": [row.name for row in rows],
            "weights": [row.weights for row in rows],
            "importance": [row.importance for row in rows],
        }
        frames.append(pd.DataFrame(frame))
    if frames:
        _side_by_side(frames, "importance", "importance I(l)")


def _side_by_side(frames: Sequence[pd.DataFrame], column: str, title: str) -> None:
    """On one axis where the layers are the same, else each on its own, all of one height."""
    highest = max(float(value) for frame in frames for value in frame[column])
    if len({tuple(frame["layer"]) for frame in frames}) == 1:
        st.altair_chart(compare_charts.by_layer(pd.concat(frames), column, title, highest))
        return
    cells = [cell for _ in range(0, len(frames), 2) for cell in st.columns(2)]
    for cell, frame in zip(cells, frames, strict=False):
        cell.altair_chart(compare_charts.by_layer(frame, column, title, highest))


def confusions(candidates: Sequence[Candidate], names: tuple[str, ...]) -> None:
    """The first model's matrix, and beside it another's, or what it changes."""
    first, *others = candidates
    shown = {f"{one.letter} − {first.letter}": (one, True) for one in others}
    shown |= {one.letter: (one, False) for one in others}
    asked = st.segmented_control(
        "Beside the first", list(shown), default=next(iter(shown)), required=True, key="beside"
    )
    one, changed = shown.get(asked) or next(iter(shown.values()))
    before, after = (item.row.measurement.confusion_array() for item in (first, one))
    left, right = results.two_places(names)
    left.markdown(f"**{plain(first.title)}** (tiles)")
    left.plotly_chart(charts.confusion(before, names, None), key="confusion")
    told = f"What {one.letter} changes" if changed else plain(one.title)
    right.markdown(f"**{told}** (tiles)")
    right.plotly_chart(
        charts.confusion(after, names, after - before if changed else None), key="change"
    )
