"""Which host names the dashboard answers to.

A page of another site can let its own name point to this machine, and the browser then takes the
dashboard for a part of that site. It still names the host it thinks it talks to.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from lcc_core.errors import LccError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\.?(?::(\d{1,5}))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Name:
    """A host's name in lower case, an IPv6 address without brackets; ``port`` if one is named."""

    host: str
    port: int | None = None

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def parse(text: str) -> Name | None:
    """``name``, ``name:port`` or ``[address]:port``; ``None`` for anything else."""
    found = _HOST.fullmatch(text)
    if found is None:
        return None
    host, port = found[1].lower(), int(found[2]) if found[2] else None
    if port is not None and not 1 <= port <= 65535:
        return None
    if host.startswith("["):
        try:
            host = ipaddress.IPv6Address(host[1:-1]).compressed
        except ValueError:
            return None
    return Name(host, port)


@dataclass(frozen=True)
class Hosts:
    """The names that are served: this machine's own at ``port``, and ``listed`` ones.

    A listed name without a port is served at any.
    """

    port: int
    listed: tuple[Name, ...] = ()

    @classmethod
    def of(cls, port: int, names: Iterable[str] = ()) -> Hosts:
        """``LccError`` for a name that is no host's."""
        listed = []
        for text in names:
            if (name := parse(text)) is None:
                raise LccError(
                    f"--host {text!r} is no host name.",
                    "Give a name or an address, such as maps.example.org or 10.0.0.7:8080, "
                    "without http:// and without a path.",
                )
            listed.append(name)
        return cls(port, tuple(listed))

    @property
    def names(self) -> tuple[Name, ...]:
        return (*(Name(host, self.port) for host in LOOPBACK), *self.listed)

    @property
    def origins(self) -> list[str]:
        """What a browser names as the origin of a page from here."""
        return [f"{scheme}://{name.netloc}" for name in self.names for scheme in DEFAULT_PORTS]

    def serves(self, host: str, default_port: int = 80) -> bool:
        """Whether a request whose ``Host`` header is ``host`` is meant for this dashboard."""
        asked = parse(host)
        if asked is None:
            return False
        port = asked.port or default_port
        return any(one.host == asked.host and one.port in (None, port) for one in self.names)

    def trusts(self, origin: str) -> bool:
        """Whether a page of ``origin``, as the header of that name has it, is one of ours."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        default = DEFAULT_PORTS.get(parts.scheme)
        if default is None or origin.lower() != f"{parts.scheme}://{parts.netloc}".lower():
            return False
        return self.serves(parts.netloc, default)
