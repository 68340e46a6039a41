"""A really started server: whom it answers, and that it asks nobody."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import hostile_names as hostile
import pytest
import served
from served import NO_NETWORK, serving
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from lcc_core.files import Home

PATHS = (
    ("GET", "/"), ("GET", "/compress"), ("GET", "/_stcore/health"), ("GET", "/_stcore/host-config"),
    ("GET", "/_stcore/metrics"), ("GET", "/media/0123.png"), ("GET", "/component/x/index.html"),
    ("GET", "/_stcore/bidi-components/x/y.js"), ("GET", "/_stcore/agent/openapi.json"),
    ("GET", "/static/none.js"), ("PUT", "/_stcore/upload_file/a/b"), ("HEAD", "/"),
    ("DELETE", "/_stcore/upload_file/a/b"), ("OPTIONS", "/_stcore/upload_file/a/b"),
    ("POST", "/nothing"),
)  # fmt: skip
NAME = "maps.example.org"


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's attempts to reach another machine are written."""
    return tmp_path_factory.mktemp("attempts") / "attempts.txt"


@pytest.fixture(scope="module")
def server(attempts: Path) -> Iterator[tuple[str, int]]:
    """Cut off from the network; with a listed name. Its address and port."""
    (attempts.parent / "sitecustomize.py").write_text(NO_NETWORK)
    home = Home.find(attempts.parent / "home")
    hostile.train_and_measure(hostile.fill(home))
    paths = os.pathsep.join([str(attempts.parent), os.environ.get("PYTHONPATH", "")])
    env = {"PYTHONPATH": paths, "ATTEMPTS": str(attempts)}
    with serving(home, "--host", NAME, env=env) as address:
        yield address, urlsplit(address).port or 0


def answer(port: int, method: str, path: str, *headers: tuple[str, str]) -> int:
    """The status of a request that names no host but those in ``headers``."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for header in headers:
        line.putheader(*header)
    line.endheaders()
    with line.getresponse() as response:
        response.read()
        return response.status


def handshake(port: int, host: str, origin: str | None) -> int:
    """The status of a websocket's handshake made by hand."""
    headers = [("Host", host), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
    headers += [("Sec-WebSocket-Version", "13")]
    headers += [("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode())]
    headers += [] if origin is None else [("Origin", origin)]
    text = "GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
    with socket.create_connection(("127.0.0.1", port), 60) as line:
        line.sendall(f"{text}\r\n".encode())
        return int(line.recv(64).split()[1])


def test_a_foreign_host_gets_nothing(server: tuple[str, int]) -> None:
    _, port = server
    for method, path in PATHS:
        for headers in (
            [("Host", f"evil.test:{port}")],
            [("Host", f"localhost.evil.test:{port}")],
            [("Host", f"127.0.0.1:{port + 1}")],
            [("Host", "localhost")],
            [("Host", f"127.0.0.1:{port}"), ("Origin", "http://evil.test")],
            [("Host", f"127.0.0.1:{port}"), ("Origin", f"http://evil.test:{port}")],
            [("Host", f"127.0.0.1:{port}"), ("Origin", "null")],
            [("Host", f"evil.test:{port}"), ("Origin", f"http://evil.test:{port}")],
            [("Host", f"evil.test:{port}"), ("X-Forwarded-Host", f"127.0.0.1:{port}")],
        ):
            assert answer(port, method, path, *headers) == 403, (method, path, headers)
    for headers in ([], [("Host", f"127.0.0.1:{port}"), ("Host", f"evil.test:{port}")]):
        assert answer(port, "GET", "/", *headers) in (400, 403), headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", NAME])
def test_own_and_listed_names_are_served(server: tuple[str, int], host: str) -> None:
    _, port = server
    name = ("Host", f"{host}:{port}")
    for origin in ([], [("Origin", f"http://{host}:{port}")]):
        assert answer(port, "GET", "/", name, *origin) == 200
        assert answer(port, "GET", "/_stcore/health", name, *origin) == 200
        assert answer(port, "GET", "/media/none.png", name, *origin) == 404
    assert answer(port, "GET", "/", ("Host", NAME)) == 200  # of a proxy at its usual port


def test_websockets_likewise(server: tuple[str, int]) -> None:
    _, port = server
    own = f"127.0.0.1:{port}"
    for host in (own, f"localhost:{port}", f"[::1]:{port}", f"{NAME}:{port}"):
        assert handshake(port, host, f"http://{host}") == 101
        assert handshake(port, host, None) == 101
        assert handshake(port, own, f"http://{host}") == 101  # as a proxy passes it on
    assert handshake(port, own, f"https://{NAME}") == 101
    for host, origin in (
        (f"evil.test:{port}", f"http://evil.test:{port}"),
        (f"evil.test:{port}", f"http://{own}"),
        (f"evil.test:{port}", None),
        (own, "http://evil.test"),
        (own, f"http://evil.test:{port}"),
        (own, f"http://127.0.0.1:{port + 1}"),
        (own, "null"),
        (own, "file://"),
    ):
        assert handshake(port, host, origin) == 403, (host, origin)


def test_pages_may_load_nothing_from_elsewhere(server: tuple[str, int]) -> None:
    _, port = server
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("GET", "/")
    policy = line.getresponse().headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy
    assert "http" not in policy and "*" not in policy


def visit(port: int, name: str) -> None:
    """Open a page as the browser does, until it is all there."""
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        origin=Origin(f"http://127.0.0.1:{port}"),
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as line:
        asked = BackMsg()
        asked.rerun_script.page_name = name
        line.send(asked.SerializeToString())
        end = time.monotonic() + 240  # a busy machine is no fault
        while time.monotonic() < end:
            told = ForwardMsg.FromString(cast(bytes, line.recv(240)))
            if told.WhichOneof("type") == "script_finished":
                assert told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
                return
    raise AssertionError(f"{name} did not end")


def test_the_server_reaches_no_other_machine(server: tuple[str, int], attempts: Path) -> None:
    _, port = server
    for name in ("", "data", "train", "compress", "compare", "coresets", "studies", "jobs"):
        visit(port, name)
    assert handshake(port, f"127.0.0.1:{port}", "http://evil.test") == 403
    assert handshake(port, f"127.0.0.1:{port}", f"https://{NAME}") == 101
    assert not attempts.exists(), attempts.read_text()


def test_an_attempt_would_be_seen(attempts: Path) -> None:
    import subprocess
    import sys

    (attempts.parent / "sitecustomize.py").write_text(NO_NETWORK)
    seen = attempts.with_name("seen.txt")
    for code in (
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
        "import urllib.request; urllib.request.urlopen('http://evil.test', timeout=1)",
        "from streamlit.net_util import get_internal_ip, get_external_ip; get_internal_ip()",
    ):
        env = os.environ | {"PYTHONPATH": str(attempts.parent), "ATTEMPTS": str(seen)}
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True)
        assert seen.read_text()
        seen.unlink()


def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    port = served.free_port()
    app = subprocess.Popen(
        [sys.executable, "-m", "lcc_core.cli", "app", "--port", str(port)],
        cwd=served.PROJECT,
        env=os.environ | {"LCC_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert app.stdout is not None
    said = app.stdout.readline()  # it is told once it answers
    while "is at http://" not in said and app.poll() is None:
        said = app.stdout.readline()
    os.killpg(app.pid, signal.SIGINT)  # as a terminal does: to the command and its server
    rest = app.communicate(timeout=60)[0]
    assert app.returncode == 0 and rest.startswith("Stopped.") and "Traceback" not in rest
