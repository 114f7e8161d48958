"""What a report looks like to machines: escaping, size, equal numbers in every form, equal bytes, no empty picture."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from reports.compose import compose
from reports.content.report import Pair, Records, ReportContent
from reports.drawing.fonts import BUNDLED, MARK, font_registry
from reports.drawing.typesetting import TypesettingError, typeset
from reports.facts.report_facts import Pacing, ReportFacts
from reports.rendering.csv import csv_file, harmless
from reports.rendering.pdf import pdf_file
from reports.rendering.render import ReportFile, content_id, glyph_note, render, subject_line
from sql.safety.characters import one_line
from sql.values import PermanentError


class Page(HTMLParser):
    """The visible text and the attributes of an HTML page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._silent = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return squeezed(" ".join(self.words))


def squeezed(text: str) -> str:
    """Without any space or break: lines end differently in each form."""
    return re.sub(r"[\s\u00a0\u2009\u200b\u202f]+", "", text)


def named(files: list[ReportFile], name: str) -> bytes:
    return next(file.body for file in files if file.name == name)


def table(files: list[ReportFile], name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(named(files, "report.zip"))) as archive:
        return archive.read(f"{name}.csv")


def rows_in(files: list[ReportFile], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(files, name).decode("utf-8-sig"))))


def pdf_text(body: bytes) -> str:
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages))


@pytest.fixture(scope="module")
def files(content: ReportContent) -> list[ReportFile]:
    return render(content)


def test_a_report_has_mail_text_pdf_tables_and_two_pictures(files: list[ReportFile]) -> None:
    assert [(file.name, file.media_type) for file in files] == [
        ("report.html", "text/html"),
        ("report.txt", "text/plain"),
        ("report.pdf", "application/pdf"),
        ("report.zip", "application/zip"),
        ("line.png", "image/png"),
        ("bars.png", "image/png"),
    ]


def test_names_from_outside_are_text_and_never_markup(files: list[ReportFile]) -> None:
    html = named(files, "report.html").decode()
    assert "Acme &lt;Cloud&gt; &amp; Co" in html
    assert "<Cloud>" not in html
    assert "<to you>" not in html
    assert "{{ 7 * 7 }} templates" in html
    assert "#show:it=>[notmarkup]*either*$x$" in pdf_text(named(files, "report.pdf"))


def test_the_mail_stays_small_and_loads_nothing(files: list[ReportFile]) -> None:
    html = named(files, "report.html").decode()
    page = Page(html)
    assert len(html.encode()) < 80_000
    assert "data:" not in html
    assert "<svg" not in html
    assert "@import" not in html
    assert "url(" not in html
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form", "video"}
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert sources == [f"cid:{file.content_id}" for file in files if file.content_id]
    assert all((attributes.get("href") or "").startswith("mailto:") for tag, attributes in page.tags if tag == "a")


def test_pictures_have_a_width_and_text(files: list[ReportFile]) -> None:
    pictures = [attributes for tag, attributes in Page(named(files, "report.html").decode()).tags if tag == "img"]
    assert [picture["width"] for picture in pictures] == ["440", "440"]
    assert all(len(picture["alt"] or "") > 40 for picture in pictures)


def test_every_number_is_the_same_in_mail_text_and_pdf(content: ReportContent, files: list[ReportFile]) -> None:
    forms = {
        "html": Page(named(files, "report.html").decode()).text,
        "text": squeezed(named(files, "report.txt").decode()),
        "pdf": pdf_text(named(files, "report.pdf")),
    }
    shown = [content.finding, content.header.period, content.header.sponsor, *content.lift, *content.limits]
    shown += [part for tile in content.tiles for part in (tile.value, tile.change, tile.detail)]
    shown += [notice.text for notice in content.notices]
    shown += [text for row in content.top_placements.rows for text in (row.name, row.detail, *row.cells)]
    shown += [pair.text for pair in content.method.pairs]
    for form, text in forms.items():
        missing = [part for part in shown if squeezed(part) not in text]
        assert not missing, form


