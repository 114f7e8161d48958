"""Subjects: the subject line of a report's mail, by the network's own template where it has one.

Here: the named fields that a template may have, and what is refused when one is entered.
Not here: the line without a template (rendering/templates/subject.txt), what may stand in a header (delivery).
"""

from __future__ import annotations

import string
from collections.abc import Mapping

from sql.values import PermanentError

FIELDS = ("title", "period", "brand", "sponsor", "kind")


class SubjectError(PermanentError):
    """A template for subjects that cannot be filled in."""


def checked_template(template: str) -> str:
    """The template itself. Raises SubjectError for other fields than FIELDS, for braces that do not close, for none of
    the fields that tell one mail from the next."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise SubjectError(f"the subject {template!r} has a brace that does not fit: {error}") from error
    fields = [field for _, field, _, _ in parts if field is not None]
    offered = ", ".join(f"{{{field}}}" for field in FIELDS)
    for _, field, form, conversion in parts:
        if field is not None and (field not in FIELDS or form or conversion):
            raise SubjectError(f"the subject {template!r} has a field {{{field}}}; there are {offered}")
    if "period" not in fields:
        raise SubjectError(
            f"the subject {template!r} needs {{period}}: all mails would look alike; there are {offered}"
        )
    return template


def filled(template: str, fields: Mapping[str, str]) -> str:
    """The template with its fields; what stands in a field is never read as a template."""
    return checked_template(template).format_map(fields)
