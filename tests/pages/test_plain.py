"""Foreign text as Markdown; what a browser makes of it is told by the browser tests."""

from __future__ import annotations

import re

import hostile_names as hostile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcc_core.plaintext import visible
from pages.ui.plain import JOINER, cells, plain, sheet

SPECIAL = st.text("![](){}<>*_~`$:|#&\\@./-+=>^ \n\t\"'aw1httpsmailred\u202e", max_size=40)
# What Streamlit reads in Markdown, where no backslash stands before it.
CONSTRUCTS = re.compile(
    r"(?<!\\)(?:\\\\)*(?:[*_`~<>\[\]{}$|#&!]|:[\w+/-])|:[\w+-]|://|www\.|@[\w-]", re.IGNORECASE
)


def unescaped(text: str) -> str:
    """What the text reads like."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace(JOINER, "").replace("\u00a0", " ")


@given(st.one_of(SPECIAL, st.text(st.characters(exclude_categories=()))))
def test_it_reads_as_it_is_written(name: str) -> None:
    assert unescaped(plain(name)) == visible(name).replace("\u00a0", " ")
    assert len(plain(name).splitlines()) <= 1
    plain(name).encode()


@given(st.one_of(SPECIAL, st.sampled_from(hostile.NAMES)))
def test_it_holds_no_construct(name: str) -> None:
    assert not CONSTRUCTS.search(plain(name))
    assert not re.match(r"\s{4}|\d+[.)]|[-+=]", plain(name), re.ASCII)


def test_usual_names_stay_as_they_are() -> None:
    for name in ("Annual Crop", "tile-set 3", "30/10/60", "a, b; c.", "Äcker ½ · 3 % (κ)"):
        assert plain(name) == name


@pytest.mark.parametrize("name", hostile.NAMES)
def test_frames(name: str) -> None:
    columns = {name: (name,), "n": np.array([-1.5])}
    shown, table = cells(columns), sheet([{name: name, "n": -1.5}])
    for frame in (shown, cells([{name: name, "n": -1.5}]), cells(shown)):
        assert list(frame) == [visible(name), "n"] and frame.iloc[0, 0] == visible(name)
        assert frame["n"].dtype == float
    for text in (table.iloc[0, 0], table.columns[0]):
        assert text.replace(JOINER, "") == visible(name)
        assert not text.startswith(("=", "+", "-", "@"))
    assert list(shown["n"]) == list(table["n"]) == [-1.5]
