"""One object of a configured source, imported as its kind and format say.

Here: from a source's settings to an import, of logs; what imports the other kinds.
Not here: which objects are due (reading.py), storing (assets/importing), orders (assets/orders).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from assets.computing import function_at
from assets.importing.addresses import TrustedProxies
from assets.importing.files.batches import open_log
from assets.importing.mappings.mapping import load_mapping
from assets.importing.sources.configured import Source
from assets.importing.sources.places import FoundObject
from assets.importing.storing import ImportSummary, LogImport, import_batches
from sql.raw.imports import Kind
from sql.warehouse import Warehouse

# What imports an object of each kind. Orders are made of more than logs are, so their room lies above this one, and is
# named as the steps of a day name theirs.
IMPORTERS: Mapping[Kind, str] = {
    "requests": "assets.importing.sources.objects:import_object",
    "orders": "assets.orders.objects:import_object",
}


def importer(warehouse: Warehouse, started_by: str) -> Callable[[Source, FoundObject, Path, bool], ImportSummary]:
    """What imports an object of a source, of whichever kind. started_by: whose run it is."""

    def import_one(source: Source, found: FoundObject, path: Path, is_forced: bool) -> ImportSummary:
        summary: ImportSummary = function_at(IMPORTERS[source.kind])(
            warehouse, source, found, path, started_by, is_forced
        )
        return summary

    return import_one


def import_object(
    warehouse: Warehouse, source: Source, found: FoundObject, path: Path, started_by: str, is_forced: bool
) -> ImportSummary:
    """Store the requests of an object."""
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
