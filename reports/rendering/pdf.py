"""PDF: a report's pages, set by Typst from the content as JSON.

Here: the compiler with the bundled fonts only, the rule that a warning is an error, the fixed timestamp.
Not here: the layout (templates/report.typ), strings and numbers (compose.py). No text is pasted into Typst's source:
names arrive as data, so a name can never be markup.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst

from reports.content.report import ReportContent
from reports.drawing import charts, colours
from reports.drawing.fonts import FAMILY, FontRegistry
from sql.safety.characters import one_line
from sql.values import PermanentError

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"


class PdfError(PermanentError):
    """The PDF could not be set, or Typst warned about it."""


def pdf_file(content: ReportContent, fonts: FontRegistry) -> bytes:
    """The PDF's bytes: the same for the same content, because its timestamp is the content's."""
    inputs = {"report": json.dumps(_inputs(content, fonts), ensure_ascii=False, sort_keys=True)}
    return set_pages(compiler_for(fonts), inputs, content.generated_at, f"report {content.report_id}")


def set_pages(compiler: typst.Compiler, inputs: dict[str, str], timestamp: int, subject: str) -> bytes:
    """Compile; any warning fails, because Typst only warns where text overflows or a font is missing."""
    try:
        made, warnings = compiler.compile_with_warnings(format="pdf", sys_inputs=inputs, timestamp=timestamp)
    except typst.TypstError as error:
        raise PdfError(f"the PDF of {subject} could not be set: {error.message} {' '.join(error.hints)}") from error
    if warnings:
        raise PdfError(f"the PDF of {subject} came with a warning: {'; '.join(w.message for w in warnings)}")
    if not isinstance(made, bytes):
        raise PdfError(f"the PDF of {subject} came out as {type(made).__name__} instead of one file")
    return made


def _inputs(content: ReportContent, fonts: FontRegistry) -> dict[str, Any]:
    shown = content.as_json()
    del shown["records"]
    shown = {name: _printed(each) for name, each in shown.items()}
    accent = content.header.accent
    line, bars = content.line, content.bars
    return shown | {
        "line_svg": charts.line_svg(line, accent, charts.PDF_LINE) if line else "",
        "bars_svg": charts.bars_svg(bars, accent, charts.PDF_DRAWN, fonts) if bars else "",
        "arrows": [tile.arrow for tile in content.tiles],
        "family": FAMILY,
        "palette": {name.lower(): value for name, value in vars(colours).items() if name.isupper()},
    }


def _printed(value: Any) -> Any:
    """The same structure with every text as one line without characters that nobody sees."""
    if isinstance(value, dict):
        return {name: _printed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_printed(each) for each in value]
    return one_line(value) if isinstance(value, str) else value


@cache
def compiler_for(fonts: FontRegistry, template: Path = TEMPLATE) -> typst.Compiler:
    """A compiler with the registered fonts and no others; kept, because reading fonts costs more than a report."""
    folders = [str(folder) for folder in fonts.folders]
    read = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    _refuse_unread(fonts, {Path(font.path).resolve() for font in read.fonts() if font.path})
    return typst.Compiler(str(template), root=str(template.parent), font_paths=read, ignore_system_fonts=True)


def _refuse_unread(fonts: FontRegistry, read: set[Path]) -> None:
    """Typst passes over a font file that it cannot read, and would then print boxes for what only that font has."""
    if unread := [path.name for path in fonts.files if path not in read]:
        raise PdfError(f"Typst cannot read the font files {', '.join(unread)}: replace them or take them off the shelf")
