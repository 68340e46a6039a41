"""A worker process: requests in over a pipe, reports and outcomes out."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lcc_core.errors import LccError
from lcc_core.progress import Progress

TELL_EVERY_S = 0.1
HOMES = 2  # of which things are kept loaded


@dataclass(frozen=True)
class Order:
    """A request under a number of its own; ``threads``: how many it may compute with."""

    number: int
    home: str
    request: Any
    threads: int


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


class _Inbox:
    """Orders as they come in, and the stops that overtake them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        threading.Thread(target=self._listen, name="worker-inbox", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                os._exit(0)  # whoever sent the orders is gone
            if isinstance(message, Stop):
                self._stopped.add(message.number)
            else:
                self.orders.put(message)

    def stopped(self, number: int) -> bool:
        return number in self._stopped


def serve(connection: Connection) -> None:
    """Do what comes in, one order after the other, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    import torch

    from lcc_core.files import Home
    from lcc_core.workspace import Workspace

    inbox = _Inbox(connection)
    workspaces: OrderedDict[str, Workspace] = OrderedDict()
    while True:
        order = inbox.orders.get()
        torch.set_num_threads(order.threads)
        if order.home not in workspaces:
            workspaces[order.home] = Workspace(Home(Path(order.home)))
            while len(workspaces) > HOMES:
                workspaces.popitem(last=False)
        workspaces.move_to_end(order.home)
        outcome = _do(order, workspaces[order.home], connection, inbox)
        try:
            connection.send(outcome)
        except (pickle.PicklingError, AttributeError, TypeError):  # a value that cannot cross
            connection.send(Outcome(order.number, traceback=traceback.format_exc()))


def _do(order: Order, workspace: Any, connection: Connection, inbox: _Inbox) -> Outcome:
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if progress.lasting or now - last[0] >= TELL_EVERY_S:
            last[0] = now
            connection.send(Report(order.number, progress))

    try:
        value = order.request.run(workspace, tell, lambda: inbox.stopped(order.number))
        return Outcome(order.number, value)
    except (LccError, ValueError) as error:
        return Outcome(order.number, error=error, traceback=traceback.format_exc())
    except Exception:  # a bug: told with its traceback, and the worker goes on
        return Outcome(order.number, traceback=traceback.format_exc())
