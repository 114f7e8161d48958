"""Unwrapping: the address of a file itself, where services that count requests stand before it.

Here: prefix services by their hosts (prefixes.json), and the path under which a file's own server is asked for it.
Not here: what a request in a log may mean (assets/importing/paths.py), which looks behind any host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import SplitResult, unquote, urlsplit

from assets.importing.paths import is_host

# Publishers chain two or three; a chain of more leads in a circle.
MOST_SERVICES = 10

_SCHEMES = ("http:", "https:")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The address of a file itself, and the services that stood before it, outermost first."""

    url: str
    services: tuple[str, ...]

    @property
    def path(self) -> str:
        """The path under which the file's own server is asked for it, as spelt; "" where it has none."""
        path = _parts(self.url).path
        return path if path.strip("/") else ""

    @property
    def host(self) -> str:
        return _parts(self.url).hostname or ""


@cache
def prefix_services() -> Mapping[str, str]:
    """The name of each service by its host."""
    text = (resources.files("assets") / "catalogue" / "feeds" / "prefixes.json").read_text("utf-8")
    return {host: service["name"] for service in json.loads(text)["services"] for host in service["hosts"]}


def unwrap(url: str) -> Unwrapped:
    """The address without the prefix services before it. What is no address of theirs stays as it is.

    The query stays: it belongs to the file. Without a scheme of its own the file has that of the service.
    """
    services: list[str] = []
    while len(services) < MOST_SERVICES:
        inner = _behind(url)
        if inner is None:
            break
        service, url = inner
        services.append(service)
    return Unwrapped(url, tuple(services))


def service_of(host: str) -> str | None:
    """The prefix service that a host belongs to."""
    labels = host.lower().rstrip(".").split(".")
    services = prefix_services()
    return next((services[name] for at in range(len(labels)) if (name := ".".join(labels[at:])) in services), None)


def _behind(url: str) -> tuple[str, str] | None:
    """The service that the address is one of, and the address that it leads to; None where there is none."""
    parts = _parts(url)
    service = service_of(parts.hostname or "")
    if service is None:
        return None
    segments = parts.path.split("/")
    for place, segment in enumerate(segments):
        if "%3a%2f%2f" in segment.lower():  # a whole address, escaped
            segments[place:] = unquote("/".join(segments[place:])).split("/")
            segment = segments[place]
        if segment.lower() in _SCHEMES and len(segments) > place + 2:
            scheme, rest = segment[:-1].lower(), segments[place + (2 if segments[place + 1] == "" else 1) :]
            return service, _spelt(scheme, rest, parts.query)
        # The last part is a file, whatever it looks like.
        if is_host(unquote(segment)) and place < len(segments) - 1:
            return service, _spelt(parts.scheme, segments[place:], parts.query)
    return None


def _parts(url: str) -> SplitResult:
    """The parts of an address; none of what is no address."""
    try:
        found = urlsplit(url)
        return found if found.hostname and found.port != 0 else urlsplit("")
    except ValueError:  # brackets that do not close, a port that is no number
        return urlsplit("")


def _spelt(scheme: str, segments: list[str], query: str) -> str:
    address = f"{scheme}://{'/'.join(segments)}"
    return f"{address}?{query}" if query else address
