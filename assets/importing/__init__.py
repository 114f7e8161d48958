"""Importing: server logs and exports of other services, turned into raw listener events.

Here: reading files in batches, one module per log format, the frames that the raw tables take, and storing them.
Not here: which requests count (assets/listening), what a person types and reads (pipelines/commands/importing).

They are imported at their first use (assets/facade.py).
"""

from typing import TYPE_CHECKING

from assets.facade import lazily

if TYPE_CHECKING:
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

__getattr__ = lazily(
    __name__,
    {
        ".events": ["EventMaker", "MadeBatch"],
        ".files.batches": ["Batch", "open_log", "read_batches"],
        ".formats": ["FORMATS", "guess_format", "parser_of"],
        ".paths": ["MediaPaths"],
        ".storing": ["ImportSummary", "LogImport", "import_batches"],
    },
)
