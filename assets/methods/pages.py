"""Pages: a plain document of sections, as Markdown and as one HTML file that needs nothing else.

Here: paragraphs and tables, and their two spellings. Text is escaped; there is no markup in it.
Not here: what a page contains (methodology.py), reports for sponsors (reports/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from assets.markdown import cell, table
from sql.safety.characters import one_line

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1c2333}"
    "h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d8dce6}"
    "th{font-weight:600}.wide{overflow-x:auto}"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading for every column."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what stands under it, and at most one table after that."""

    title: str
    paragraphs: Sequence[str]
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A title, a line under it, and sections."""

    title: str
    subtitle: str
    sections: Sequence[Section]

    def markdown(self) -> str:
        return "\n".join(self._markdown_lines()) + "\n"

    def _markdown_lines(self) -> Iterator[str]:
        yield from (f"# {cell(self.title)}", "", cell(self.subtitle))
        for section in self.sections:
            yield from ("", f"## {cell(section.title)}")
            for paragraph in section.paragraphs:
                yield from ("", cell(paragraph))
            if section.table is not None:
                yield ""
                yield table(section.table.headings, section.table.rows)

    def html(self, language: str = "en") -> str:
        title = _text(self.title)
        body = "".join(self._html_parts())
        return (
            f'<!doctype html>\n<html lang="{_text(language)}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
            f"<style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n<p>{_text(self.subtitle)}</p>\n{body}</body></html>\n"
        )

    def _html_parts(self) -> Iterator[str]:
        for section in self.sections:
            yield f"<h2>{_text(section.title)}</h2>\n"
            yield from (f"<p>{_text(paragraph)}</p>\n" for paragraph in section.paragraphs)
            if section.table is not None:
                heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in section.table.headings)
                rows = "".join(
                    "<tr>" + "".join(f"<td>{_text(value)}</td>" for value in row) + "</tr>\n"
                    for row in section.table.rows
                )
                yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n'


def _text(text: str) -> str:
    """Text inside HTML."""
    return escape(one_line(text))
