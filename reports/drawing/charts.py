"""Charts: the pictures of a report, as PNG for the mail and as drawing instructions for the PDF.

Here: which data and colours a drawing gets, the mail's pictures, recompression, the refusal of an empty picture.
Not here: how a chart looks (charts.typ), what its numbers are (chart_data.py); every label arrives formatted.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from reports.content.report import BarChart, LineChart
from reports.drawing import colours
from reports.drawing.fonts import FontRegistry
from reports.drawing.typesetting import typeset
from sql.values import PermanentError

# Shown 440 px wide where there is room. A phone of 320 px shows them at two thirds, where letters of 17 have 11 px.
MAIL_WIDTH = 440
MAIL_LETTERS = 17
MAIL_PANEL = 116
PDF_LETTERS = 8
PDF_PANEL = 105
PIXEL_DENSITY = 2

# 64 colours keep anti-aliased letters smooth; level 3 is within a quarter of the smallest file at a tenth of the time.
PNG_COLOURS = 64
PNG_LEVEL = 3

TEMPLATE = Path(__file__).parent / "pictures.typ"

Chart = LineChart | BarChart


class ChartError(PermanentError):
    """A chart that came out empty. The report fails with it."""


def pictures(
    charts: Mapping[str, Chart], accent: str, fonts: FontRegistry, what: str, language: str = "en"
) -> dict[str, bytes]:
    """The mail's pictures by the names of their charts: twice the shown size, opaque, recompressed, never empty."""
    if not charts:
        return {}
    drawn = [asdict(chart) for chart in charts.values()]
    inputs = {
        "width": MAIL_WIDTH,
        "families": fonts.families(json.dumps(drawn, ensure_ascii=False), language),
        "language": language,
        "look": look(accent, MAIL_LETTERS, MAIL_PANEL),
        "charts": drawn,
    }
    pages = typeset(TEMPLATE, {"pictures": inputs}, fonts, f"the pictures of {what}", "png", density=PIXEL_DENSITY)
    return {name: recompressed(page) for name, page in zip(charts, pages, strict=True)}


def look(accent: str, letters: int, panel: int) -> dict[str, Any]:
    """Sizes in points and colours of a chart, as charts.typ takes them."""
    return {
        "letters": letters,
        "height": panel,
        "colours": {
            "accent": accent,
            "area": colours.mixed_with_white(accent, 0.1),
            "previous": colours.FAINT,
            "rest": colours.FAINT,
            "track": colours.GROUND,
            "ink": colours.INK,
            "muted": colours.MUTED,
            "line": colours.LINE,
            "axis": colours.AXIS,
        },
    }


def recompressed(png: bytes) -> bytes:
    """The same picture with a palette, a third of the size. Raises ChartError for an empty one.

    The octree makes white a shade too dark, so the background is set back to white.
    """
    with Image.open(io.BytesIO(png)) as opened:
        few = opened.convert("RGB").quantize(PNG_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    _refuse_empty(few)
    palette = few.getpalette() or []
    background = few.getpixel((0, 0))
    if isinstance(background, int):
        palette[3 * background : 3 * background + 3] = [255, 255, 255]
    few.putpalette(palette)
    packed = io.BytesIO()
    few.save(packed, "PNG", compress_level=PNG_LEVEL)
    return packed.getvalue()


def _refuse_empty(picture: Image.Image) -> None:
    """A picture with next to nothing but background on it is a failure that looks like success."""
    counts = picture.histogram()
    if sum(count > 0 for count in counts) < 3 or max(counts) > 0.998 * picture.width * picture.height:
        raise ChartError("a chart came out empty: check that the fonts are readable and that the report has numbers")
