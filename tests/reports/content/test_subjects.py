"""A network's own subject: named fields, and nothing that could be read as a template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.compose import compose
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import subject_line
from reports.wording.subjects import SubjectError, checked_template, filled

FIELDS = {
    "title": "Launch",
    "period": "a week",
    "brand": "Signal",
    "sponsor": "{brand.__class__}",
    "kind": "Report for",
}


def test_fields_are_filled_in_and_names_are_never_templates() -> None:
    assert filled("{sponsor}: {title}, {period}", FIELDS) == "{brand.__class__}: Launch, a week"
    assert filled("100% {{of}} {period}", FIELDS) == "100% {of} a week"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{period} {name}", "has a field {name}"),
        ("{period.__class__}", "has a field"),
        ("{period[0]}", "has a field"),
        ("{period!r}", "has a field"),
        ("{period:>9999999}", "has a field"),
        ("{}", "has a field {}"),
        ("{period", "brace"),
        ("Weekly report", "needs {period}"),
    ],
)
def test_other_fields_and_subjects_that_are_all_alike_are_refused(template: str, reason: str) -> None:
    with pytest.raises(SubjectError) as raised:
        checked_template(template)
    assert reason in str(raised.value)


def test_the_mail_has_the_networks_subject_and_a_correction_is_still_marked(
    change_facts: Callable[..., ReportFacts],
) -> None:
    facts = change_facts()
    own = replace(facts, brand=replace(facts.brand, subject_template="{brand} for {sponsor}, {period}"))
    content = compose(own)
    period = " ".join(content.header.period.split())
    assert " ".join(subject_line(content).split()) == f"Signal Network for Acme <Cloud> & Co, {period}"
    marked = replace(content, header=replace(content.header, mark="Corrected report, revision 2"))
    assert subject_line(marked).startswith("[Corrected report, revision 2] Signal Network for")
    assert subject_line(compose(facts)).endswith("report by Signal Network")
