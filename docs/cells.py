"""Figures and tables as Markdown writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

UNKNOWN = "–"


def percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{100 * share:.2f}"


def points(share: float | None) -> str:
    return UNKNOWN if share is None else f"{100 * share:+.2f}".replace("-", "−")


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], text: int = 1) -> str:
    """In Markdown; the first ``text`` columns are words, the others figures."""
    rule = ("---",) * text + ("---:",) * (len(heads) - text)
    spelled = [f"| {' | '.join(line)} |" for line in (heads, *lines)]
    return "\n".join((spelled[0], f"|{'|'.join(rule)}|", *spelled[1:]))
