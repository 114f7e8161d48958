"""Charts: the pictures of a report, as SVG for the PDF and as PNG for the mail.

Here: a specification filled with numbers, conversion without a browser, recompression, the refusal of an empty picture.
Not here: how a chart looks (chart_specs.py), what its numbers are (chart_data.py); every label arrives formatted.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from PIL import Image

from reports.content.report import Bar, BarChart, LineChart
from reports.drawing import colours
from reports.drawing.chart_sizes import LETTERS, label_room
from reports.drawing.fonts import FontRegistry
from sql.safety.characters import one_line
from sql.values import PermanentError

# The mail shows charts 576 px wide. Drawn 480 wide and shown larger, 12 px letters stay readable on a 360 px phone.
MAIL_WIDTH = 576
MAIL_DRAWN = 480
MAIL_LINE = (MAIL_DRAWN, 190)
PDF_DRAWN = 640
PDF_LINE = (PDF_DRAWN, 270)
PIXEL_DENSITY = 2

# 64 colours keep anti-aliased letters smooth; level 6 is within 7 % of the smallest file at a sixth of the time.
PNG_COLOURS = 64
PNG_LEVEL = 6

Rows = list[dict[str, Any]]


class ChartError(PermanentError):
    """A chart that could not be drawn, or came out empty. The report fails with it."""


def line_svg(chart: LineChart, accent: str, size: tuple[int, int]) -> str:
    """Ads delivered per day: this period filled, the previous one dashed."""
    current = _points(chart.current, chart.current_label)
    parameters = {
        "last": max(len(chart.current), len(chart.previous), 2) - 1,
        "top": chart.count_ticks[-1][0],
        **_ticks("day", chart.day_ticks),
        **_ticks("count", chart.count_ticks),
    }
    data = {"current": current, "previous": _points(chart.previous, chart.previous_label), "end": current[-1:]}
    # Altair takes a second to load: only who draws waits for it.
    from reports.drawing.chart_specs import line_spec

    return _svg(line_spec(accent, *size, chart.current_label, chart.previous_label), data, parameters)


def bars_svg(chart: BarChart, accent: str, width: int, fonts: FontRegistry) -> str:
    """Conversions as bars in groups; one scale for all groups, the largest bar of each in the full colour."""
    from reports.drawing.chart_specs import bars_spec

    bars, headings = _bar_rows(chart, accent, fonts, label_room(width))
    parameters = {
        "rows": list(range(len(bars) + len(headings))),
        "largest": max(bar.value for group in chart.groups for bar in group.bars),
    }
    return _svg(bars_spec(width), {"bars": bars, "headings": headings}, parameters)


def png(svg: str) -> bytes:
    """The picture for the mail: twice the shown size, opaque, recompressed, never empty."""
    try:
        drawn = vl_convert.svg_to_png(svg, scale=PIXEL_DENSITY * MAIL_WIDTH / MAIL_DRAWN)
    except ValueError as error:
        raise ChartError(f"a chart could not be turned into a picture: {error}") from error
    with Image.open(io.BytesIO(drawn)) as opened:
        picture = opened.convert("RGB")
    packed = io.BytesIO()
    _in_few_colours(picture).save(packed, "PNG", compress_level=PNG_LEVEL)
    return packed.getvalue()


@cache
def use_fonts(folders: tuple[Path, ...]) -> None:
    """Register the folders with the chart engine, once per process."""
    for folder in folders:
        vl_convert.register_font_directory(str(folder))


def _in_few_colours(picture: Image.Image) -> Image.Image:
    """The picture with a palette. The octree makes white a shade too dark, so the background is set back to white."""
    few = picture.quantize(PNG_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    _refuse_empty(few)
    palette = few.getpalette() or []
    background = few.getpixel((0, 0))
    if isinstance(background, int):
        palette[3 * background : 3 * background + 3] = [255, 255, 255]
    few.putpalette(palette)
    return few


def _refuse_empty(picture: Image.Image) -> None:
    """A picture with next to nothing but background on it is a failure that looks like success."""
    counts = picture.histogram()
    if sum(count > 0 for count in counts) < 3 or max(counts) > 0.998 * picture.width * picture.height:
        raise ChartError("a chart came out empty: check that the fonts are readable and that the report has numbers")


def _svg(spec: str, data: dict[str, Rows], parameters: dict[str, Any]) -> str:
    filled = json.loads(spec)
    for source in filled["data"]:
        if source["name"] in data:
            source["values"] = data[source["name"]]
    for signal in filled["signals"]:
        if signal["name"] in parameters:
            signal["value"] = parameters[signal["name"]]
    try:
        return str(vl_convert.vega_to_svg(filled))
    except ValueError as error:
        raise ChartError(f"a chart could not be drawn: {error}") from error


def _points(counts: Iterable[int], series: str) -> Rows:
    return [{"day": day, "ads": ads, "series": series} for day, ads in enumerate(counts)]


def _ticks(name: str, ticks: tuple[tuple[int, str], ...]) -> dict[str, Any]:
    return {
        f"{name}_ticks": [position for position, _ in ticks],
        f"{name}_labels": {str(position): label for position, label in ticks},
    }


def _bar_rows(chart: BarChart, accent: str, fonts: FontRegistry, room: float) -> tuple[Rows, Rows]:
    """Bars and headings with their rows from top to bottom; headings are left out where there is only one group."""
    bars: Rows = []
    headings: Rows = []
    for group in chart.groups:
        if len(chart.groups) > 1:
            headings.append({"row": len(bars) + len(headings), "label": one_line(group.heading)})
        for index, bar in enumerate(group.bars):
            tint = _tint(bar, accent, first=index == 0)
            label = fonts.fitted(one_line(bar.label), LETTERS, room)
            row = len(bars) + len(headings)
            bars.append({"row": row, "label": label, "value": bar.value, "text": one_line(bar.text), "tint": tint})
    return bars, headings


def _tint(bar: Bar, accent: str, *, first: bool) -> str:
    if bar.folded:
        return colours.mixed_with_white(colours.FAINT, 0.6)
    return accent if first else colours.mixed_with_white(accent, 0.72)
