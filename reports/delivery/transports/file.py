"""The file transport: every mail as an .eml file, with a preview beside it. Needs nothing; the default.

Here: the files' names and content, so that the same delivery twice is one file.
Not here: any network; how private files are written (sql/safety/private.py).
"""

from __future__ import annotations

import base64
import logging
import os
from pathlib import Path

from reports.delivery.message import Mail, slug, to_mime
from reports.delivery.outcomes import Outcome, Verdict, of_unassembled
from reports.mail_settings import TransportSettings
from sql.safety.private import UnsafePathError, private_folder, write_private

logger = logging.getLogger(__name__)


class FileTransport:
    """Writes <day>_<subject>_<delivery>.eml and the same name with .html for a browser."""

    name = "file"

    def __init__(self, settings: TransportSettings) -> None:
        self.sender = settings.sender
        self._folder = settings.file.folder

    def send(self, mail: Mail) -> Outcome:
        stem = _file_stem(mail)
        try:
            preview, content = _preview(mail).encode(), to_mime(mail)
        except Exception as error:
            logger.exception("delivery %s: the mail cannot be put together", mail.envelope.delivery_id)
            return of_unassembled(error)
        try:
            private_folder(self._folder)
            write_private(self._folder / f"{stem}.html", preview)
            # The mail last: once its name is there, a program that sends what lies here may have taken it.
            write_private(self._folder / f"{stem}.eml", content)
        except (OSError, UnsafePathError) as error:
            return Outcome(Verdict.RETRY, f"the outbox folder cannot be written ({error})", stop_run=True)
        try:
            _sync_folder(self._folder)
        except OSError as error:
            detail = f"{stem}.eml is written, but the disk does not confirm that it will last ({error})"
            return Outcome(Verdict.UNKNOWN, detail, stop_run=True)
        detail = f"written to {self._folder / stem}.eml; preview: {self._folder / stem}.html"
        return Outcome(Verdict.ACCEPTED, detail, provider_message_id=f"{stem}.eml")


def _file_stem(mail: Mail) -> str:
    """Readable first, unique last; a slug has no dots or slashes, so a subject cannot leave the folder."""
    return f"{mail.envelope.queued_at:%Y-%m-%d}_{slug(mail.envelope.subject)}_{mail.envelope.delivery_id}"


def _preview(mail: Mail) -> str:
    """The HTML part with its pictures inside: a browser does not resolve content ids."""
    html = mail.html
    for picture in mail.pictures:
        data = f"data:{picture.media_type};base64,{base64.b64encode(picture.body).decode()}"
        html = html.replace(f"cid:{(picture.content_id or '').strip('<>')}", data)
    return html


def _sync_folder(folder: Path) -> None:
    """A new name lasts through a power cut only once its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
