"""What a class may be called."""

from __future__ import annotations

import unicodedata

from lcc_core.data.limits import MOST_CLASSES
from lcc_core.errors import DataError

LONGEST = 200  # characters
FORBIDDEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, half characters, ends of lines


def check_class_names(names: tuple[str, ...], whose: str) -> None:
    """Raise ``DataError`` for names that are empty, cannot be shown, or look the same.

    Two names that differ only in case, in blanks, or in how their accents are encoded (a macOS
    archive writes ``é`` as two characters) would be two classes that nobody can tell apart, and
    one folder on some disks: which of them is meant only the user can say.
    """
    if len(names) > MOST_CLASSES:
        raise DataError(
            f"{whose} are {len(names):,}.", f"Up to {MOST_CLASSES:,} classes can be told apart."
        )
    seen: dict[str, str] = {}
    for name in names:
        if not name.strip():
            raise DataError(f"{whose} hold an empty name.", "Give every class a name.")
        if len(name) > LONGEST or any(unicodedata.category(one) in FORBIDDEN for one in name):
            raise DataError(
                f"{whose} hold the name {name[:LONGEST]!a}, which cannot be shown.",
                f"Names have up to {LONGEST} characters, none of them a control character.",
            )
        shown = _shown(name)
        if shown in seen:
            raise DataError(
                f"{whose} hold {_both(seen[shown], name)}.",
                "Give every class a name of its own, or put what belongs together under one.",
            )
        seen[shown] = name


def _shown(name: str) -> str:
    """Reduce a name to what names that look the same have in common."""
    visible = "".join(one for one in name if unicodedata.category(one) != "Cf")
    apart = unicodedata.normalize("NFD", " ".join(visible.split()))
    return unicodedata.normalize("NFC", apart.casefold())


def _both(one: str, other: str) -> str:
    if one == other:
        return f"{one!r} twice"
    written = f"{one!r} and {other!r}"
    spelled = f"{one!a} and {other!a}"
    return f"{written}{'' if spelled == written else f' ({spelled})'}, which look the same"
