"""PDF: a report's pages, set by Typst from the content as JSON.

Here: what the pages are given, the fixed timestamp.
Not here: the layout (templates/report.typ), strings and numbers (compose.py), Typst itself (drawing/typesetting.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports.content.report import ReportContent
from reports.drawing import charts, colours
from reports.drawing.fonts import FAMILY, FontRegistry
from reports.drawing.typesetting import compiler_for, typeset

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def pdf_file(content: ReportContent, fonts: FontRegistry) -> bytes:
    """The PDF's bytes: the same for the same content, because its timestamp is the content's."""
    compiler = compiler_for(fonts, TEMPLATE)
    what = f"the PDF of report {content.report_id}"
    return typeset(compiler, {"report": _inputs(content)}, what, timestamp=content.generated_at)[0]


def _inputs(content: ReportContent) -> dict[str, Any]:
    shown = content.as_json()
    del shown["records"]
    return shown | {
        "look": charts.look(content.header.accent, charts.PDF_LETTERS, charts.PDF_PANEL),
        "arrows": [tile.arrow for tile in content.tiles],
        "family": FAMILY,
        "palette": {name.lower(): value for name, value in vars(colours).items() if name.isupper()},
    }
