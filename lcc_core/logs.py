"""Logs, in which names of files and users stay text, and files that keep what went wrong."""

from __future__ import annotations

import contextlib
import logging
import os
import traceback
from pathlib import Path

from lcc_core.plaintext import visible
from lcc_core.temporary import lock

LINES = "\n\t"  # a traceback's own
LOG = "lcc.log"  # in the home's folder of logs, or in a job's own folder
LOGS = "logs"  # that folder
MOST_BYTES = 1 << 20  # of one log; then it becomes the older one, and the one before that is gone
LONGEST = 1 << 16  # characters of one fault
FORMAT = "%(asctime)s %(process)d %(name)s: %(message)s"


class Spelled(logging.Filter):
    """Spells out, in a record and its traceback, what is not seen or what no encoding takes.

    An error may name a file or a class whose name holds a terminal's escapes or a lone surrogate,
    at which a handler that writes UTF-8 would fail.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = visible(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = visible(record.exc_text, keep=LINES) if record.exc_text else None
        record.exc_info = None  # a handler that asks for it would write the text anew
        return True


def logger(name: str) -> logging.Logger:
    """The logger of this name, whose records pass through :class:`Spelled`."""
    found = logging.getLogger(name)
    if not any(isinstance(one, Spelled) for one in found.filters):
        found.addFilter(Spelled())
    return found


def fault_line(error: BaseException) -> str:
    """Says in one line what met the program: the error's class and its words."""
    words = " ".join(str(error).split()) or "no words"
    return f"{type(error).__name__}: {words[:300]}"


def record_fault(error: BaseException, folder: Path, doing: str) -> Path | None:
    """Append an error with its traceback to the log in ``folder``.

    Args:
        error: what was raised and is no :class:`~lcc_core.errors.LccError`.
        folder: where the log lies; it is made if it is not there.
        doing: what the program was at.

    Returns:
        The log; ``None`` where nothing can be written (a read-only home, a full disk).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _append(folder / LOG, fault_text(error, doing))
    except OSError:
        return None
    return folder / LOG


def fault_text(error: BaseException, doing: str) -> str:
    """The lines that a log keeps of an error: when, which process, doing what, and how it came."""
    details = "".join(traceback.format_exception(error)).rstrip("\n")
    if len(details) > LONGEST:
        half = LONGEST // 2
        details = f"{details[:half]}\n…\n{details[-half:]}"
    record = logging.LogRecord("lcc", logging.ERROR, "", 0, doing, None, None)
    record.exc_text = details
    Spelled().filter(record)
    return logging.Formatter(FORMAT).format(record) + "\n"


def _append(path: Path, text: str) -> None:
    """Add to a log that other processes write to as well; a full one is turned over first."""
    while True:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o666)
        try:
            lock(descriptor)
            if not _still(path, descriptor):  # turned over by another process meanwhile
                continue
            if os.fstat(descriptor).st_size > MOST_BYTES:
                os.replace(path, path.with_name(f"{path.name}.1"))
                continue
            rest = text.encode()
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            return
        finally:
            os.close(descriptor)


def _still(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    return False
