"""The app as a person starts it, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lcc_core.files import Home

PROJECT = Path(__file__).parents[1]
# In a process that has this, an attempt to reach anything but this machine fails and is written
# down. An audit hook sees the attempts of all of Python, whichever library makes them.
NO_NETWORK = """
import ipaddress, os, sys

def inside(host):
    if host in (None, "", b"", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    if not inside(host):
        with open(os.environ["ATTEMPTS"], "a") as file:
            print(event, host, file=file)
        raise OSError("the network is cut off")

sys.addaudithook(watch)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(home: Home, *words: str, env: Mapping[str, str] = {}) -> Iterator[str]:
    """The app over ``home``; its address. ``words`` of the command, ``env`` around it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "lcc_core.cli", "app", "--port", str(port), *words],
        cwd=PROJECT,
        env=os.environ | {"LCC_HOME": str(home.root), "LCC_WORKERS": "2"} | dict(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
