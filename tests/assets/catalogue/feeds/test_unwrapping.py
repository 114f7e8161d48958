"""The address of a file itself, behind any chain of services that count requests."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.catalogue.feeds.unwrapping import MOST_SERVICES, prefix_services, service_of, unwrap

SERVICES: list[dict[str, Any]] = json.loads(
    (resources.files("assets") / "catalogue" / "feeds" / "prefixes.json").read_text("utf-8")
)["services"]
INNER = "media.example.com/a/1.mp3"
# What stands before the file in each example.
PREFIXES = [service["example"].removesuffix(INNER) for service in SERVICES]

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
HOST = st.builds(lambda name, top: f"{name}.{top}", LABEL, st.sampled_from(["com", "fm", "co.uk", "example"])).filter(
    lambda host: service_of(host) is None
)
SEGMENT = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_%~+", min_size=1, max_size=10)
QUERY = st.text("abc019=&%._-", max_size=12)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    path = "/".join([*draw(st.lists(SEGMENT, max_size=3)), f"{draw(SEGMENT)}.mp3"])
    query = draw(QUERY)
    return f"https://{draw(HOST)}/{path}" + (f"?{query}" if query else "")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service["name"])
def test_each_service_on_the_list_is_taken_away(service: dict[str, Any]) -> None:
    found = unwrap(service["example"])
    assert (found.url, found.services) == (f"https://{INNER}", (service["name"],))
    assert (found.host, found.path) == ("media.example.com", "/a/1.mp3")


@settings(max_examples=50, deadline=None)
@given(addresses(), st.lists(st.sampled_from(PREFIXES), max_size=MOST_SERVICES - 1))
def test_a_chain_of_services_leaves_the_address_behind_it(address: str, chain: list[str]) -> None:
    wrapped = address
    for prefix in chain:
        wrapped = prefix + wrapped.removeprefix("https://")
    found = unwrap(wrapped)
    assert found.url == address
    assert len(found.services) == len(chain)
    assert unwrap(found.url).services == ()


@settings(max_examples=50, deadline=None)
@given(addresses(), st.sampled_from(PREFIXES), st.sampled_from(["http://", "https://", "http:/", "HTTP://"]))
def test_a_scheme_inside_the_path_is_that_of_the_file(address: str, prefix: str, scheme: str) -> None:
    inner = address.removeprefix("https://")
    expected = f"{scheme.partition(':')[0].lower()}://{inner}"
    assert unwrap(f"{prefix}{scheme}{inner}").url == expected


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", *PREFIXES]))
def test_any_text_is_taken_and_unwrapped_once_for_all(text: str, prefix: str) -> None:
    once = unwrap(prefix + text)
    assert len(once.services) <= MOST_SERVICES
    if len(once.services) < MOST_SERVICES:
        assert unwrap(once.url).url == once.url
    assert once.path == "" or once.path.startswith("/")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        # Podtrac's own word for a file ends like a host.
        ("https://www.podtrac.com/pts/redirect.mp3/a.example.com/x.mp3", "https://a.example.com/x.mp3"),
        ("https://op3.dev/e/https%3A%2F%2Fa.example.com%2Fx%20y.mp3", "https://a.example.com/x y.mp3"),
        ("https://op3.dev/e/m%C3%A9dias.example/x.mp3", "https://m%C3%A9dias.example/x.mp3"),
        ("https://pdst.fm/e/198.51.100.4:8443/x.mp3", "https://198.51.100.4:8443/x.mp3"),
        ("https://DTS.PODTRAC.COM/redirect.mp3/A.example.com/x.mp3?b=c", "https://A.example.com/x.mp3?b=c"),
        ("https://op3.dev/e/a.example.com:8080/x.mp3", "https://a.example.com:8080/x.mp3"),
        # The service's own files, and hosts that are no services.
        ("https://www.podtrac.com/about/x.mp3", "https://www.podtrac.com/about/x.mp3"),
        ("https://op3.dev/e/example.com", "https://op3.dev/e/example.com"),
        ("https://content.blubrry.com/show/x.mp3", "https://content.blubrry.com/show/x.mp3"),
        ("https://notop3.dev/e/a.example.com/x.mp3", "https://notop3.dev/e/a.example.com/x.mp3"),
        ("https://[::1/x.mp3", "https://[::1/x.mp3"),
        ("", ""),
    ],
)
def test_what_belongs_to_no_service_stays(address: str, url: str) -> None:
    assert unwrap(address).url == url


def test_a_circle_of_services_ends() -> None:
    assert len(unwrap("https://op3.dev/e/" + "op3.dev/e/" * 50 + INNER).services) == MOST_SERVICES


def test_no_host_of_the_list_stands_twice_or_within_another() -> None:
    hosts = [host for service in SERVICES for host in service["hosts"]]
    assert len(hosts) == len(set(hosts)) == len(prefix_services())
    assert [host for host in hosts if any(host.endswith(f".{other}") for other in hosts)] == []
