"""The Compare page, without a browser."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from visit import page, words

from lcc_core.checkpoints.store import list_checkpoints
from lcc_core.compression import Plan, uniform_plan
from lcc_core.data.catalog import import_tiles, load_tiles
from lcc_core.data.splits import make_split
from lcc_core.files import Home
from lcc_core.measure.measurement import Measurement
from lcc_core.measure.paired import compare_pair
from lcc_core.results import predicted
from lcc_core.results.measured import measure_plan
from lcc_core.results.predicted import Predictions, cached_predictions, predictions
from lcc_core.results.table import ResultRow, own_rows
from lcc_core.training import make_recipe, train
from lcc_core.workspace import Workspace
from pages.ui import comparison, disagreements
from pages.ui.candidates import Candidate, labels, short, short_ids


def compare(models: str | None = None) -> AppTest:
    test = page("compare")
    if models is not None:
        test.query_params["models"] = models
        test.run()
    return test


def measure_bits(home: Home, *bits: int) -> list[Measurement]:
    """Measure the newest checkpoint at these bits."""
    checkpoint = list_checkpoints(home)[0]
    tiles = load_tiles(checkpoint.data, home)
    plans = [Plan({}) if n == 32 else uniform_plan(checkpoint.model(), n) for n in bits]
    return [measure_plan(Workspace(home, [tiles]), checkpoint, plan) for plan in plans]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, tile_folder: Path) -> Home:
    """A trained model, measured as float and at 3 and 1 bits."""
    home = Home.find(tmp_path_factory.mktemp("ready"))
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=2, batch=8), tiles, make_split(tiles), home)
    measure_bits(home, 32, 3, 1)
    return home


@pytest.fixture
def measured(ready: Home, home: Home) -> Home:
    """A copy that the test may change."""
    shutil.copytree(ready.root, home.root, dirs_exist_ok=True)
    return home


def test_nothing_to_compare_names_the_next_step(home: Home) -> None:
    test = compare()
    assert not test.exception and not test.error
    assert "two models measured on the same test tiles" in test.info[0].value
    assert not test.multiselect


def test_one_row_alone_is_no_comparison(home: Home, tile_folder: Path) -> None:
    tiles = import_tiles("tiny", tile_folder, home)
    train(make_recipe("compact", epochs=1, batch=8), tiles, make_split(tiles), home)
    measure_bits(home, 4)
    assert "two models measured" in compare().info[0].value


def test_two_are_chosen_at_once_and_stand_in_the_address(measured: Home) -> None:
    test = compare()
    assert not test.exception and not test.error
    rows = {row.id: row for row in own_rows(measured)}
    chosen = test.multiselect(key="compared").value
    assert len(chosen) == 2 and rows[chosen[0]].plan.is_float
    names = short_ids(list(rows.values()))
    assert test.query_params["models"] == ",".join(names[one] for one in chosen)
    table = test.table[0].value
    assert len(table.columns) == 2 and table.columns[0] == "A · compact, float"
    figures = [rows[one].measurement for one in chosen]
    for text, row in zip(table.loc["Real ratio"], figures, strict=True):
        assert f"{row.real_ratio:.1f}×" in text
    assert ["★" in text for text in table.loc["Real ratio"]] == [False, True]
    assert not any("★" in text for text in table.loc["Parameters"])  # the same in both


def test_the_address_opens_the_same_comparison(measured: Home) -> None:
    rows = sorted(own_rows(measured), key=lambda row: row.measurement.average_bits)
    asked = ",".join(short(row) for row in rows)
    test = compare(asked)
    assert not test.exception and not test.error and not test.warning
    assert test.multiselect(key="compared").value == [row.id for row in rows]
    assert list(test.table[0].value.columns) == [
        "A · compact, fixed, 1 bits",
        "B · compact, fixed, 3 bits",
        "C · compact, float",
    ]
    assert "**C against A**" in words(test) and "after Holm" in words(test)
    test.multiselect(key="compared").set_value([rows[2].id]).run()
    assert "Choose two models or more" in words(test)
    assert "not measured here" in words(compare(f"{asked},000000-000000"))


def test_the_sentence_is_the_test_on_these_tiles(measured: Home) -> None:
    rows = {int(row.measurement.average_bits): row for row in own_rows(measured)}
    checkpoint, tiles = list_checkpoints(measured)[0], load_tiles("tiny", measured)
    split = make_split(tiles)
    test = compare(f"{short(rows[32])},{short(rows[1])}")
    given = [cached_predictions(measured, checkpoint, rows[bits].plan) for bits in (32, 1)]
    assert None not in given
    right = [one.answers == tiles.labels[split.test] for one in given]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert f"B is right on {gained} tiles where A is wrong, the other way round on {lost}" in words(
        test
    )
    assert "otherwise than when it was measured" not in words(test)


def test_latency_in_turns(measured: Home) -> None:
    test = compare()
    assert "Latency, in turns" not in test.table[0].value.index
    next(one for one in test.button if one.label == "Measure latency in turns").click().run()
    assert not test.exception and not test.error
    for text in test.table[0].value.loc["Latency, in turns"]:
        assert 0 < float(text.removesuffix(" ms")) < 10_000
    chosen = test.multiselect(key="compared").value
    test.multiselect(key="compared").set_value(chosen[::-1]).run()
    assert "Latency, in turns" not in test.table[0].value.index


def test_answers_are_computed_once(measured: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    test = compare()
    assert len(list(measured.predictions.glob("*.npz"))) == 2
    monkeypatch.setattr(predicted, "logits", None)
    test.run()
    assert not test.exception and not test.error
    assert "B against A" in words(test)


def test_filters_of_the_tiles(measured: Home) -> None:
    rows = own_rows(measured)
    test = compare(",".join(short(row) for row in rows))
    for kind in ("all wrong", "lost", "differ"):
        test.selectbox(key="where").set_value(kind).run()
        assert not test.exception and not test.error
    test.selectbox(key="truth").set_value("river").run()
    assert not test.exception and not test.error
    pills = test.button_group(key="among-3")
    pills.set_value(["B"]).run()
    assert "to see where they disagree" in words(test)


def test_without_the_checkpoint_the_stored_figures_stay(measured: Home) -> None:
    checkpoint = list_checkpoints(measured)[0]
    shutil.rmtree(checkpoint.path)
    test = compare()
    assert not test.exception and not test.error
    assert f"Its checkpoint {checkpoint.id} is not on this machine" in words(test)
    assert "No answers of A and B" in words(test)
    assert len(test.table) == 1 and "Pictures need" in words(test)


def test_without_the_tiles_the_stored_figures_stay(measured: Home) -> None:
    shutil.rmtree(measured.tiles / "tiny")
    test = compare()
    assert not test.exception and not test.error
    assert "is not here yet" in words(test) and len(test.table) == 1


def test_another_set_is_not_offered_beside(measured: Home, tmp_path: Path) -> None:
    first = own_rows(measured)
    source = tmp_path / "other"
    tiles = load_tiles("tiny", measured)
    for place, label in enumerate(tiles.labels):
        folder = source / tiles.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - tiles.images[place]).save(folder / f"{place}.png")
    other = import_tiles("inverse", source, measured)
    train(make_recipe("compact", epochs=1, batch=8), other, make_split(other), measured)
    measure_bits(measured, 32, 4)
    second = [row for row in own_rows(measured) if row.measurement.data == "inverse"]
    test = compare(f"{short(first[0])},{short(second[0])},{short(first[1])}")
    assert "Only models measured on the same test tiles can be compared" in words(test)
    field = test.multiselect(key="compared")
    assert field.value == [first[0].id, first[1].id]
    assert len(field.options) == 3 and not any("inverse" in text for text in field.options)
    field.set_value([]).run()
    assert len(test.multiselect(key="compared").options) == 5
    test.multiselect(key="compared").set_value([second[1].id, second[0].id]).run()
    assert not test.exception and not test.error
    assert "**B against A**" in words(test)


def test_rows_of_one_share_have_one_test_part(ready: Home) -> None:
    tiles, row = load_tiles("tiny", ready), own_rows(ready)[0]

    def drawn(protocol: str, seed: int) -> ResultRow:
        model = row.model | {"split": {"protocol": protocol, "seed": seed}}
        return ResultRow(row.measurement, model, row.settings)

    for protocol, seed, same in (("80/20", 0, True), ("70/30", 0, False), ("64/16/20", 1, False)):
        assert (drawn(protocol, seed).tested_on == row.tested_on) is same
        ids = make_split(tiles, protocol, seed).test
        assert np.array_equal(ids, make_split(tiles).test) is same


def test_labels_and_ids_are_each_their_own(ready: Home) -> None:
    rows = own_rows(ready)
    twin = ResultRow.from_json(rows[0].to_json() | {"precision": "other"})
    for many in (labels, short_ids):
        named = many([*rows, twin])
        assert len(set(named.values())) == 4 == len(named)
    assert all(len(one) == 13 for one in short_ids(rows).values())


def test_words_of_the_test() -> None:
    labels_ = np.zeros(60, np.int64)
    first, second = labels_.copy(), labels_.copy()
    second[:20] = 1
    pair = compare_pair(labels_, first, second)
    one, two = Candidate("A", None, None), Candidate("B", None, None)
    worse = comparison.sentence(one, two, pair, pair.p)
    assert "-33.33 points" in worse and "p < 0.0001: **B is worse** than A" in worse
    same = comparison.sentence(one, two, compare_pair(labels_, first, first), 1.0)
    assert "p = 1.00: no difference that 60 tiles could show" in same
    assert "p = 0.12 (p = 1.00 by itself)" in comparison.sentence(
        one, two, compare_pair(labels_, first, first), 0.12
    )
    # Rounding never carries a figure over the line that it is judged by.
    assert [comparison.probability(p) for p in (0.0499, 0.0501, 0.2)] == [
        "p = 0.0499",
        "p = 0.0501",
        "p = 0.20",
    ]


def test_the_list_to_take_home(ready: Home) -> None:
    checkpoint, tiles = list_checkpoints(ready)[0], load_tiles("tiny", ready)
    split, rows = make_split(tiles), own_rows(ready)
    chosen = [Candidate(x, row, checkpoint) for x, row in zip("AB", rows, strict=False)]
    answers: dict[str, Predictions] = {
        one.letter: predictions(Workspace(ready, [tiles]), checkpoint, one.row.plan)
        for one in chosen
    }
    found = disagreements.surest_first(np.arange(len(split.test)), chosen, answers, tiles)
    assert sorted(found) == list(range(len(split.test)))
    frame = disagreements.table(found, chosen, answers, tiles)
    frame = pd.read_csv(io.StringIO(frame.to_csv(index=False)))
    assert sorted(frame["tile"]) == split.test.tolist()
    named = np.array(tiles.class_names)
    surest = []
    for _, line in frame.iterrows():
        assert line["truth"] == named[tiles.labels[line["tile"]]]
        place = int(np.flatnonzero(split.test == line["tile"])[0])
        wrong = [0.0]
        for one in chosen:
            given = answers[one.letter]
            made = f"{one.letter} compact {short(one.row)}"
            assert line[f"{made} answer"] == named[given.answers[place]]
            assert line[f"{made} probability"] == pytest.approx(given.probability[place], abs=1e-4)
            if line[f"{made} answer"] != line["truth"]:
                wrong.append(float(given.probability[place]))
        surest.append(max(wrong))
    assert surest == sorted(surest, reverse=True)
