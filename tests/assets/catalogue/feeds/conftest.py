"""Fixtures: a site of feeds and files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assets.catalogue.feeds.site import Site, open_site


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened
