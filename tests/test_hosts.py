"""Which names the dashboard answers to."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from lcc_core.commands.hosts import Hosts
from lcc_core.errors import LccError

OWN = Hosts.of(8501)
LISTED = Hosts.of(8501, ["Maps.Example.org", "tunnel:9000", "[fd00::1]", "localhost:9001"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "localhost.", "[::1]"])
def test_this_machine_is_served_at_the_right_port(host: str) -> None:
    assert OWN.serves(f"{host}:8501")
    assert not OWN.serves(f"{host}:8502")
    assert not OWN.serves(host)
    assert Hosts.of(80).serves(host)
    assert OWN.trusts(f"http://{host}:8501")


@pytest.mark.parametrize(
    "host",
    [
        "evil.test:8501", "localhost.evil.test:8501", "127.0.0.1.evil.test:8501", "127.0.0.2:8501",
        "0.0.0.0:8501", "[::]:8501", "[::ffff:127.0.0.1]:8501", "2130706433:8501", "127.1:8501",
        "localhost:8501@evil.test", "evil.test@localhost:8501", "localhost:8501/", "localhost:",
        "localhost:8501:8501", "localhost:085010", "localhost:-1", "localhost :8501", "",
        "localhost,evil.test:8501", "localhost\t:8501", "localhost:٨٥٠١", "lоcalhost:8501",  # noqa: RUF001
        "[::1", "::1:8501", "*", "localhost..:8501",
    ],
)  # fmt: skip
def test_nothing_else_is(host: str) -> None:
    assert not OWN.serves(host)
    assert not OWN.trusts(f"http://{host}")


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "file://", "http://localhost:8501/", "http://u@localhost:8501",
        "localhost:8501",
        "ftp://localhost:8501", "chrome-extension://localhost:8501", "http://localhost:8501#x",
        "http://localhost:8501 http://evil.test", "https://localhost", "http://[::1",
    ],
)  # fmt: skip
def test_foreign_origins(origin: str) -> None:
    assert not OWN.trusts(origin)


def test_listed_names() -> None:
    for host in ("maps.example.org", "MAPS.example.org.:443", "tunnel:9000", "[FD00:0::1]:7"):
        assert LISTED.serves(host)
    for host in ("tunnel", "tunnel:8501", "example.org", "x.maps.example.org", "localhost:9002"):
        assert not LISTED.serves(host)
    assert LISTED.serves("localhost:9001") and LISTED.serves("localhost:8501")
    assert LISTED.trusts("https://maps.example.org")
    assert {"http://[::1]:8501", "https://maps.example.org"} <= set(LISTED.origins)


@pytest.mark.parametrize("name", ["http://x.org", "x.org/path", "a b", "", "x:0", "x:99999", "*.x"])
def test_a_name_that_is_none_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    shell = Shell(capsys, tmp_path)
    with pytest.raises(LccError, match="is no host name"):
        Hosts.of(8501, [name])
    shell("app", f"--host={name}", code=2)
    assert "is no host name" in shell.err and len(shell.err.splitlines()) == 1
