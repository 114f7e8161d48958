"""Preview: a report's files in a folder that a browser opens, and an index of all reports.

Here: the HTML with its pictures beside it instead of inside a mail, the mark of drafts, the list that leads to each.
Not here: mails (delivery), rendering (render.py). A preview is for people who look before they send.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markupsafe import escape

from reports.drawing import colours
from reports.rendering.render import ReportFile, environment
from sql.safety.characters import one_line
from sql.safety.private import private_folder, write_private
from sql.values import PermanentError

# How states are called in the index.
LABELS = {"pending": "not ready yet", "waiting": "waiting for approval"}
MAILS = {"sent": {"accepted", "delivered"}, "leaving": {"queued", "sending"}}


class PreviewError(PermanentError):
    """A preview that would not show what the mail shows."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of the index. folder: relative to the index; '' where there is nothing to open. state: a word of STATES,
    or what became of its mails; note: what there is to say about that. report: the id that commands take.
    """

    folder: str
    subject: str
    brand: str
    sponsor: str
    period: str
    finding: str
    state: str = "frozen"
    note: str = ""
    report: str = ""
    campaign: str = ""
    cadence: str = "weekly"
    revision: int = 1
    is_draft: bool = False

    @property
    def label(self) -> str:
        """The state, as the index prints it: of a report that was made for good, what became of its mails."""
        if self.state != "frozen" or not self.note:
            return LABELS.get(self.state, self.state)
        mails = set(re.findall(r"[a-z]+", self.note))
        return next((label for label, states in MAILS.items() if mails & states), "not sent")

    @property
    def files(self) -> dict[str, str]:
        """The names of its files by what they are called."""
        return {"mail": "report.html", "text": "report.txt"} | {
            name: draft_name(file) if self.is_draft else file
            for name, file in (("PDF", "report.pdf"), ("CSV", "report.zip"))
        }


def write_preview(folder: Path, files: Sequence[ReportFile], draft: str = "") -> Path:
    """Every file of the report into the folder; returns the page to open. Existing files are replaced.

    draft: why it has not left; then the page and the text say so on top, and the names of the attachments do. All else
    is byte for byte what would leave. Only the owner can read the files. Raises UnsafePathError where the folder or a
    file in it is a link.
    """
    private_folder(folder)
    pictures = {file.content_id: file.name for file in files if file.content_id}
    for file in files:
        if Path(file.name).name != file.name:
            raise PreviewError(f"{file.name!r} is not a plain file name, so it is not written")
        name, body = file.name, file.body
        if file.media_type == "text/html":
            body = _marked(_beside(body.decode(), pictures), draft).encode()
        elif file.media_type == "text/plain" and draft:
            body = f"DRAFT: {one_line(draft)}\n\n".encode() + body
        elif draft and not file.content_id:
            name = draft_name(name)
        write_private(folder / name, body)
    return folder / "report.html"


def draft_name(name: str) -> str:
    """The name of a draft's attachment: report.draft.pdf."""
    return f"{Path(name).stem}.draft{Path(name).suffix}"


def write_index(folder: Path, entries: Iterable[IndexEntry]) -> Path:
    """index.html: reports by network and sponsor, the newest period first, with filters that need no server."""
    listed = sorted(entries, key=lambda entry: (entry.period, entry.campaign, entry.folder), reverse=True)
    listed.sort(key=lambda entry: (entry.brand, entry.sponsor))
    groups = [(who, list(own)) for who, own in groupby(listed, key=lambda entry: (entry.brand, entry.sponsor))]
    page = environment().get_template("index.html")
    counts = Counter(entry.label for entry in listed)
    private_folder(folder, tighten=False)
    written = page.render(groups=groups, counts=counts, total=len(listed), palette=colours)
    return write_private(folder / "index.html", written)


def _marked(html: str, draft: str) -> str:
    """The page with a line on top that says that it is a draft, between two comments."""
    if not draft:
        return html
    style = "margin:0;padding:12px 16px;background:#8a1c13;color:#ffffff;font:600 14px/20px Helvetica,Arial,sans-serif"
    banner = f'<!--draft--><p style="{style}">DRAFT: {escape(one_line(draft))}</p><!--/draft-->'
    marked, found = re.subn(r"<body\b[^>]*>", lambda match: match.group() + banner, html, count=1)
    if not found:
        raise PreviewError("the mail has no body to mark as a draft")
    return marked


def _beside(html: str, pictures: dict[str, str]) -> str:
    for content_id, name in pictures.items():
        html = html.replace(f"cid:{content_id}", name)
    if 'src="cid:' in html:
        raise PreviewError("the mail shows a picture that the report does not have: render it again")
    return html
