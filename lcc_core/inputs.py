"""Files that a user names: opened only where they are files, and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from lcc_core.errors import DataError, LccError

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(name: str | Path, kind: type[LccError] = DataError) -> BinaryIO:
    """Open a regular file (or a link to one) for reading.

    Opening a pipe would wait for its writer and opening a device may do something, so both are
    told apart first. Raises ``kind`` for what is missing, no file, or may not be read.
    """
    path = Path(name)
    try:
        _refuse_special(os.stat(path), path, kind)
        # What lies under the name may have changed since: a pipe would still not be waited for.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise unreadable(path, error, kind) from error
    file = os.fdopen(handle, "rb")
    try:
        _refuse_special(os.fstat(handle), path, kind)
    except LccError:
        file.close()
        raise
    return file


def read_regular(name: str | Path, most: int, kind: type[LccError] = DataError) -> bytes:
    """The content of a regular file. Raises ``kind`` where it has more than ``most`` bytes."""
    path = Path(name)
    with open_regular(path, kind) as file:
        try:
            large = os.fstat(file.fileno()).st_size > most  # before any of it is in memory
            content = b"" if large else file.read(most + 1)
        except OSError as error:
            raise unreadable(path, error, kind) from error
    if large or len(content) > most:
        raise kind(f"{path.name} has more than {most:,} bytes.", "Name the right file.")
    return content


def unreadable(path: Path, error: Exception, kind: type[LccError] = DataError) -> LccError:
    """What to tell of a file that the system does not let us read: it need not be damaged."""
    if isinstance(error, FileNotFoundError):
        return kind(f"{path} does not exist.", "Check its name.")
    reason = getattr(error, "strerror", None) or str(error)
    fix = "Check the file and its disk."
    if isinstance(error, PermissionError):
        fix = "Ask its owner for leave to read it, or copy it."
    return kind(f"{path} cannot be read: {reason}.", fix)


def _refuse_special(found: os.stat_result, path: Path, kind: type[LccError]) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    what = next((name for test, name in KINDS if test(found.st_mode)), "of a special kind")
    raise kind(f"{path} is {what}, not a file.", "Name a regular file.")
