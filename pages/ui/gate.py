"""Before anything is served: is the request meant for us, and what may our pages load?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lcc_core.commands.hosts import DEFAULT_PORTS, Hosts

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

REFUSED = (
    b"This host name is not served. Start the dashboard with `lcc app --host NAME`, where NAME is "
    b"what stands in the address bar, with its port if it has one.\n"
)
# Whatever a page may contain by mistake, the browser loads nothing from elsewhere, and no page
# from elsewhere holds ours in a frame. Charts compile their expressions: 'unsafe-eval'.
POLICY = (
    b"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; connect-src 'self' data: blob:;"
    b" object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = [
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]


class Gate:
    """ASGI middleware: 403 for a foreign ``Host`` or ``Origin``, for HTTP and websockets alike."""

    def __init__(self, app: Any, hosts: Hosts) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif self.admits(scope):
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: 403
        else:
            head = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
            await send({"type": "http.response.start", "status": 403, "headers": head})
            await send({"type": "http.response.body", "body": REFUSED})

    def admits(self, scope: Scope) -> bool:
        """Exactly one host that is served; if an origin is named, one of ours."""
        found: dict[bytes, list[str]] = {b"host": [], b"origin": []}
        for name, value in scope["headers"]:
            if name.lower() in found:
                found[name.lower()].append(value.decode("latin-1"))
        scheme = scope.get("scheme", "http").replace("ws", "http")
        port = DEFAULT_PORTS.get(scheme, 80)
        return (
            len(found[b"host"]) == 1
            and self.hosts.serves(found[b"host"][0], port)
            and len(found[b"origin"]) <= 1
            and all(self.hosts.trusts(origin) for origin in found[b"origin"])
        )


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in HEADERS}
            there = [item for item in message.get("headers", ()) if item[0].lower() not in own]
            message = {**message, "headers": [*there, *HEADERS]}
        await send(message)

    return sending
