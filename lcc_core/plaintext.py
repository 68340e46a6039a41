"""Names that came from a file, a user or a model, written so that they stay text.

Such a name may hold anything: line ends, terminal escapes, marks that turn the writing direction,
HTML, a spreadsheet's formula. Whoever shows or writes one passes it through here first.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# What is not seen or steers what is: controls, line separators, marks of writing direction,
# invisible marks, lone surrogates (which no encoding takes) and tag characters. Joiners stay:
# several scripts need them.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
# A spreadsheet takes a cell that begins like this for a formula, wide forms included.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def visible(text: object, keep: str = "") -> str:
    r"""Spell out what would not be seen: a line end as ``\n``, an escape as ``\x1b``.

    Args:
        text: Anything; its ``str`` is shown.
        keep: Characters that stay as they are, such as ``"\n"`` in a text of several lines.
    """
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else _spelled(found[0]), str(text))


def _spelled(character: str) -> str:
    code = ord(character)
    if character in SHORT:
        return SHORT[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def html_text(text: object) -> str:
    """As the text of an HTML element or the value of a quoted attribute."""
    return html.escape(visible(text))


def figure_text(text: object) -> str:
    """As a text of a Plotly figure, which reads ``<b>``, ``<a href>`` and entities."""
    return html.escape(visible(text), quote=False)


def csv_cell(cell: Any) -> Any:
    """The cell as a spreadsheet shows it: a text that reads as a formula gets a ``'`` before it.

    Numbers stay as they are; so does other text, but for lone surrogates.
    """
    if not isinstance(cell, str):
        return cell
    cell = encodable(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def records(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a frame, whose texts every encoding of Unicode takes."""
    import pandas as pd

    return pd.DataFrame([{encodable(k): encodable(v) for k, v in row.items()} for row in rows])


def csv_text(frame: pd.DataFrame, missing: str = "") -> str:
    """The frame as CSV without its index, heads and texts by :func:`csv_cell`.

    ``missing`` stands where there is no value.
    """
    return frame.rename(columns=csv_cell).map(csv_cell).to_csv(index=False, na_rep=missing)


def encodable(cell: Any) -> Any:
    """The cell in a form that UTF-8 takes: lone surrogates are spelled out."""
    if not isinstance(cell, str):
        return cell
    return "".join(_spelled(c) if "\ud800" <= c <= "\udfff" else c for c in cell)


def file_stem(*parts: object) -> str:
    """A file name's beginning, of letters, digits, ``.``, ``_`` and ``-`` alone."""
    return re.sub(r"[^\w.-]+", "_", "-".join(map(str, parts)), flags=re.ASCII).lstrip(".") or "file"
