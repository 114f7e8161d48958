"""Importing: server logs and exports of other services, turned into raw listener events.

Here: reading files in batches, one module per log format, and the frames that the raw tables take.
Not here: which requests count (assets/listening), the database and the command (pipelines/commands/importing.py).
"""

from __future__ import annotations

from assets.importing.events import EventMaker, MadeBatch
from assets.importing.files.batches import Batch, open_log, read_batches
from assets.importing.formats import FORMATS, guess_format, parser_of
from assets.importing.paths import MediaPaths

__all__ = [
    "FORMATS",
    "Batch",
    "EventMaker",
    "MadeBatch",
    "MediaPaths",
    "guess_format",
    "open_log",
    "parser_of",
    "read_batches",
]
