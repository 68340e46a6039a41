"""Tables, sizes and durations for people who read a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lcc_core.hooks import Progress
from lcc_core.plaintext import visible
from lcc_core.units import size as size


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns as wide as they need to be; numbers to the right."""
    cells = [[visible(cell) for cell in row] for row in rows]
    lines = [[visible(head) for head in heads], *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    right = [bool(cells) and all(_numeric(row[c]) for row in cells) for c in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def pairs(facts: Iterable[tuple[str, object]]) -> str:
    """One fact a line, values under each other."""
    known = [(visible(name), visible(value)) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in known), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in known)


def _numeric(cell: str) -> bool:
    return cell[:1].isdigit() or cell[:2] in ("-0", "−0") or cell == "–"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def number(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:.2f}{unit}"


def duration(seconds: float) -> str:
    """4.2 s, 3:07 min, 2:05:09 h."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def bar(report: Progress, width: int = 24) -> str:
    """``train  [#####-----]  50 %  epoch 2 of 4  1:10 min left``"""
    share = min(1.0, report.done / report.total) if report.total > 0 else 0.0
    filled = round(width * share)
    parts = [report.stage, f"[{'#' * filled}{'-' * (width - filled)}]", f"{100 * share:3.0f} %"]
    if report.message:
        parts.append(report.message)
    if report.eta_s is not None and share < 1:
        parts.append(f"{duration(report.eta_s)} left")
    return visible("  ".join(parts))[:118]


def words(text: str) -> tuple[str, ...]:
    """``a,b`` as an option's list of words."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def integers(text: str) -> tuple[int, ...]:
    return tuple(map(int, words(text)))
