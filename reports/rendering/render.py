"""Render: from frozen content to the files of a report: HTML mail, text twin, PDF, CSV and the mail's pictures.

Here: templates, inlined styles, the pictures' ids, and the order in which everything is made.
Not here: numbers and sentences (compose.py), chart pictures (charts.py), pages (pdf.py), sending (delivery).
A part that fails, fails the report: nothing is returned unless everything was made.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import css_inline
import jinja2
from markupsafe import Markup, escape

from reports.content.report import BarChart, LineChart, ReportContent
from reports.content.tables.data_tables import data_tables
from reports.delivery.addresses import header_text
from reports.drawing import charts, colours
from reports.drawing.fonts import MARK, FontRegistry, font_registry
from reports.rendering.csv import zip_file
from reports.rendering.pdf import language_of, pdf_file
from reports.rendering.shortening import STEPS, shortened
from reports.wording.catalogues import message, parse_locale, sayer
from reports.wording.isolation import FIRST_STRONG, printed

TEMPLATES = Path(__file__).parent / "templates"

# Gmail cuts a mail off at 102 KB; the rest is room for what relays add.
LARGEST_HTML = 80_000

# On styles that stay in the head.
NOT_INLINED = ' data-css-inline="ignore"'

# Columns that a narrow phone does without; the PDF and the CSV have them.
NARROW_DROPS = (message("Aired"), message("Spend"))

# So many characters without a glyph are named in a note.
MOST_NAMED = 8

# Names pictures and nothing else.
PICTURES = uuid5(NAMESPACE_URL, "earshot:report-pictures")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file of a report. content_id: set for pictures that the mail shows, without angle brackets."""

    name: str
    media_type: str
    content_id: str | None
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def render(content: ReportContent, fonts: FontRegistry | None = None) -> list[ReportFile]:
    """Every file of the report; the same content gives the same bytes.

    Raises ChartError or TypesettingError; there is no report with a part missing.
    """
    fonts = fonts or font_registry()
    pictures = _pictures(content, fonts)
    return [
        ReportFile("report.html", "text/html", None, html_mail(content, pictures).encode()),
        ReportFile("report.txt", "text/plain", None, text_twin(content).encode()),
        ReportFile("report.pdf", "application/pdf", None, pdf_file(content, fonts)),
        ReportFile("report.zip", "application/zip", None, tables_file(content)),
        *pictures.values(),
    ]


def tables_file(content: ReportContent) -> bytes:
    """The report's numbers as CSV files in one ZIP."""
    return zip_file(data_tables(content.records, content.report_id, content.revision))


def glyph_note(content: ReportContent, fonts: FontRegistry | None = None) -> str:
    """What the PDF and the pictures cannot print, as a sentence for the operator's log; empty where it is nothing."""
    lacking = (fonts or font_registry()).lacking("".join(map(printed, content.strings())))
    if not lacking:
        return ""
    listed = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in lacking[:MOST_NAMED])
    more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
    return (
        f"No font has {listed}{more}: the PDF and the charts show {MARK} instead, the mail's text is whole. "
        "`earshot fonts` fetches fonts for more scripts; EARSHOT_FONTS names a folder of your own."
    )


def subject_line(content: ReportContent) -> str:
    """One line, without control characters or direction tricks."""
    written = environment().get_template("subject.txt").render(header=content.header, say=sayer(content.locale))
    return header_text(written)


def html_mail(content: ReportContent, pictures: dict[str, ReportFile]) -> str:
    """The HTML part, styles inlined for clients that drop style tags; shortened where it would be cut off.

    No report is refused for its size: what does not fit is left to the PDF and the CSV files, and the mail says so.
    """
    page = _page(content, pictures)
    for step in STEPS:
        if len(page.encode()) < LARGEST_HTML:
            break
        page = _page(shortened(content, step), pictures)
    return page


def _page(content: ReportContent, pictures: dict[str, ReportFile]) -> str:
    """Tables keep their styles in the head: a style on each cell makes a mail three times as large."""
    template = environment().get_template("report.html")
    page = template.render(_variables(content), subject=subject_line(content), pictures=pictures, palette=colours)
    inlined = _inliner().inline(page).replace(NOT_INLINED, "")
    return _with_alternatives(inlined, content, pictures)


def _with_alternatives(html: str, content: ReportContent, pictures: dict[str, ReportFile]) -> str:
    """Alternative texts, put in after inlining, which would print their angle brackets bare."""
    texts: dict[str, str] = {logo.role: logo.name for logo in content.logos}
    texts |= {role: chart.alt for role, chart in _charts(content).items() if chart}
    for role, picture in pictures.items():
        html = html.replace(f"alt:{picture.content_id}", str(escape(printed(texts.get(role, "")))))
    return html


def text_twin(content: ReportContent) -> str:
    """The same report as plain text."""
    written = environment().get_template("report.txt").render(_variables(content))
    return re.sub(r"\n{4,}", "\n\n\n", written)


def _pictures(content: ReportContent, fonts: FontRegistry) -> dict[str, ReportFile]:
    """The mail's charts by role. Their ids are unique in the world: clients show another mail's chart otherwise."""
    shown = {role: chart for role, chart in _charts(content).items() if chart is not None}
    drawn = charts.pictures(shown, content.header.accent, fonts, f"report {content.report_id}", language_of(content))
    made = {logo.role: b64decode(logo.picture) for logo in content.logos} | drawn
    return {
        role: ReportFile(f"{role}.png", "image/png", content_id(content, role), body) for role, body in made.items()
    }


def _charts(content: ReportContent) -> dict[str, LineChart | BarChart | None]:
    return {"growth": content.growth, "line": content.line, "delays": content.delays, "bars": content.bars}


def content_id(content: ReportContent, role: str) -> str:
    """The same for the same report, revision and role; different for all others."""
    name: UUID = uuid5(PICTURES, f"{content.report_id}/{content.revision}/{role}")
    return f"{role}.{name.hex}@earshot"


def _variables(content: ReportContent) -> dict[str, Any]:
    names = [name for name in ReportContent.__dataclass_fields__ if name != "records"]
    say = sayer(content.locale)
    narrow = {say(column) for column in NARROW_DROPS}
    return {name: getattr(content, name) for name in names} | {
        "narrow": narrow,
        "language": language_of(content),
        "direction": parse_locale(content.locale).text_direction,
        "say": say,
    }


@cache
def environment() -> jinja2.Environment:
    """Templates: a missing variable is an error, HTML is escaped by the template's name, and every text that a template
    prints is one line without characters that nobody sees."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default_for_string=True, default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
    )


@jinja2.pass_eval_context
def _printed(context: jinja2.nodes.EvalContext, value: object) -> object:
    """What a template prints of a value; markup of its own stays as it is. HTML has an element for isolated names."""
    if type(value) is not str:
        return value
    if not context.autoescape or FIRST_STRONG not in value:
        return printed(value)
    return Markup(printed(str(escape(value)), "<bdi>", "</bdi>"))  # noqa: S704 - escaped just before


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)
