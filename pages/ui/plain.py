"""Foreign text on a page: shown as it is written, whatever it would mean to the page.

Streamlit reads Markdown in labels, captions, messages, notes, metrics and table cells, with its
own additions: ``:red[x]``, ``:material/x:``, ``:smile:``, ``$x$``, arrows, bare links. A name from
a file, a user, a model or the address is passed through :func:`plain` before it gets there. Choices
of a select box are no Markdown: ``format_func=visible`` does for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import pandas as pd

from lcc_core.plaintext import FORMULA, visible

JOINER = "\u2060"  # not seen and without a width; splits what is put together after parsing
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~$&:!]")
# A list, a heading's underline or a quote is one only where a line begins.
_FIRST = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))", re.ASCII)
_OUTER = re.compile(r"^[ \u00a0]+|[ \u00a0]+$")
# Read out of finished text, where a backslash is gone: directives, emoji, icons, addresses, arrows.
_LATE = re.compile(
    r"(?<=:)(?=[\w+\-/])|(?<=www)(?=\.)|(?<=@)(?=[\w-])|(?<=<)(?=[-=])|(?<=[->~])(?==)|(?<=-)(?=[->])",
    re.IGNORECASE,
)


def plain(text: object) -> str:
    """The text as Markdown that shows it, character by character and in one line."""
    joined = _LATE.sub(JOINER, visible(text))
    marked = _MARKS.sub(lambda mark: f"\\{mark[0]}", joined)
    marked = _FIRST.sub(r"\1\\", marked)
    return _OUTER.sub(_kept, marked)


def _kept(spaces: re.Match[str]) -> str:
    """Spaces at an end, which Markdown drops, takes for code, or lets spoil the ``**`` around."""
    kept = "\u00a0" * len(spaces[0])
    return f"{kept}{JOINER}" if spaces.start() else f"{JOINER}{kept}"


# A frame, its columns by name, or its rows. Pandas takes no lone surrogate, hence not frames alone.
Tabular = pd.DataFrame | Mapping[str, Iterable[Any]] | Iterable[Mapping[str, Any]]


def cells(data: Tabular) -> pd.DataFrame:
    """A frame with its texts and heads visible; for charts, whose marks are no Markdown."""
    return _spelled(data, _visible)


def sheet(data: Tabular) -> pd.DataFrame:
    """For ``st.dataframe``. The browser's own download makes CSV of it: no cell is a formula."""
    return _spelled(data, _in_sheet)


def _spelled(data: Tabular, spell: Callable[[Any], Any]) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data.rename(columns=spell).map(spell)
    if isinstance(data, Mapping):
        columns = cast(Mapping[str, Iterable[Any]], data)
        return pd.DataFrame({spell(head): list(map(spell, columns[head])) for head in columns})
    return pd.DataFrame([{spell(k): spell(v) for k, v in row.items()} for row in data])


def _visible(cell: Any) -> Any:
    return visible(cell) if isinstance(cell, str) else cell


def _in_sheet(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    shown = visible(cell)
    return JOINER + shown if shown.startswith(FORMULA) else shown
