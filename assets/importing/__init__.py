"""Importing: server logs and exports of other services, turned into raw listener events.

Here: reading files in batches, one module per log format, the frames that the raw tables take, and storing them.
Not here: which requests count (assets/listening), what a person types and reads (pipelines/commands/importing).
"""

from __future__ import annotations

from assets.importing.events import EventMaker, MadeBatch
from assets.importing.files.batches import Batch, open_log, read_batches
from assets.importing.formats import FORMATS, guess_format, parser_of
from assets.importing.paths import MediaPaths
from assets.importing.storing import ImportSummary, LogImport, import_batches

__all__ = [
    "FORMATS",
    "Batch",
    "EventMaker",
    "ImportSummary",
    "LogImport",
    "MadeBatch",
    "MediaPaths",
    "guess_format",
    "import_batches",
    "open_log",
    "parser_of",
    "read_batches",
]
