"""Names: the readable ids of rows, those that are stored and those that follow from what a row is called.

Here: slugs from titles, a slug for every row that has none stored, ids of new rows, finding a row by its name.
Not here: which rows there are (state.py), what refers to what (resolving.py).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID, uuid5

LONGEST = 100

# Among more names than this, near ones are not looked for: it takes seconds.
MANY = 20_000

# Of tenants; ids of everything else lie in the namespace of their tenant.
NAMESPACE = UUID("b2a2f3c6-6f0a-5d0b-9a55-3f1d4f6f7c11")


def slugify(text: str) -> str:
    """Lower case, letters without their accents, digits and single dashes; empty where nothing of that is in it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def spelled(title: str) -> str:
    """The slug of a title; of one in another script than the Latin one, of how it is spelled in Latin letters."""
    if slug := slugify(title):
        return slug
    # Most networks never need it.
    from anyascii import anyascii

    return slugify(anyascii(title))


def spelled_titles(new: Mapping[UUID, str], others: Iterable[str]) -> dict[UUID, str]:
    """Slugs of those new titles that have none but as they are spelled in Latin letters; each is that of one title."""
    taken = Counter(slugify(title) for title in (*new.values(), *others))
    found = {row: spelled(title) for row, title in new.items() if not slugify(title)}
    taken.update(found.values())
    return {row: slug for row, slug in found.items() if slug and taken[slug] == 1}


def row_uuid(tenant: UUID, kind: str, *key: object) -> UUID:
    """The id of a new row: the same for the same tenant, kind and name, on every machine."""
    return uuid5(tenant, "\n".join([kind, *map(str, key)]))


def tenant_uuid(slug: str) -> UUID:
    """The id of a new tenant."""
    return uuid5(NAMESPACE, slug)


@dataclass(slots=True)
class Names:
    """The rows of one kind by name and by id. ambiguous: what several rows without a slug of their own are called."""

    kind: str
    by_name: dict[str, UUID] = field(default_factory=dict)
    by_id: dict[UUID, str] = field(default_factory=dict)
    also: dict[str, UUID] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, row: UUID) -> None:
        self.by_name[name] = row
        self.by_id[row] = name

    def find(self, name: str) -> UUID:
        """The row of this name. Raises LookupError, with near names, for one that is none."""
        wanted = name.strip()
        row = self.by_name.get(wanted) or self.also.get(wanted)
        if row is not None:
            return row
        if wanted in self.ambiguous:
            raise LookupError(f"{wanted!r} may be {' or '.join(self.ambiguous[wanted])}: name one of them")
        near = difflib.get_close_matches(wanted, self.by_name, n=3) if len(self.by_name) < MANY else []
        advice = f"did you mean {' or '.join(near)}?" if near else f"there are {_some(self.by_name)}"
        raise LookupError(f"there is no {wanted!r} among {self.kind}; {advice}")


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "") if listed else "none"


def name_rows(kind: str, suggested: Mapping[UUID, str], stored: Mapping[str, UUID]) -> Names:
    """The names of a kind's rows: the stored slug, else what the row suggests, made different where it has to be.

    suggested: of every row, what it is called; stored: slugs of catalogue_slugs. Rows that are called the same have a
    hash of their ids behind it, all of them, so that no name passes from one to another when one is added.
    """
    names = Names(kind)
    for slug, row in stored.items():
        if row in suggested:
            names.add(slug, row)
    groups: dict[str, list[UUID]] = {}
    for row, words in suggested.items():
        if row not in names.by_id:
            groups.setdefault(slugify(words), []).append(row)
    for base, rows in groups.items():
        is_alone = len(rows) == 1 and base and base not in names.by_name
        for row in rows:
            names.add(base if is_alone else _longer(base or kind, row), row)
        if not is_alone:
            names.ambiguous[base] = sorted(names.by_id[row] for row in rows)
    return names


def _longer(base: str, row: UUID) -> str:
    return f"{base[: LONGEST - 11]}-{blake2b(row.bytes, digest_size=5).hexdigest()}"
