"""One object of a configured source, imported as its kind and format say.

Here: from a source's settings to an import. Not here: which objects are due (reading.py), storing (assets/importing).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from assets.importing.addresses import TrustedProxies
from assets.importing.files.batches import open_log
from assets.importing.mappings.mapping import load_mapping
from assets.importing.sources.configured import Source
from assets.importing.sources.places import FoundObject
from assets.importing.storing import ImportSummary, LogImport, import_batches
from sql.values import PermanentError
from sql.warehouse import Warehouse


def importer(warehouse: Warehouse, started_by: str) -> Callable[[Source, FoundObject, Path, bool], ImportSummary]:
    """What imports an object of a source. started_by: whose run it is."""

    def import_object(source: Source, found: FoundObject, path: Path, is_forced: bool) -> ImportSummary:
        if source.kind != "requests":
            raise PermanentError(f"{source.title} is of a kind that cannot be read: {source.kind}")
        task = LogImport(
            tenant=source.tenant,
            tenant_slug=source.tenant_slug,
            object=found.name,
            format_name=source.format_name,
            started_by=started_by,
            source=source.name,
            version=found.version,
            fields=source.reading.get("fields", "").split(),
            mapping=load_mapping(Path(source.reading["map"])) if "map" in source.reading else None,
            trusted=TrustedProxies.of(source.reading.get("trusted", "").split()),
            is_forced=is_forced,
        )
        with path.open("rb") as content:
            return import_batches(warehouse, task, open_log(found.name, content))

    return import_object
