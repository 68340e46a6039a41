"""What is stored and cannot be read: said, counted, and no reason to stop reading the rest."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lcc_core.errors import BadValue, LccError
from lcc_core.reading import parse_own_json

T = TypeVar("T")
# What content that is not as this program writes it leads its readers to.
ODD = (
    OSError, ValueError, KeyError, TypeError, AttributeError, IndexError,
    OverflowError, RecursionError, EOFError, LccError,
)  # fmt: skip
NAMED = 3  # paths in one line


@dataclass(frozen=True)
class Unreadable:
    """A stored thing that is passed over, and why."""

    path: Path
    reason: str

    @classmethod
    def of(cls, path: Path, error: BaseException) -> Unreadable:
        return cls(path, reason(error))

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


class Found(list[T]):
    """A list of what could be read, with what could not be beside it."""

    def __init__(self, items: Iterable[T] = (), unreadable: Iterable[Unreadable] = ()) -> None:
        super().__init__(items)
        self.unreadable = tuple(unreadable)


def reason(error: BaseException) -> str:
    """A few words for people, without a full stop."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it is no text"
    if isinstance(error, json.JSONDecodeError):
        return "it is no JSON"
    if isinstance(error, KeyError) and error.args:
        return f"{error.args[0]!r} is missing"
    text = error.what if isinstance(error, LccError) else str(error)
    return " ".join(text.split())[:200].rstrip(".") or type(error).__name__


def said(found: Sequence[Unreadable], what: str) -> str:
    """``1 stored row cannot be read: PATH (reason)``; nothing where all could be."""
    if not found:
        return ""
    named = "; ".join(map(str, found[:NAMED]))
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{counted(len(found), what)} cannot be read: {named}{more}"


def counted(count: int, what: str) -> str:
    """``1 stored study``, ``2 stored studies``, ``2 files of its points``."""
    if count == 1:
        return f"1 {what}"
    head, of, rest = what.partition(" of ")
    plural = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return f"{count} {plural}{of}{rest}"


def broken(what: str, error: BaseException, fix: str, path: Path | None = None) -> tuple[str, str]:
    """What is wrong with a stored thing, and what to do: it cannot be read, or is damaged.

    ``path``: its file, asked itself, since some libraries call every error a missing file.
    """
    if path is not None:
        try:
            path.open("rb").close()
        except OSError as asked:
            error = asked
    if isinstance(error, PermissionError):
        return f"{what} cannot be read: permission denied.", "Ask its owner to let you read it."
    if isinstance(error, FileNotFoundError):
        return f"{what} is missing.", fix
    if isinstance(error, OSError) and error.strerror:
        return f"{what} cannot be read: {reason(error)}.", fix
    return f"{what} is damaged ({reason(error)}).", fix


def read_json(path: Path) -> Any:
    """The content of a JSON file that this program wrote.

    Raises ``OSError`` where it cannot be opened, ``BadValue`` where it is no file or no JSON.
    """
    return parse_own_json(_content(path))


def read_text(path: Path) -> str:
    """Read a text that this program wrote. Raises ``BadValue`` where it is no file or no text."""
    return _content(path).decode()


def _content(path: Path) -> bytes:
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for without end
        raise BadValue("it is no file")
    return path.read_bytes()


def listed(folder: Path, pattern: str = "*") -> Found[Path]:
    """What lies in a folder by name, hidden things left out; nothing where there is none."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return Found()
    except OSError as error:
        return Found([], [Unreadable.of(folder, error)])
    return Found(path for path in paths if path.match(pattern))