def test_the_pdf_adds_what_the_mail_leaves_out(content: ReportContent, files: list[ReportFile]) -> None:
    text = pdf_text(named(files, "report.pdf"))
    for section in (content.delivery, content.response, content.definitions):
        assert section is not None
        assert all(squeezed(pair.text) in text for pair in section.pairs)
    for table in (content.placements, content.models, content.data_driven, content.benchmarks):
        assert table is not None
        assert all(squeezed(cell) in text for row in table.rows for cell in row.cells)


def test_page_one_begins_with_a_summary_that_stands_alone(facts: ReportFacts) -> None:
    behind = replace(facts, pacing=Pacing(316_900, 250_000, 310_000))
    content = compose(behind)
    page = PdfReader(io.BytesIO(named(render(content), "report.pdf"))).pages[0]
    found: list[tuple[float, str]] = []
    page.extract_text(visitor_text=lambda text, matrix, *_: found.append((float(matrix[5]), text)))
    height = float(page.mediabox.height)
    # Places count from the bottom of the page.
    upper = squeezed("".join(text for place, text in found if place > height * 0.45))
    assert content.against_targets is not None
    assert content.next_steps
    wanted = [content.header.brand, content.header.sponsor, content.header.title, content.header.period]
    wanted += [content.finding, *(tile.value for tile in content.tiles), *content.next_steps]
    wanted += [pair.text for pair in content.against_targets.pairs]
    assert not [part for part in wanted if squeezed(part) not in upper]


def test_the_last_line_of_a_pdf_never_stands_on_a_page_alone(quiet_facts: ReportFacts) -> None:
    """Reports of all lengths: one line more at a time, over the length of a page."""
    content, fonts = compose(quiet_facts), font_registry()
    lasts = []
    for lines in range(45):
        filler = tuple(Pair(f"Term {number}", "A definition.") for number in range(lines))
        longer = replace(content.definitions, pairs=filler + content.definitions.pairs)
        body = pdf_file(replace(content, definitions=longer), fonts)
        lasts.append(PdfReader(io.BytesIO(body)).pages[-1].extract_text())
    assert [lines for lines, text in enumerate(lasts) if content.definitions.pairs[-1].term not in text] == []


def test_the_csv_holds_the_exact_numbers_behind_the_mail(facts: ReportFacts, files: list[ReportFile]) -> None:
    assert table(files, "summary").startswith(b"\xef\xbb\xbf")
    rows = rows_in(files, "summary")
    total = next(row for row in rows if row["section"] == "total")
    assert (total["delivered"], total["conversions"], total["revenue"], total["spend"], total["currency"]) == (
        "323412",
        "350",
        "29120.00",
        "8408.71",
        "USD",
    )
    assert (total["first_day"], total["last_day"]) == ("2026-07-01", "2026-09-30")
    assert sum(int(row["delivered"]) for row in rows_in(files, "placements")) == facts.now.delivered


def test_a_title_that_is_a_formula_is_disarmed_in_the_csv(files: list[ReportFile]) -> None:
    titles = {row["episode"] for row in rows_in(files, "placements")}
    assert '\'=HYPERLINK("http://example.com","claim your prize")' in titles


STARTS = [
    *("=", "+", "-", "@", "|", "%", " =", "\t=", "\r\n=", "\u200b=", "\xa0=", "\u200d="),
    *("＝", "＋", "－", "＠", "−", "⁼", "\u2003=", "\u1680=", "\ufe0f="),
]


@pytest.mark.parametrize("start", STARTS)
def test_text_cells_that_a_spreadsheet_would_run_are_prefixed(start: str) -> None:
    assert harmless(f"{start}1").startswith("'")
    assert harmless(f"a;{start}1").startswith("a;'")
    assert csv_file(Records(("name", "spend"), ("name",), ((f"{start}x", "-5"),))).endswith(b",-5\r\n")


