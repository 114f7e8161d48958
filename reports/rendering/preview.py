"""Preview: a report's files in a folder that a browser opens, and an index of all reports.

Here: the HTML with its pictures beside it instead of inside a mail, and the list that leads to each.
Not here: mails (delivery), rendering (render.py). A preview is for people who look before they send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.drawing import colours
from reports.rendering.render import ReportFile, environment
from sql.safety.private import private_folder, write_private
from sql.values import PermanentError


class PreviewError(PermanentError):
    """A preview that would not show what the mail shows."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of the index. folder: relative to the index. state: frozen, held or a delivery state."""

    folder: str
    subject: str
    brand: str
    sponsor: str
    period: str
    finding: str
    state: str = "frozen"
    note: str = ""


def write_preview(folder: Path, files: Sequence[ReportFile]) -> Path:
    """Every file of the report into the folder; returns the page to open. Existing files are replaced.

    Only the owner can read them. Raises UnsafePathError where the folder or a file in it is a link.
    """
    private_folder(folder)
    pictures = {file.content_id: file.name for file in files if file.content_id}
    for file in files:
        if Path(file.name).name != file.name:
            raise PreviewError(f"{file.name!r} is not a plain file name, so it is not written")
        body = file.body
        if file.media_type == "text/html":
            body = _beside(body.decode(), pictures).encode()
        write_private(folder / file.name, body)
    return folder / "report.html"


def write_index(folder: Path, entries: Iterable[IndexEntry]) -> Path:
    """index.html, listing reports by network and sponsor."""
    listed = sorted(entries, key=lambda entry: (entry.brand, entry.sponsor, entry.period, entry.folder))
    private_folder(folder, tighten=False)
    return write_private(
        folder / "index.html", environment().get_template("index.html").render(entries=listed, palette=colours)
    )


def _beside(html: str, pictures: dict[str, str]) -> str:
    for content_id, name in pictures.items():
        html = html.replace(f"cid:{content_id}", name)
    if 'src="cid:' in html:
        raise PreviewError("the mail shows a picture that the report does not have: render it again")
    return html
