"""Shortening: no part of the mail is forgotten. How large a mail becomes is in test_size.py."""

from __future__ import annotations

from jinja2 import meta

from reports.content.report import ReportContent
from reports.rendering.render import TEMPLATES, environment
from reports.rendering.shortening import PARTS

# Ids, sentences of one line, pictures that have a size of their own, and the footer, which stays whole.
NEVER_SHORTENED = {"report_id", "revision", "empty_line", "empty_bars", "logos", "footer"}


def test_every_part_of_the_mail_can_be_shortened() -> None:
    template = environment().parse((TEMPLATES / "report.html").read_text("utf-8"))
    printed = meta.find_undeclared_variables(template) & set(ReportContent.__dataclass_fields__)
    assert set(PARTS) == printed - NEVER_SHORTENED
