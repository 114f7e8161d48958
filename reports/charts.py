"""Charts: Vega-Lite pictures of a report, as SVG for the PDF and as PNG for the mail, in one theme.

Here: specifications, conversion without a browser, recompression, and the refusal of an empty picture.
Not here: what the numbers are and how they are labelled (figures.py); every label arrives formatted.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert
from PIL import Image

from reports import colours
from reports.content import Bar, BarChart, LineChart
from reports.fonts import FAMILY, FontShelf
from sql.values import PermanentError

# The mail shows charts 576 px wide. Drawn 480 wide and shown larger, 12 px letters stay readable on a 360 px phone.
MAIL_WIDTH = 576
MAIL_DRAWN = 480
PDF_DRAWN = 640
PIXEL_DENSITY = 2

LETTERS = 12
LINE_HEIGHT = 190
BAR_STEP = 27
BAR_THICKNESS = 15
LABEL_SHARE = 0.38
VALUE_ROOM = 56

# 64 colours keep anti-aliased letters smooth; a chart of 290 KB becomes a tenth.
PNG_COLOURS = 64


# What altair makes of layers.
Picture = alt.LayerChart | alt.FacetChart


class ChartError(PermanentError):
    """A chart that could not be drawn, or came out empty. The report fails with it."""


def line_svg(chart: LineChart, accent: str, width: int) -> str:
    """Ads delivered per day: this period filled, the previous one dashed."""
    return _svg(_line(chart, accent, width))


def bars_svg(chart: BarChart, accent: str, width: int, shelf: FontShelf) -> str:
    """Conversions as bars in groups; one scale for all groups, the largest bar of each in the full colour."""
    return _svg(_bars(chart, accent, width, shelf))


def png(svg: str) -> bytes:
    """The picture for the mail: twice the shown size, opaque, recompressed, never empty."""
    try:
        drawn = vl_convert.svg_to_png(svg, scale=PIXEL_DENSITY * MAIL_WIDTH / MAIL_DRAWN)
    except ValueError as error:
        raise ChartError(f"a chart could not be turned into a picture: {error}") from error
    with Image.open(io.BytesIO(drawn)) as opened:
        picture = Image.new("RGB", opened.size, colours.PAPER)
        picture.paste(opened, mask=opened.getchannel("A") if opened.mode == "RGBA" else None)
    _refuse_empty(picture)
    packed = io.BytesIO()
    palette = picture.quantize(PNG_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def shown_height(body: bytes) -> int:
    """The height attribute of a mail picture that is shown MAIL_WIDTH wide."""
    with Image.open(io.BytesIO(body)) as picture:
        return round(picture.height * MAIL_WIDTH / picture.width)


@cache
def use_fonts(folders: tuple[Path, ...]) -> None:
    """Tell the chart engine about the shelf, once per process."""
    for folder in folders:
        vl_convert.register_font_directory(str(folder))


def _refuse_empty(picture: Image.Image) -> None:
    """A picture with next to nothing but background on it is a failure that looks like success."""
    tones = picture.getcolors(maxcolors=picture.width * picture.height) or []
    background = max((count for count, _ in tones), default=0)
    if len(tones) < 3 or background > 0.998 * picture.width * picture.height:
        raise ChartError("a chart came out empty: check that the fonts are readable and that the report has numbers")


def _svg(chart: Picture) -> str:
    try:
        return str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))
    except ValueError as error:
        raise ChartError(f"a chart could not be drawn: {error}") from error


def _line(chart: LineChart, accent: str, width: int) -> Picture:
    days = max(len(chart.current), len(chart.previous), 2)
    top = chart.count_ticks[-1][0]
    x = alt.X("day:Q", scale=alt.Scale(domain=[0, days - 1], nice=False), axis=_axis(chart.day_ticks, grid=False))
    y = alt.Y("ads:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=_axis(chart.count_ticks, grid=True))
    labels = [label for label in (chart.current_label, chart.previous_label) if label]
    tints = [accent, colours.FAINT][: len(labels)]
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=420, symbolStrokeWidth=2.2, offset=8)
    series = alt.Color("series:N", scale=alt.Scale(domain=labels, range=tints), sort=None, legend=legend)
    dashes = alt.StrokeDash(
        "series:N", scale=alt.Scale(domain=labels, range=[[1, 0], [4, 3]][: len(labels)]), sort=None
    )
    current = _points(chart.current, chart.current_label)
    layers: list[alt.Chart] = [
        alt.Chart(_data(current)).mark_area(color=colours.mixed_with_white(accent, 0.1)).encode(x=x, y=y)
    ]
    if chart.previous_label:
        before = _data(_points(chart.previous, chart.previous_label))
        layers.append(alt.Chart(before).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=series, strokeDash=dashes))
    layers.append(
        alt.Chart(_data(current)).mark_line(strokeWidth=2.2).encode(x=x, y=y, color=series, strokeDash=dashes)
    )
    end = alt.Chart(_data(current[-1:])).mark_point(size=46, filled=True, opacity=1, color=accent, stroke="white")
    layers.append(end.encode(x=x, y=y))
    return _themed(alt.layer(*layers).properties(width=width - 4, height=LINE_HEIGHT), width)


def _points(counts: Iterable[int], series: str) -> list[dict[str, Any]]:
    return [{"day": day, "ads": ads, "series": series} for day, ads in enumerate(counts)]


def _axis(ticks: tuple[tuple[int, str], ...], *, grid: bool) -> alt.Axis:
    """An axis with exactly these ticks and these labels: nothing is formatted here or depends on a clock."""
    labels = json.dumps({str(position): label for position, label in ticks})
    return alt.Axis(
        values=[position for position, _ in ticks],
        labelExpr=f"{labels}[datum.value]",
        title=None,
        grid=grid,
        ticks=False,
        domain=not grid,
        labelPadding=8,
        labelOverlap=False,
        labelBound=False,
        labelFlush=not grid,
    )


def _bars(chart: BarChart, accent: str, width: int, shelf: FontShelf) -> Picture:
    rows = _bar_rows(chart, accent, shelf, room=width * LABEL_SHARE - 12)
    largest = max(bar.value for group in chart.groups for bar in group.bars)
    order = alt.Scale(domain=list(range(len(rows))), paddingInner=0, paddingOuter=0)
    y = alt.Y("row:O", axis=None, scale=order)
    reach = [round(width * LABEL_SHARE), width - VALUE_ROOM]
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, largest], range=reach, nice=False))
    tint = alt.Color("tint:N", scale=None)
    bars = alt.Chart(_data([row for row in rows if row["kind"] == "bar"]))
    headings = alt.Chart(_data([row for row in rows if row["kind"] == "heading"]))
    layers = [
        bars.mark_bar(height=BAR_THICKNESS, cornerRadius=2.5).encode(x=x, y=y, color=tint),
        bars.mark_text(align="left", color=colours.INK).encode(x=alt.value(0), y=y, text="label:N"),
        bars.mark_text(align="left", dx=7, fontWeight=600, color=colours.INK).encode(x=x, y=y, text="text:N"),
        headings.mark_text(align="left", dy=3, fontWeight=600, color=colours.MUTED).encode(
            x=alt.value(0), y=y, text="label:N"
        ),
    ]
    return _themed(alt.layer(*layers).properties(width=width, height=alt.Step(BAR_STEP)), width)


def _bar_rows(chart: BarChart, accent: str, shelf: FontShelf, room: float) -> list[dict[str, Any]]:
    """Headings and bars from top to bottom; a heading is left out where there is only one group."""
    rows: list[dict[str, Any]] = []
    for group in chart.groups:
        if len(chart.groups) > 1:
            rows.append({"kind": "heading", "label": group.heading})
        for index, bar in enumerate(group.bars):
            label = shelf.fitted(bar.label, LETTERS, room)
            tint = _tint(bar, accent, first=index == 0)
            rows.append({"kind": "bar", "label": label, "value": bar.value, "text": bar.text, "tint": tint})
    for number, row in enumerate(rows):
        row["row"] = number
    return rows


def _tint(bar: Bar, accent: str, *, first: bool) -> str:
    if bar.folded:
        return colours.mixed_with_white(colours.FAINT, 0.6)
    return accent if first else colours.mixed_with_white(accent, 0.72)


def _data(rows: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=rows)


def _themed(chart: Picture, width: int) -> Picture:
    """The one theme: Inter, quiet grid, opaque paper, exactly this wide."""
    sized = chart.properties(
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 2, "right": 2, "top": 4, "bottom": 4},
        background=colours.PAPER,
    ).properties(width=width)
    themed: Picture = (
        sized.configure(font=FAMILY)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=colours.MUTED,
            labelFontSize=LETTERS,
            gridColor=colours.LINE,
            domainColor="#cfd4dd",
            labelFont=FAMILY,
        )
        .configure_text(font=FAMILY, fontSize=LETTERS, baseline="middle")
        .configure_legend(labelFontSize=LETTERS, labelColor=colours.INK, labelFont=FAMILY, columnPadding=28)
    )
    return themed
