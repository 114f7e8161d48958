"""Configured sources: where each tenant's logs and orders lie, and what became of each object there.

Here: the rows of import_sources and import_objects.
Not here: finding objects (places.py), reading them (reading.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from assets.importing.sources.places import FoundObject, Place
from sql.raw.imports import Kind
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Warehouse

State = Literal["imported", "quarantined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place where a tenant's logs or orders lie.

    reading: how objects are read. Of logs fields, map (a file), trusted, as `earshot import` takes them; of orders
    sponsor (its id), map (a shop or a file), currency, time_zone.
    """

    tenant: UUID
    tenant_slug: str
    name: str
    kind: Kind
    place: Place
    format_name: str
    entered_by: str = ""
    entered_at: datetime | None = None
    reading: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """As commands name it: tenant/name."""
        return f"{self.tenant_slug}/{self.name}"


@dataclass(frozen=True, slots=True)
class ObjectState:
    """An object that was read before."""

    version: str
    state: str
    is_forced: bool
    attempts: int
    reason: str | None


def add_source(warehouse: Warehouse, source: Source) -> None:
    """Enter a source, or change the one of that name; what was read of it stays noted."""
    options = {"place": dict(source.place.options), "reading": source.reading}
    values = {
        "tenant": source.tenant,
        "name": source.name,
        "kind": source.kind,
        "location": source.place.location,
        "format": source.format_name,
        "options": json.dumps(options),
        "entered_by": source.entered_by,
    }
    with warehouse.transaction() as connection:
        connection.execute(statement("add_import_source").text, values)


def remove_source(warehouse: Warehouse, source: Source) -> None:
    """Look at the place no more. What was imported from it stays; what was read there is forgotten."""
    with warehouse.transaction() as connection:
        connection.execute(
            "DELETE FROM import_sources WHERE tenant_id = %s AND name = %s", (source.tenant, source.name)
        )


def sources_of(warehouse: Warehouse, tenants: Sequence[UUID]) -> list[Source]:
    """The tenants' sources, by slug and name."""
    return [
        Source(
            tenant=row["tenant_id"],
            tenant_slug=row["tenant"],
            name=row["name"],
            kind=row["kind"],
            place=Place(row["location"], row["options"].get("place", {})),
            format_name=row["format"],
            entered_by=row["entered_by"],
            entered_at=row["entered_at"],
            reading=row["options"].get("reading", {}),
        )
        for row in warehouse.rows("read_import_sources", tenants=list(tenants))
    ]


def find_source(warehouse: Warehouse, title: str) -> Source:
    """The source that TENANT/NAME names. Raises PermanentError, with those that there are, for others."""
    slug, slash, name = title.partition("/")
    if not slash:
        raise PermanentError(f"{title!r} is no source: name it as TENANT/NAME; `earshot sources list` has them")
    found = sources_of(warehouse, [warehouse.tenant_id(slug)])
    for source in found:
        if source.name == name:
            return source
    there = ", ".join(each.title for each in found) or "none"
    raise PermanentError(f"There is no source {title}; of {slug} there are: {there}")


def read_object_states(warehouse: Warehouse, source: Source) -> dict[str, ObjectState]:
    """What was read of a source, by the object's name."""
    return {
        row["object"]: ObjectState(row["version"], row["state"], row["is_forced"], row["attempts"], row["reason"])
        for row in warehouse.rows("read_import_objects", tenant=source.tenant, source=source.name, states=None)
    }


def note_object(
    warehouse: Warehouse, source: Source, found: FoundObject, state: State, number: int | None, reason: str | None
) -> None:
    """The object was read in this version, and what came of it. number: its import, where one began."""
    values = {
        "tenant": source.tenant,
        "source": source.name,
        "object": found.name,
        "version": found.version,
        "bytes": found.bytes,
        "modified_at": found.modified_at,
        "state": state,
        "reason": reason,
        "import": number,
    }
    with warehouse.transaction() as connection:
        connection.execute(statement("note_import_object").text, values)


def retry_objects(warehouse: Warehouse, source: Source, objects: Sequence[str] = (), *, is_forced: bool = False) -> int:
    """Read quarantined objects again with the next look, or those that are named, whatever became of them.

    is_forced: even where they look wrong. Returns how many will be. Raises PermanentError for one that was never read.
    """
    values = {"tenant": source.tenant, "source": source.name, "objects": list(objects) or None, "is_forced": is_forced}
    with warehouse.transaction() as connection:
        found = connection.execute(statement("retry_import_objects").text, values).rowcount
    if objects and found < len(set(objects)):
        raise PermanentError(
            f"Of the {len(set(objects))} objects that you named, {found} were read before in {source.title}; "
            "`earshot sources check` has the names of what is due and set aside"
        )
    return found
