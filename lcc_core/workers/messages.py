"""What a pool and its worker processes say to each other, and how it crosses a pipe.

``multiprocessing`` is not used: it runs the main module again in every child, and under Streamlit
that is the page which is being drawn.
"""

from __future__ import annotations

import pickle
import struct
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

from lcc_core.hooks import Progress

LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Order:
    """A request under a number of its own."""

    number: int
    home: str
    request: Any


@dataclass(frozen=True)
class Stop:
    """Nobody waits for this order any longer."""

    number: int


@dataclass(frozen=True)
class Report:
    """How far an order is."""

    number: int
    progress: Progress


@dataclass(frozen=True)
class Outcome:
    """How an order ended: with a ``value``, with an ``error`` a user can act on, or with a bug's
    ``traceback``."""

    number: int
    value: Any = None
    error: Exception | None = None
    traceback: str = ""


class Channel:
    """One end of a pair of pipes between a process and its own child; nobody else writes there."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._sending = threading.Lock()

    def send(self, message: Any) -> None:
        """Send a message. Raises ``OSError`` where the other end is gone, and what pickling raises,
        before anything is sent."""
        content = pickle.dumps(message)
        with self._sending:
            self._outgoing.write(LENGTH.pack(len(content)) + content)
            self._outgoing.flush()

    def receive(self) -> Any:
        """The next message, waited for. Raises ``EOFError`` once the other end is gone."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        return pickle.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        content = self._incoming.read(count)
        if len(content) < count:
            raise EOFError
        return content
