"""Chart specifications: the look of the two charts, written in Altair and compiled to Vega once per colour and width.

Here: marks, axes and the one theme. Numbers and labels are left open: they come as named data sets and as parameters
(`last`, `top`, `day_ticks`, ...), because building and compiling a specification costs more than drawing it.
Not here: numbers (chart_data.py), conversion to pictures (charts.py).
"""

from __future__ import annotations

import json
from functools import lru_cache

import altair as alt
import vl_convert

from reports.drawing import colours
from reports.drawing.chart_sizes import LABEL_SHARE, LETTERS
from reports.drawing.fonts import FAMILY

BAR_STEP = 27
BAR_THICKNESS = 15
VALUE_ROOM = 56

# One brand colour per tenant and two widths; a night's reports of most networks fit.
KEPT = 512

Picture = alt.LayerChart | alt.FacetChart


@lru_cache(maxsize=KEPT)
def line_spec(accent: str, width: int, height: int, current: str, previous: str) -> str:
    """This period filled, the previous one dashed; previous is empty where there is none.

    data sets: current, previous, end (day, ads, series). parameters: last, top, day_ticks, day_labels, count_ticks,
    count_labels.
    """
    x = alt.X("day:Q", scale=_scale("last"), axis=_axis("day", grid=False))
    y = alt.Y("ads:Q", scale=_scale("top"), axis=_axis("count", grid=True))
    labels = [label for label in (current, previous) if label]
    tints = alt.Scale(domain=labels, range=[accent, colours.FAINT][: len(labels)])
    strokes = alt.Scale(domain=labels, range=[[1, 0], [4, 3]][: len(labels)])
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=420, symbolStrokeWidth=2.2, offset=8)
    series = alt.Color("series:N", scale=tints, sort=None, legend=legend)
    dashes = alt.StrokeDash("series:N", scale=strokes, sort=None)

    fill = colours.mixed_with_white(accent, 0.1)
    layers: list[alt.Chart] = [alt.Chart(alt.NamedData("current")).mark_area(color=fill).encode(x=x, y=y)]
    if previous:
        before = alt.Chart(alt.NamedData("previous")).mark_line(strokeWidth=1.4)
        layers.append(before.encode(x=x, y=y, color=series, strokeDash=dashes))
    now = alt.Chart(alt.NamedData("current")).mark_line(strokeWidth=2.2, strokeJoin="round")
    layers.append(now.encode(x=x, y=y, color=series, strokeDash=dashes))
    end = alt.Chart(alt.NamedData("end")).mark_point(size=46, filled=True, opacity=1, color=accent, stroke="white")
    layers.append(end.encode(x=x, y=y))
    names = ("last", "top", "day_ticks", "day_labels", "count_ticks", "count_labels")
    return _compiled(_themed(alt.layer(*layers).properties(height=height), width), names)


@lru_cache(maxsize=KEPT)
def bars_spec(width: int) -> str:
    """Bars in groups under headings, one scale for all, each with its value behind it.

    data sets: bars (row, label, value, text, tint), headings (row, label). parameters: rows, largest.
    """
    order = alt.Scale(domain=alt.ExprRef("rows"), paddingInner=0, paddingOuter=0)
    y = alt.Y("row:O", axis=None, scale=order)
    span = [round(width * LABEL_SHARE), width - VALUE_ROOM]
    x = alt.X("value:Q", axis=None, scale=_scale("largest", span))
    bars, headings = alt.Chart(alt.NamedData("bars")), alt.Chart(alt.NamedData("headings"))
    left = alt.value(0)
    layers = (
        bars.mark_bar(height=BAR_THICKNESS, cornerRadius=2.5).encode(x=x, y=y, color=alt.Color("tint:N", scale=None)),
        bars.mark_text(align="left", color=colours.INK).encode(x=left, y=y, text="label:N"),
        bars.mark_text(align="left", dx=7, fontWeight=600, color=colours.INK).encode(x=x, y=y, text="text:N"),
        headings.mark_text(align="left", dy=3, fontWeight=600, color=colours.MUTED).encode(x=left, y=y, text="label:N"),
    )
    return _compiled(_themed(alt.layer(*layers).properties(height=alt.Step(BAR_STEP)), width), ("rows", "largest"))


def _scale(top: str, span: list[int] | None = None) -> alt.Scale:
    if span is None:
        return alt.Scale(domain=[0, alt.ExprRef(top)], nice=False)
    return alt.Scale(domain=[0, alt.ExprRef(top)], range=span, nice=False)


def _axis(name: str, *, grid: bool) -> alt.Axis:
    """An axis with exactly the given ticks and labels: the chart engine formats nothing."""
    return alt.Axis(
        values=alt.ExprRef(f"{name}_ticks"),
        labelExpr=f"{name}_labels[datum.value]",
        title=None,
        grid=grid,
        ticks=False,
        domain=not grid,
        labelPadding=8,
        labelOverlap=False,
        labelBound=False,
        labelFlush=not grid,
    )


def _compiled(chart: Picture, parameters: tuple[str, ...]) -> str:
    """The Vega specification as JSON, with its parameters as signals that have no value yet."""
    spec = chart.to_dict(validate=False)
    spec["params"] = [{"name": name, "value": None} for name in parameters]
    return json.dumps(vl_convert.vegalite_to_vega(spec))


def _themed(chart: Picture, width: int) -> Picture:
    """The one theme: Inter, quiet grid, opaque paper, exactly this wide."""
    themed: Picture = (
        chart.properties(
            width=width,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            padding={"left": 2, "right": 2, "top": 4, "bottom": 4},
            background=colours.PAPER,
        )
        .configure(font=FAMILY)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=colours.MUTED,
            labelFontSize=LETTERS,
            labelFont=FAMILY,
            gridColor=colours.LINE,
            domainColor=colours.AXIS,
        )
        .configure_text(font=FAMILY, fontSize=LETTERS, baseline="middle")
        .configure_legend(labelFontSize=LETTERS, labelColor=colours.INK, labelFont=FAMILY, columnPadding=28)
    )
    return themed