@pytest.mark.parametrize("cell", ["Morning Static", "a = b", "3;4", "ＡＢＣ", "", "日本語", "a-b;c+d"])
def test_other_text_cells_stay(cell: str) -> None:
    assert harmless(cell) == cell


def test_the_same_content_gives_the_same_bytes(content: ReportContent, files: list[ReportFile]) -> None:
    assert [file.sha256 for file in render(content)] == [file.sha256 for file in files]


def test_threads_make_the_same_bytes_as_one_after_another(content: ReportContent) -> None:
    many = [replace(content, finding=f"{number} {content.finding}") for number in range(6)]
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(render, many))
    assert [file.sha256 for files in at_once for file in files] == [
        file.sha256 for each in many for file in render(each)
    ]


def test_content_ids_differ_between_reports_and_revisions_and_not_between_runs(content: ReportContent) -> None:
    ids = {
        content_id(content, "line"),
        content_id(content, "bars"),
        content_id(replace(content, revision=2), "line"),
        content_id(replace(content, report_id="another"), "line"),
    }
    assert len(ids) == 4
    assert content_id(content, "line") == content_id(replace(content, finding="other words"), "line")


def test_an_empty_period_sends_text_instead_of_pictures(quiet_facts: ReportFacts) -> None:
    files = render(compose(quiet_facts))
    assert [file.name for file in files] == ["report.html", "report.txt", "report.pdf", "report.zip"]
    for name in ("report.html", "report.txt"):
        assert "No ads were delivered in this period." in named(files, name).decode()
    assert squeezed("No ads were delivered in this period.") in pdf_text(named(files, "report.pdf"))


def test_a_character_without_a_glyph_becomes_a_mark_and_holds_nothing(content: ReportContent) -> None:
    strange = replace(content, header=replace(content.header, title="Launch \U00012000\U0010fffd day"))
    files = render(strange)
    assert f"Launch{MARK}{MARK}day" in pdf_text(named(files, "report.pdf"))
    for name in ("report.html", "report.txt"):
        assert "Launch \U00012000\U0010fffd day" in named(files, name).decode()
    note = glyph_note(strange)
    assert "U+12000" in note
    assert "U+10FFFD" in note
    assert glyph_note(content) == ""


def kanji_font(folder: Path) -> None:
    """A font of its own name in which two letters stand for what the bundled fonts lack."""
    with TTFont(BUNDLED / "Inter-Regular.otf") as font:
        tables: Any = font["cmap"]
        for table in tables.tables:
            table.cmap |= {ord("日"): table.cmap[ord("A")], ord("本"): table.cmap[ord("B")]}
        names: Any = font["name"]
        for record in names.names:
            record.string = str(record).replace("Inter", "Two Signs")
        font.save(folder / "two-signs.otf")


def test_a_further_font_folder_prints_what_the_bundled_fonts_cannot(content: ReportContent, tmp_path: Path) -> None:
    kanji_font(tmp_path)
    strange = replace(content, header=replace(content.header, title="Launch 日本"))
    assert "Launch日本" in pdf_text(named(render(strange, font_registry(tmp_path)), "report.pdf"))


def test_a_font_that_typst_cannot_read_is_an_error_and_not_a_box(content: ReportContent, tmp_path: Path) -> None:
    kanji_font(tmp_path)
    with TTFont(tmp_path / "two-signs.otf") as font:
        del font["name"]
        font.save(tmp_path / "two-signs.otf")
    with pytest.raises(TypesettingError, match=r"two-signs\.otf"):
        render(content, font_registry(tmp_path))


def test_a_font_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="does not exist"):
        font_registry(tmp_path / "nowhere")


@given(st.text(max_size=60))
def test_any_name_gives_a_subject_of_one_clean_line(content: ReportContent, name: str) -> None:
    subject = subject_line(replace(content, header=replace(content.header, title=name)))
    assert "\n" not in subject
    assert not any(unicodedata.category(letter) == "Cc" for letter in subject)


