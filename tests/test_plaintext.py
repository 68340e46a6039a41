"""Foreign text in files, figures and on the terminal."""

from __future__ import annotations

import csv
import html
import io
import unicodedata

import hostile_names as hostile
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lcc_core.commands import text
from lcc_core.commands.context import Context
from lcc_core.plaintext import (
    csv_cell,
    csv_text,
    encodable,
    figure_text,
    file_stem,
    html_text,
    records,
    visible,
)
from lcc_core.reports.maps import map_bytes

ANY = st.text(st.characters(exclude_categories=()))
STEERS = {"Cc", "Cs", "Zl", "Zp"}
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def safe(shown: str) -> bool:
    return not any(
        unicodedata.category(one) in STEERS
        or unicodedata.bidirectional(one) in TURNS
        or one in "\u200e\u200f\u061c\u200b\ufeff\u2060"
        for one in shown
    )


@given(ANY)
def test_nothing_unseen_is_left(name: str) -> None:
    shown = visible(name)
    assert safe(shown)
    assert visible(shown) == shown
    shown.encode()


def test_what_is_unseen_is_spelled_out() -> None:
    assert visible("a\n\t\r\x1b\x85\u202e\udc80\U000e0041") == (
        r"a\n\t\r\x1b\x85\u202e\udc80\U000e0041"
    )
    assert visible("a\nb\t", keep="\n") == "a\nb\\t"
    kept = "Äcker · 森林 · नदी · می\u200cخواهم · 👩\u200d🌾 ½ κ −"  # noqa: RUF001
    assert visible(kept) == kept


@given(ANY)
def test_html_gives_back_what_is_visible(name: str) -> None:
    for shown in (html_text(name), figure_text(name)):
        assert "<" not in shown and ">" not in shown
        assert html.unescape(shown) == visible(name)
    assert '"' not in html_text(name) and "'" not in html_text(name)


@given(ANY)
def test_no_cell_of_a_csv_is_a_formula(name: str) -> None:
    assume(name not in ("n", "mixed"))
    cell = csv_cell(name)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == encodable(name).removeprefix("'")
    rows = [{name: name, "n": -1.5, "mixed": -3}, {name: "x", "n": 2, "mixed": name}]
    written = list(csv.reader(io.StringIO(csv_text(records(rows)), newline="")))
    if "\r" not in name:  # pandas writes a lone one without quotes
        assert written[0] == [cell, "n", "mixed"]
        assert written[1][:3] == [cell, "-1.5", "-3"] and written[2][2] == cell
    csv_text(records(rows)).encode()


@pytest.mark.parametrize("name", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])  # noqa: RUF001
def test_what_a_spreadsheet_would_compute_is_marked(name: str) -> None:
    assert csv_cell(name) == f"'{name}"
    content = map_bytes(".csv", pd.Series([0]).to_numpy()[None], (name, "b")).decode()
    assert next(csv.reader(io.StringIO(content.split("\n", 1)[1], newline="")))[3] == f"'{name}"


def test_numbers_are_no_formulas() -> None:
    assert [csv_cell(value) for value in (-1, -0.5, None, True)] == [-1, -0.5, None, True]


@given(ANY)
def test_a_file_name_has_plain_characters_alone(name: str) -> None:
    stem = file_stem("map", name, "abc")
    assert stem.isascii() and not set(stem) & set("/\\:\n\r\"' ")
    assert file_stem(name).lstrip(".") == file_stem(name) != ""


@pytest.mark.parametrize("name", hostile.NAMES)
def test_nothing_steers_the_terminal(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    context.say(text.table(("name", name), [(name, 1)]))
    context.say(text.pairs([(name, name)]))
    out = capsys.readouterr().out
    assert out.count("\n") == 3 and safe(out.replace("\n", ""))
    assert visible(name).rstrip() in out
    context.say(f"It is {name}.")
    context.fail(f"No {name}.", f"Take {name}.", 2)
    out, err = capsys.readouterr()
    assert safe(out.replace("\n", "")) and safe(err.replace("\n", "")) and err.count("\n") == 1
