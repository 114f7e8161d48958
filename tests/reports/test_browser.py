"""The mail in a real browser: at the widths of a phone, a mail client and a desktop, everything fits and is there."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reports.compose import compose
from reports.drawing.logos import normalised
from reports.facts.report_facts import ReportFacts
from reports.rendering.preview import IndexEntry, write_index, write_preview
from reports.rendering.render import render
from tests.programs import program

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=4000",
    "--dump-dom",
]

# Measures the mail inside a frame of the width in question: Chromium's own windows do not get as narrow as a phone.
PAGE = """<!doctype html><iframe id="mail" src="{mail}" style="width:{width}px;height:4000px;border:0"></iframe>
<pre id="seen"></pre><script>
document.getElementById("mail").onload = (event) => {{
  const page = event.target.contentDocument;
  const pictures = [...page.images].map((image) => [image.naturalWidth, image.getBoundingClientRect().right]);
  document.getElementById("seen").textContent = JSON.stringify({{
    scroll: page.documentElement.scrollWidth, pictures, text: page.body.innerText.length,
  }});
}};
</script>"""


@pytest.fixture
def mail(facts: ReportFacts, tmp_path: Path) -> Path:
    """With two logos as wide as they get, which a phone has no room for side by side."""
    written = io.BytesIO()
    Image.new("RGB", (1440, 384), "#336699").save(written, "PNG")
    logo = normalised(written.getvalue())
    given = replace(facts, network_logo=logo, sponsor_logo=logo)
    return write_preview(tmp_path / "mail", render(compose(given)))


# Sets the filters of an index of previews, one row of values after the other, and notes which reports are left.
FILTERING = """<!doctype html><iframe id="index" src="{index}" style="width:900px;height:4000px;border:0"></iframe>
<pre id="seen"></pre><script>
document.getElementById("index").onload = (event) => {{
  const page = event.target.contentDocument;
  const left = {choices}.map((values) => {{
    ["words", "state", "cadence"].forEach((name, place) => page.getElementById(name).value = values[place]);
    page.getElementById("filters").dispatchEvent(new Event("input"));
    const articles = [...page.querySelectorAll("article")].filter((each) => each.checkVisibility());
    return articles.map((each) => each.querySelector("h3").textContent);
  }});
  document.getElementById("seen").textContent = JSON.stringify(left);
}};
</script>"""


def look_at(mail: Path, width: int, tmp_path: Path) -> dict[str, Any]:
    """What a browser sees of the mail in a frame of this width."""
    seen: dict[str, Any] = seen_on(PAGE.format(mail=mail.as_uri(), width=width), tmp_path)
    return seen


def seen_on(text: str, tmp_path: Path) -> Any:
    """What a page has noted of what it shows in its frame."""
    page = tmp_path / "page.html"
    page.write_text(text)
    command = [program("chromium", "chromium"), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    found = re.search(r'<pre id="seen">(.+?)</pre>', dom, re.DOTALL)
    assert found, "the page did not load"
    return json.loads(unescape(found[1]))


@pytest.mark.parametrize("locale", ["de_DE", "fr_FR", "es_ES", "pt_BR", "ja_JP"])
def test_the_tables_fit_a_phone_in_every_language(portfolio: ReportFacts, locale: str, tmp_path: Path) -> None:
    """Amounts and headings of some languages are far longer than the English ones."""
    seen = look_at(write_preview(tmp_path / "mail", render(compose(portfolio, locale))), 320, tmp_path)
    assert seen["scroll"] <= 320


@pytest.mark.parametrize("width", [320, 640, 1200])
def test_the_mail_fits_its_window_with_all_its_pictures(mail: Path, width: int, tmp_path: Path) -> None:
    seen = look_at(mail, width, tmp_path)
    assert seen["scroll"] <= width
    assert len(seen["pictures"]) == 4
    assert all(natural > 0 and right <= width for natural, right in seen["pictures"])
    assert seen["text"] > 1000


def test_the_index_of_previews_filters_by_words_state_and_cadence(tmp_path: Path) -> None:
    entries = [
        IndexEntry("one", "Spring", "Signal", "Acme", "Nov 9 – 15", "", note="2 accepted"),
        IndexEntry("two", "Autumn", "Signal", "Acme", "October", "", "held", "a check failed", cadence="monthly"),
        IndexEntry("three", "Winter", "Signal", "Kettle", "Nov 9 – 15", "", "waiting", report="1a2b3c4d"),
    ]
    index = write_index(tmp_path / "index", entries)
    expected = {
        ("", "", ""): ["Autumn", "Spring", "Winter"],
        ("acme nov", "", ""): ["Spring"],
        ("FAILED", "", ""): ["Autumn"],
        ("1a2b", "", ""): ["Winter"],
        ("", "sent", ""): ["Spring"],
        ("", "waiting for approval", ""): ["Winter"],
        ("", "", "monthly"): ["Autumn"],
        ("acme", "held", "weekly"): [],
    }
    found = seen_on(FILTERING.format(index=index.as_uri(), choices=json.dumps(list(expected))), tmp_path)
    assert dict(zip(expected, found, strict=True)) == expected
