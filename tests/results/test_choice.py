"""Choosing among measured models: by validation, each test set for itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import row

from lcc_core.results import choice
from lcc_core.results.table import ResultRow

OTHER = {"protocol": "70/30", "seed": 0}
POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6)), max_size=10)


def test_the_best_is_the_best_on_validation_tiles() -> None:
    lucky = row("lucky", oa=0.95, validation_oa=0.90)
    better = row("better", oa=0.93, validation_oa=0.94)
    assert choice.basis([lucky, better]) == "validation"
    assert choice.most_accurate([lucky, better], "validation") is better
    assert choice.on_front([lucky, better]) == {better.id}
    assert choice.said([lucky, better]).startswith("Chosen by validation accuracy")


def test_one_row_without_a_figure_makes_it_a_choice_by_test_and_says_so() -> None:
    lucky = row("lucky", oa=0.95, validation_oa=0.90)
    old = row("old", oa=0.94, validation_oa=None, validation_tiles=0)
    assert choice.basis([lucky, old]) == "test"
    assert choice.on_front([lucky, old]) == {lucky.id}
    assert choice.said([lucky, old]) == (
        "Chosen by test accuracy, which flatters the best: 1 of 2 rows have no validation figure."
    )
    assert choice.said([]) == ""


def test_what_was_chosen_on_test_tiles_is_on_no_front_unless_asked_for() -> None:
    honest = row("honest", part="validation", validation_oa=0.90)
    flattered = row("flattered", part="test", oa=0.99, validation_oa=0.99)
    assert choice.on_front([honest, flattered]) == {honest.id}
    assert choice.on_front([honest, flattered], chosen_on_test=True) == {flattered.id}
    assert choice.eligible([honest, flattered]) == [honest]


def test_equals_are_decided_by_size() -> None:
    large, small = row("large", bytes=2000), row("small", bytes=1000)
    assert choice.most_accurate([large, small], "validation") is small


def spelled_out(rows: list[ResultRow]) -> set[str]:
    """What none beats that was measured on the same tiles, pair by pair."""
    found = set()
    for one in rows:
        beaten = False
        for other in rows:
            if other.model["split"] != one.model["split"]:
                continue
            a, b = one.measurement, other.measurement
            smaller, better = b.bytes <= a.bytes, b.validation_oa >= a.validation_oa
            strict = b.bytes < a.bytes or b.validation_oa > a.validation_oa
            beaten |= smaller and better and strict
        if not beaten:
            found.add(one.id)
    return found


@settings(max_examples=80, deadline=None, derandomize=True)
@given(POINTS, POINTS)
def test_fronts_are_of_one_test_set_each(
    ours: list[tuple[int, int, int]], others: list[tuple[int, int, int]]
) -> None:
    rows = [
        row(f"{place}-{number}", split, bytes=size, oa=oa / 6, validation_oa=by / 6)
        for place, (split, points) in enumerate(((None, ours), (OTHER, others)))
        for number, (size, oa, by) in enumerate(points)
    ]
    assert choice.on_front(rows) == spelled_out(rows)
    groups = choice.by_test_set(rows)
    assert sorted(map(len, groups)) == sorted(n for n in (len(ours), len(others)) if n)
    assert all(len({one.model["split"]["protocol"] for one in group}) == 1 for group in groups)


def test_test_sets_have_names() -> None:
    cut = row("cut", OTHER | {"validation": 0.2}, tiles=8100)
    whole = row("whole", OTHER, tiles=8100)
    # The test part is the same, however the rest was split; the validation parts are not.
    assert cut.tested_on == whole.tested_on != row("x").tested_on
    assert cut.test_set == "8,100 test tiles (30 % of made, seed 0)"
    a, b = (row("v", one, part="", oa=0.5) for one in (OTHER, OTHER | {"validation": 0.2}))
    on_validation = [
        ResultRow(
            type(r.measurement)(**vars(r.measurement) | {"part": "validation"}), r.model, r.settings
        )
        for r in (a, b)
    ]
    assert on_validation[0].tested_on != on_validation[1].tested_on
    spatial = row("s", {"protocol": "blocks-30/10/60", "seed": 2})
    assert spatial.test_set == "20 test tiles (blocks-30/10/60 of made, seed 2)"
    assert np.unique([r.test_set for r in (cut, whole)]).size == 1


def test_rows_without_a_validation_figure_stay_off_beside_rows_with_one() -> None:
    none = {"validation_oa": None, "validation_tiles": 0}
    old = [row("a", bytes=100, oa=0.99, **none), row("b", bytes=50, oa=0.95, **none)]
    new = [
        row("c", bytes=100, oa=0.90, validation_oa=0.91),
        row("d", bytes=80, oa=0.89, validation_oa=0.92),
    ]
    assert choice.eligible([*old, *new]) == new
    assert choice.on_front([*old, *new]) == {new[1].id}
    assert choice.eligible(old) == old  # alone they are chosen by test accuracy, and said to be
    assert choice.eligible([*old, *new], chosen_on_test=True) == [*old, *new]
