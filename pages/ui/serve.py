"""``python -m pages.ui.serve --port N``: Streamlit with our navigation, behind our gate.

Until app.py has run once, Streamlit takes the folder ``pages/`` for its own older kind of pages;
a shared link that opens a fresh server would meet those. The server ends with the command that
started it, even if that was killed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time

import streamlit as st
from starlette.middleware import Middleware
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager

from lcc_core.commands.app import ADDRESS, PARENT_VARIABLE, SCRIPT
from lcc_core.commands.hosts import Hosts
from lcc_core.jobs.process import watch_parent
from pages.ui.gate import Gate

END_WITHIN_S = 5.0


def end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_WITHIN_S)
    os._exit(1)


def no_address() -> None:
    """Stands for Streamlit's search for this machine's addresses, which asks a server outside."""


def serve(hosts: Hosts) -> None:
    """Serve until stopped, to ``hosts`` alone."""
    net_util.get_external_ip = net_util.get_internal_ip = no_address
    PagesManager.uses_pages_directory = False
    sys.argv = [str(SCRIPT)]  # as if it were what was started
    st.App(SCRIPT, middleware=[Middleware(Gate, hosts=hosts)]).run(
        config={
            "server.address": ADDRESS,
            "server.port": hosts.port,
            "server.headless": True,
            "server.allowedHosts": [name.host for name in hosts.names],
            "server.corsAllowedOrigins": hosts.origins,
            "browser.serverAddress": ADDRESS,
            "browser.gatherUsageStats": False,
        }
    )


if __name__ == "__main__":
    if parent := os.environ.pop(PARENT_VARIABLE, ""):
        watch_parent(int(parent), end)
    words = argparse.ArgumentParser()
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--host", action="append", default=[])
    asked = words.parse_args()
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how it is meant to end
        serve(Hosts.of(asked.port, asked.host))
