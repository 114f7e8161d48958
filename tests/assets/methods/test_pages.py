"""Pages: text stays text, in Markdown and in HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from assets.methods.pages import Page, Section, Table


class Cells(HTMLParser):
    """Counts the cells of a page and collects its text."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.cells += tag == "td"

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_stays_text_in_both_spellings() -> None:
    page = Page("A & B", "one\ntwo", [Section("<i>", ["*star*"], Table(["h"], [["a|b"], ["<script>"]]))])
    parser = Cells()

    parser.feed(page.html())

    assert parser.cells == 2
    assert "<script>" in parser.text
    assert "<script>" not in page.html()
    assert "| a\\|b |" in page.markdown()
    assert "\\*star\\*" in page.markdown()
