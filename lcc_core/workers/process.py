"""``python -m lcc_core.workers.process``: does what comes in, until its pool is gone."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from lcc_core.errors import LccError
from lcc_core.hooks import Hooks, Progress
from lcc_core.workers.messages import Channel, Order, Outcome, Report, Stop

if TYPE_CHECKING:
    from lcc_core.workspace import Workspace

TELL_EVERY_S = 0.1
HOMES = 2  # of which things are kept loaded


class _Inbox:
    """Orders as they come in, and the stops that overtake them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        threading.Thread(target=self._listen, name="worker-inbox", daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                message = self._channel.receive()
            except (EOFError, OSError):
                os._exit(0)  # whoever sent the orders is gone
            if isinstance(message, Stop):
                self._stopped.add(message.number)
            else:
                self.orders.put(message)

    def stopped(self, number: int) -> bool:
        return number in self._stopped


def serve(channel: Channel) -> None:
    """Do one order after the other, until the other end is closed."""
    inbox = _Inbox(channel)

    import torch

    from lcc_core.files import Home
    from lcc_core.workspace import Workspace

    torch.set_num_threads(1)  # see Pool: figures must not depend on how many compute at once
    workspaces: OrderedDict[str, Workspace] = OrderedDict()
    while True:
        order = inbox.orders.get()
        if order.home not in workspaces:
            workspaces[order.home] = Workspace(Home(Path(order.home)))
            while len(workspaces) > HOMES:
                workspaces.popitem(last=False)
        workspaces.move_to_end(order.home)
        outcome = _do(order, workspaces[order.home], channel, inbox)
        try:
            channel.send(outcome)
        except (pickle.PicklingError, AttributeError, TypeError):  # a value that cannot cross
            channel.send(Outcome(order.number, traceback=traceback.format_exc()))


def _do(order: Order, workspace: Workspace, channel: Channel, inbox: _Inbox) -> Outcome:
    last = [0.0]

    def tell(progress: Progress) -> None:
        now = time.monotonic()
        if progress.lasting or now - last[0] >= TELL_EVERY_S:
            last[0] = now
            channel.send(Report(order.number, progress))

    try:
        value = order.request.run(workspace, Hooks(tell, lambda: inbox.stopped(order.number)))
        return Outcome(order.number, value)
    except LccError as error:
        return Outcome(order.number, error=error)
    except Exception:  # a bug: told with its traceback, and the worker goes on
        return Outcome(order.number, traceback=traceback.format_exc())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    # What libraries print must not get between the messages.
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(Channel(sys.stdin.buffer, outgoing))
