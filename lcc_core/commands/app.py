"""``lcc app``: the dashboard, on this machine only."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from lcc_core.commands.context import Context
from lcc_core.commands.hosts import Hosts
from lcc_core.errors import LccError, require
from lcc_core.jobs.process import PATIENT

ADDRESS, FIRST_PORT, TRIES = "127.0.0.1", 8501, 50
# Tells the server whose end is its own.
PARENT_VARIABLE = "LCC_APP_PARENT"
PROJECT = Path(__file__).resolve().parent.parent.parent
SCRIPT = PROJECT / "app.py"


def add(commands: Any, after: argparse.ArgumentParser) -> None:
    command = commands.add_parser("app", parents=[after], help="open the dashboard")
    command.add_argument(
        "--port", type=int, metavar="N", help=f"default: first free one from {FIRST_PORT}"
    )
    command.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="answer to this name too, of a proxy or a tunnel; may be given several times. Without "
        "it only 127.0.0.1, localhost and [::1] are served",
    )
    command.set_defaults(run=app)


def app(arguments: argparse.Namespace, context: Context) -> None:
    """Serve until stopped. Says the address as soon as it answers."""
    port = free_port(arguments.port)
    Hosts.of(port, arguments.host)  # a name that is none is told at once
    if not SCRIPT.is_file():
        raise LccError(
            "The dashboard's app.py is not beside the lcc package.", "Run it from a clone."
        )
    address = f"http://{ADDRESS}:{port}"
    command = [sys.executable, "-m", "pages.ui.serve", "--port", str(port)]
    command += [word for name in arguments.host for word in ("--host", name)]
    own = {"LCC_HOME": str(context.home.root), PARENT_VARIABLE: str(os.getpid())}
    server = subprocess.Popen(
        command,
        cwd=PROJECT,  # where .streamlit/config.toml lies
        env=PATIENT | os.environ | own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _await(server, f"{address}/_stcore/health")
        context.say(f"The Land-Cover Compression Explorer is at {address} (Ctrl-C stops it).")
        context.finish({"address": address, "port": port, "home": str(context.home.root)})
        sys.stdout.flush()
        if server.wait():
            raise LccError("The dashboard stopped by itself.", "Its last words are above.")
    except KeyboardInterrupt:  # how it is meant to end
        context.say("Stopped. A job that was running stops too; resume it on the Jobs page.")
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(5)
        server.kill()


def free_port(wanted: int | None) -> int:
    """``wanted`` if it is free, else an error; with no wish the first free one from 8501."""
    if wanted is not None:
        require(1 <= wanted <= 65535, "port", wanted, "1…65535")
    for port in [wanted] if wanted else range(FIRST_PORT, FIRST_PORT + TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((ADDRESS, port))
                return port
    raise LccError(
        f"Port {wanted} is in use." if wanted else "No port is free.",
        "Name another with --port, or leave it out and one is found.",
    )


def _await(server: subprocess.Popen[bytes], health: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise LccError("The dashboard did not start.", "Its last words are above.")
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(health, timeout=1) as answer:
                if answer.status == 200:
                    return
        time.sleep(0.1)
    raise LccError("The dashboard did not answer within a minute.", "Try again.")
