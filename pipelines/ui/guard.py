"""Guard: which requests reach the Dagster UI, which has no login of its own.

Here: an ASGI layer that lets through what comes by a name of this server and from its own pages, or from no browser at
all. Without it every web page that an operator visits could start and stop runs: a browser sends a plain POST anywhere,
and a name that is made to lead here (DNS rebinding) reads the responses too.
Not here: who may use the UI. That is a matter of the proxy that stands before it (docs/operators.md).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sql.safety.hosts import LOOPBACK

# Methods that change nothing by the HTTP standard, which GraphQL over GET does not follow.
SAFE = ("GET", "HEAD", "OPTIONS")

# Content types for which a browser sends a preflight request (CORS) first. All others can come from any form.
PREFLIGHTED = ("application/json", "application/graphql")

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_HOST = re.compile(r"(\[[0-9a-f:.%]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?", re.IGNORECASE)


class Guard:
    """Refuses with 403 and a sentence what does not come from the UI's own pages or from a program.

    names: Host names that the server accepts, beside those of loopback
    any_address: whether any IP address is accepted as Host, because it listens on all of them
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = (), *, any_address: bool = False) -> None:
        self._app = app
        self._names = {name.strip("[]").lower() for name in (*LOOPBACK, *names)}
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self._why_not(scope)
        if reason is None:
            await self._app(scope, receive, _unframed(send))
        elif scope["type"] == "http":
            await PlainTextResponse(f"{reason}\n", 403)(scope, receive, send)
        else:
            await _refuse_websocket(scope, send, reason)

    def _why_not(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        return (
            self._wrong_host(headers)
            or (_foreign(headers) if scope["type"] == "websocket" or scope["method"] not in SAFE else None)
            or (_wrong_request(scope, headers) if scope["type"] == "http" else None)
        )

    def _wrong_host(self, headers: Headers) -> str | None:
        hosts = headers.getlist("host")
        name = _split(hosts[0])[0] if len(hosts) == 1 else ""
        if name in self._names or (self._any_address and _is_address(name)):
            return None
        return (
            f"Refused: this server was asked for by the name {name!r}, which it does not know. If that name is yours, "
            "start it with `earshot ui --allow-host NAME`."
        )


def _foreign(headers: Headers) -> str | None:
    """Why a request of another site's page is refused: browsers send the page as Origin, programs send nothing."""
    site = headers.get("sec-fetch-site", "none").lower()
    origins = headers.getlist("origin")
    if site in ("none", "same-origin") and all(_same(origin, headers["host"]) for origin in origins):
        return None
    return (
        "Refused: this request comes from a page of another site, which may change nothing here. If it is a page of "
        "yours, open it under the same name and port as the UI; a proxy must pass the Host header on unchanged."
    )


def _wrong_request(scope: Scope, headers: Headers) -> str | None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] not in SAFE and kind not in PREFLIGHTED:
        return f"Refused: a body of the type {kind!r} changes nothing here. Send it as application/json."
    # Dagster executes mutations of a GET too, unless a person looks at the page.
    has_query = "query" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    accepts_html = "text/html" in headers.get("accept", "")
    if scope["method"] in SAFE and scope["path"].rstrip("/").endswith("/graphql") and has_query and not accepts_html:
        return "Refused: GraphQL is answered to a POST only. Send it as application/json."
    return None


def _same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        default = PORTS.get(parts.scheme)
        name, port = _split(host)
        return default is not None and (parts.hostname, parts.port or default) == (name, port or default)
    except ValueError:
        return False


def _split(host: str) -> tuple[str, int | None]:
    """Name and port of a Host header; an empty name if it is none."""
    found = _HOST.fullmatch(host.strip())
    if found is None:
        return "", None
    return found[1].strip("[]").lower(), int(found[2]) if found[2] else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _unframed(send: Send) -> Send:
    """Responses that no other page may show in a frame, where a click would count as the operator's."""

    async def send_unframed(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Frame-Options"] = "DENY"
        await send(message)

    return send_unframed


async def _refuse_websocket(scope: Scope, send: Send, reason: str) -> None:
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": f"{reason}\n".encode()})
