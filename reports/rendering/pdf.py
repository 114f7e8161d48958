"""PDF: a report's pages, set by Typst from the content as JSON.

Here: what the pages are given, the fixed timestamp.
Not here: the layout (templates/report.typ), strings and numbers (compose.py), Typst itself (drawing/typesetting.py).
"""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

from reports.content.report import ReportContent
from reports.drawing import charts, colours
from reports.drawing.fonts import FontRegistry
from reports.drawing.typesetting import typeset
from reports.wording.catalogues import sayer

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


def pdf_file(content: ReportContent, fonts: FontRegistry) -> bytes:
    """The PDF's bytes: the same for the same content, because its timestamp is the content's."""
    what = f"the PDF of report {content.report_id}"
    return typeset(TEMPLATE, {"report": _inputs(content, fonts)}, fonts, what, timestamp=content.generated_at)[0]


def _inputs(content: ReportContent, fonts: FontRegistry) -> dict[str, Any]:
    shown = content.as_json(without={"records"})
    logos = {logo.role: {"picture": list(b64decode(logo.picture)), "height": logo.height} for logo in content.logos}
    language, say, footer = language_of(content), sayer(content.locale), content.footer
    reference, revision = footer.reference, str(content.revision)
    return shown | {
        "look": charts.look(content.header.accent, charts.PDF_LETTERS, charts.PDF_PANEL),
        "logos": logos,
        "arrows": [tile.arrow for tile in content.tiles],
        "families": fonts.families(" ".join(content.strings()), language),
        "language": language,
        "words": {
            "ads": say("Ads delivered"),
            "conversions": say("Conversions"),
            "steps": say("What to do next"),
            "lift": say("Incremental lift"),
            "limits": say("What these numbers cannot say"),
            "report": say("Report {reference}", reference=reference),
            "data_through": say("data through {moment}", moment=footer.data_through),
            "id": say(
                "Report {reference} ({id}, revision {revision})",
                reference=reference,
                id=content.report_id,
                revision=revision,
            ),
        },
        "palette": {name.lower(): value for name, value in vars(colours).items() if name.isupper()},
    }


def language_of(content: ReportContent) -> str:
    """The language of the content's locale, such as de of de_AT."""
    return content.locale.replace("-", "_").partition("_")[0].lower()
