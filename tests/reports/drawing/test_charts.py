"""Charts as pictures: nothing cut off, letters and lines that a phone shows, the same bytes on every machine."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops
from pypdf import PdfReader

from reports.compose import compose
from reports.content.report import Bar, BarChart, ReportContent
from reports.drawing import charts, colours
from reports.drawing.charts import ChartError, pictures, recompressed
from reports.drawing.fonts import BUNDLED, FAMILY, font_registry
from reports.drawing.typesetting import typeset
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import render

ROOT = Path(__file__).parents[3]
ACCENTS = ("#2d5be3", "#000000", "#067a46", "#e3a72d", "#ff0000")
LARGE = ("17,900,000", "12,345.6", "$123,456,789.00", "9")


def drawn(content: ReportContent) -> dict[str, bytes]:
    assert content.line is not None
    assert content.bars is not None
    return pictures(
        {"line": content.line, "bars": content.bars}, content.header.accent, font_registry(), "a test report"
    )


def large_bars() -> BarChart:
    name = "What forty years of small decisions, none of them wrong by itself, did to an ordinary payroll system"
    bars = (Bar(name, 10.0 / place, text, "$3,210.40 spent") for place, text in enumerate(LARGE, start=1))
    return BarChart("Conversions by show", tuple(bars), "")


def as_pages(*shown: charts.Chart) -> PdfReader:
    """What the mail's pictures are made of, as pages whose letters can be read."""
    inputs = {
        "width": charts.MAIL_WIDTH,
        "families": [FAMILY],
        "language": "en",
        "look": charts.look("#2d5be3", charts.MAIL_LETTERS, charts.MAIL_PANEL),
        "charts": [asdict(chart) for chart in shown],
    }
    pages = typeset(charts.TEMPLATE, {"pictures": inputs}, font_registry(), "a test picture")
    return PdfReader(io.BytesIO(pages[0]))


def test_large_numbers_keep_every_digit() -> None:
    text = as_pages(large_bars()).pages[0].extract_text().splitlines()
    assert [line for line in LARGE if not any(line in found for found in text)] == []


def test_no_ink_reaches_the_edge_where_it_would_be_cut(content: ReportContent) -> None:
    wide = replace(content, bars=large_bars())
    for picture in drawn(wide).values():
        with Image.open(io.BytesIO(picture)) as opened:
            image = opened.convert("RGB")
        ink = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
        assert ink is not None
        left, top, right, bottom = ink
        assert left >= 1
        assert top >= 1
        assert right <= image.width - 1
        assert bottom <= image.height - 1


def test_letters_have_eleven_pixels_on_a_phone(content: ReportContent) -> None:
    assert content.line is not None
    sizes = []

    def visit(text: str, _matrix: Any, _text_matrix: Any, _font: Any, size: float) -> None:
        if text.strip():
            sizes.append(size)

    for page in as_pages(content.line, large_bars()).pages:
        page.extract_text(visitor_text=visit)
    assert len(sizes) > 10
    assert min(sizes) * 320 / charts.MAIL_WIDTH >= 11


@pytest.mark.parametrize("text", ["INK", "MUTED", "GOOD", "BAD", "WARNING_TEXT"])
def test_text_can_be_read_on_paper_and_panels(text: str) -> None:
    for ground in (colours.PAPER, colours.PANEL, colours.GROUND):
        assert colours.contrast(getattr(colours, text), ground) >= 4.5


@pytest.mark.parametrize("accent", ["#ffd400", "#2d5be3", "#00ff88"])
def test_a_button_can_be_read_in_any_colour_of_a_brand(accent: str) -> None:
    assert colours.contrast(colours.readable_under_white(colours.visible_on_white(accent)), "#ffffff") >= 4.5


@pytest.mark.parametrize("accent", ACCENTS)
def test_lines_and_bars_have_contrast_enough(accent: str) -> None:
    parts = charts.look(colours.visible_on_white(accent), 17, 150)["colours"]
    for part in ("accent", "previous", "rest"):
        assert colours.contrast(parts[part], "#ffffff") >= 3
    assert colours.contrast(parts["previous"], parts["area"]) >= 3


def test_pictures_are_opaque_twice_the_size_and_not_blank(content: ReportContent) -> None:
    for body in drawn(content).values():
        assert len(body) < 60_000
        with Image.open(io.BytesIO(body)) as picture:
            assert picture.width == 2 * charts.MAIL_WIDTH
            assert "transparency" not in picture.info
            corners = [(0, 0), (picture.width - 1, 0), (0, picture.height - 1), (picture.width - 1, picture.height - 1)]
            assert {picture.convert("RGB").getpixel(corner) for corner in corners} == {(255, 255, 255)}
            assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 8


def test_a_blank_picture_fails_the_report() -> None:
    blank = io.BytesIO()
    Image.new("RGB", (880, 200), "white").save(blank, "PNG")
    with pytest.raises(ChartError, match="empty"):
        recompressed(blank.getvalue())


def misleading_fonts(home: Path) -> None:
    """A home in which the system's Inter has its letters in another order, and fontconfig knows of it."""
    folder = home / ".fonts"
    folder.mkdir(parents=True)
    for path in BUNDLED.glob("*.otf"):
        with TTFont(path) as font:
            tables: Any = font["cmap"]
            for table in tables.tables:
                table.cmap |= {code: table.cmap[ord("W")] for code in range(ord("a"), ord("z"))}
            font.save(folder / path.name)
    (home / "fonts.conf").write_text(f"<fontconfig><dir>{folder}</dir></fontconfig>")


PROGRAM = """
import pickle, sys
from reports.rendering.render import render
for file in render(pickle.load(sys.stdin.buffer)):
    print(file.name, file.sha256)
"""


def test_the_fonts_of_a_machine_change_no_byte(content: ReportContent, tmp_path: Path) -> None:
    misleading_fonts(tmp_path)
    environment = {
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path),
        "FONTCONFIG_FILE": str(tmp_path / "fonts.conf"),
        "TYPST_FONT_PATHS": str(tmp_path / ".fonts"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=pickle.dumps(content), env=environment, capture_output=True, check=True)
    there = dict(line.split() for line in done.stdout.decode().splitlines())
    assert there == {file.name: file.sha256 for file in render(content)}


def test_a_portfolio_has_its_pictures_too(portfolio: ReportFacts) -> None:
    assert set(drawn(compose(portfolio))) == {"line", "bars"}
