"""Logs, in which names of files and users stay text."""

from __future__ import annotations

import logging

from lcc_core.plaintext import visible

LINES = "\n\t"  # a traceback's own


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