@given(st.text(st.characters(exclude_characters="\x00\r\n", codec="utf-8"), max_size=40))
def test_any_name_survives_the_csv_and_never_starts_a_formula(name: str) -> None:
    body = csv_file(Records(("name",), ("name",), ((name,),)))
    read = next(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")), {"name": ""})["name"]
    assert read.replace("'", "") == one_line(name).replace("'", "")
    assert not read.startswith(("=", "+", "-", "@", "|", "%", "\t"))


def test_every_fixed_text_can_be_printed(content: ReportContent, portfolio: ReportFacts) -> None:
    assert glyph_note(content) == ""
    assert glyph_note(compose(portfolio, "de_DE")) == ""
    assert font_registry().lacking(f"▲▼=–×·…’“”%{MARK}") == []


def test_a_typst_warning_fails_the_report(tmp_path: Path) -> None:
    page = tmp_path / "page.typ"
    page.write_text('#set text(font: "No Such Face")\nwords')
    with pytest.raises(TypesettingError, match="a test page came with a warning"):
        typeset(page, {}, font_registry(), "a test page")


def test_the_pdf_uses_only_bundled_fonts_and_has_numbered_pages(files: list[ReportFile]) -> None:
    reader = PdfReader(io.BytesIO(named(files, "report.pdf")))
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"].get_object()["/Font"].values()  # type: ignore[index]
    }
    assert all("Inter" in font for font in fonts)
    total = len(reader.pages)
    for number, page in enumerate(reader.pages, start=1):
        assert f"{number}/{total}" in squeezed(page.extract_text())
    assert reader.metadata is not None
    assert reader.metadata.author == "Signal Network"


def test_a_subject_is_one_line_without_control_characters(content: ReportContent) -> None:
    nasty = replace(content, header=replace(content.header, title="Launch\r\nBcc: x@example.com\u202e\x00"))
    subject = subject_line(nasty)
    assert subject.startswith("Launch Bcc: x@example.com: ")
    assert not re.search(r"[\x00-\x1f\u202e]", subject)


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR", "sv_SE"])
def test_other_locales_render_whole(facts: ReportFacts, locale: str) -> None:
    content = compose(facts, locale)
    page = Page(named(render(content), "report.html").decode()).text
    assert all(squeezed(tile.value) in page for tile in content.tiles)


def test_a_portfolio_lists_its_campaigns(portfolio: ReportFacts) -> None:
    files = render(compose(portfolio))
    for name in ("report.html", "report.txt"):
        assert "Acme Edge — always on" in named(files, name).decode()
    assert squeezed("Acme Edge — always on") in pdf_text(named(files, "report.pdf"))


def test_a_link_to_read_online_appears_only_where_there_is_one(change_facts: Callable[..., ReportFacts]) -> None:
    with_link = render(compose(change_facts(view_online="https://reports.signal.example/r/1")))
    assert 'href="https://reports.signal.example/r/1"' in named(with_link, "report.html").decode()
    assert "View online" not in named(render(compose(change_facts())), "report.html").decode()


def test_what_is_light_behind_text_is_dark_where_readers_want_it_dark(facts: ReportFacts) -> None:
    """The note of a campaign manager was white on white there. A logo keeps the white that it is drawn on, a button its
    own colour."""
    page = next(
        file.body.decode() for file in render(compose(replace(facts, note="Hello"))) if file.name == "report.html"
    )
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL))
    light, _, dark = styles.partition("prefers-color-scheme: dark")
    behind = set(re.findall(r"\.(\w+) \{[^}]*background: #", light)) - {"logo", "button"}
    darkened = set(re.findall(r"\.(\w+)", "".join(re.findall(r"([^{}]*)\{ background: #", dark))))
    assert {"card", "tile", "noted", "info", "warning"} <= behind
    assert behind <= darkened
