"""One object of a source of orders, imported for the sponsor that the source names.

Here: from a source's settings to an import.
Not here: which objects are due (assets/importing/sources/reading.py), storing (storing.py).
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from assets.importing.sources.configured import Source
from assets.importing.sources.places import FoundObject
from assets.importing.storing import ImportSummary
from assets.orders.shops import named_shop
from assets.orders.storing import OrderImport, find_sponsor, import_orders
from sql.warehouse import Warehouse


def import_object(
    warehouse: Warehouse, source: Source, found: FoundObject, path: Path, started_by: str, is_forced: bool
) -> ImportSummary:
    """Store the orders of an object. Raises PermanentError where the source's sponsor or mapping is gone, too."""
    reading = source.reading
    sponsor, title = find_sponsor(warehouse, source.tenant, reading["sponsor"])
    task = OrderImport(
        tenant=source.tenant,
        sponsor=UUID(str(sponsor)),
        sponsor_name=title,
        object=found.name,
        started_by=started_by,
        source=source.name,
        version=found.version,
        shop=named_shop(reading.get("map")),
        currency=reading.get("currency"),
        timezone=reading.get("time_zone", "UTC"),
        is_forced=is_forced,
    )
    with path.open("rb") as content:
        return import_orders(warehouse, task, content)
