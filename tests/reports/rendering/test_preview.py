"""Previews: a browser opens them without a mail client."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.content.report import ReportContent
from reports.rendering.preview import IndexEntry, PreviewError, write_index, write_preview
from reports.rendering.render import ReportFile, render


def test_a_preview_shows_its_pictures_from_the_folder(content: ReportContent, tmp_path: Path) -> None:
    page = write_preview(tmp_path / "one", render(content))
    html = page.read_text(encoding="utf-8")
    assert 'src="line.png"' in html
    assert "cid:" not in html
    assert {path.name for path in page.parent.iterdir()} == {
        "report.html", "report.txt", "report.pdf", "report.zip", "line.png", "bars.png",
    }  # fmt: skip


def test_a_preview_without_its_picture_is_refused(content: ReportContent, tmp_path: Path) -> None:
    files = [file for file in render(content) if file.name != "bars.png"]
    with pytest.raises(PreviewError, match="picture"):
        write_preview(tmp_path, files)


def test_a_file_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(PreviewError, match="plain file name"):
        write_preview(tmp_path, [ReportFile("../escape.txt", "text/plain", None, b"x")])


def test_the_index_lists_reports_and_escapes_names(content: ReportContent, tmp_path: Path) -> None:
    names = ("Subject", content.header.brand, content.header.sponsor, "a week", content.finding)
    entries = [IndexEntry("one", *names), IndexEntry("two", *names, "held", "a <check> failed")]
    page = write_index(tmp_path, entries)
    html = page.read_text(encoding="utf-8")
    assert "2 reports" in html
    assert 'href="one/report.html"' in html
    assert "Acme &lt;Cloud&gt; &amp; Co" in html
    assert "a &lt;check&gt; failed" in html
