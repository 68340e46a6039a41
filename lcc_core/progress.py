"""How long work reports on itself: callbacks in, nothing printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lcc_core.errors import Cancelled


@dataclass(frozen=True)
class Progress:
    """One report. ``done`` of ``total`` steps of ``stage``; ``eta_s`` seconds left if known.

    A ``lasting`` one is a record of its own, never passed over because others came shortly before.
    """

    stage: str
    done: int
    total: int
    message: str = ""
    eta_s: float | None = None
    figures: dict[str, Any] | None = None
    lasting: bool = False


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


def ignore(_: Progress) -> None:
    """The default listener."""


def never() -> bool:
    """The default stop signal."""
    return False


def check(should_stop: ShouldStop) -> None:
    if should_stop():
        raise Cancelled()
