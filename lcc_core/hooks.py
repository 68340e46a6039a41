"""How long work reports on itself and is cancelled: callbacks in, nothing printed."""

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
    """Listen to nothing."""


def never() -> bool:
    """Never stop."""
    return False


@dataclass(frozen=True)
class Hooks:
    """What long work calls between two steps.

    ``progress`` is told how far it is; once ``should_stop`` says so, it ends with ``Cancelled``.
    """

    progress: OnProgress = ignore
    should_stop: ShouldStop = never

    def check(self) -> None:
        """Raise ``Cancelled`` once it should stop."""
        if self.should_stop():
            raise Cancelled()

    def told(self, progress: OnProgress) -> Hooks:
        """Those of a part whose reports ``progress`` passes on as parts of the whole."""
        return Hooks(progress, self.should_stop)

    @property
    def silent(self) -> Hooks:
        """Those of a part that is not reported but can be cancelled."""
        return Hooks(should_stop=self.should_stop)


QUIET = Hooks()
