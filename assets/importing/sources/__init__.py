"""Sources: where logs and orders lie, and which of them are new.

Here: finding and opening objects of any store, the sources that are configured for tenants, and reading what is new.
Not here: formats and storing (assets/importing), when sources are looked at (pipelines/sensors.py).
"""

from __future__ import annotations

from assets.importing.sources.configured import Source, add_source, remove_source, retry_objects, sources_of
from assets.importing.sources.places import FoundObject, Place, SourceUnavailableError, find_objects, opened
from assets.importing.sources.reading import SourceRead, due_objects, has_news, read_source

__all__ = [
    "FoundObject",
    "Place",
    "Source",
    "SourceRead",
    "SourceUnavailableError",
    "add_source",
    "due_objects",
    "find_objects",
    "has_news",
    "opened",
    "read_source",
    "remove_source",
    "retry_objects",
    "sources_of",
]
