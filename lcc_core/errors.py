"""What went wrong, where, and what to do about it."""

from __future__ import annotations


class LccError(Exception):
    """An error a user can act on: one line on what is wrong, one on what to do."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix

    def __reduce__(self) -> tuple[type[LccError], tuple[str, ...]]:
        """Cross from one process to another whole: both lines, and its own class."""
        return type(self), (self.what, self.fix) if self.fix else (self.what,)


class DataError(LccError):
    """Tiles or scenes that are missing, damaged or not what they claim to be."""


class ModelError(LccError):
    """An architecture or pretrained weights that cannot be had."""


class TrainingError(LccError):
    """Training that cannot start or cannot go on."""


class CheckpointError(LccError):
    """A checkpoint or packed file that is missing, damaged, foreign or hostile."""


class BadValue(LccError, ValueError):
    """A value out of its range: a user's, so it is told in one line; a ``ValueError`` to code."""


class Cancelled(LccError):
    """The user stopped the work; what was finished before is kept."""

    def __init__(self, what: str = "Cancelled.") -> None:
        super().__init__(what)


def require(condition: bool, argument: str, value: object, allowed: str) -> None:
    """Raise ``BadValue`` naming the argument, its value and the range it must lie in."""
    if not condition:
        raise BadValue(f"{argument}={value!r} is not allowed: it must be {allowed}")
