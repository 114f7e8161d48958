"""Reading files of a catalogue, and the database beside them.

Here: files and folders as entries of tenants, the state of a tenant.
Not here: what the files say (assets/catalogue), writing anything (entering.py).
"""

from __future__ import annotations

import difflib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from assets.catalogue.files.csv_files import read_csv
from assets.catalogue.files.entries import Entry, Place, Problem, Raw
from assets.catalogue.files.structure import check
from assets.catalogue.files.yaml_files import read_yaml
from assets.catalogue.kinds import KINDS
from assets.catalogue.names import tenant_uuid
from assets.catalogue.state import State, build_state
from assets.catalogue.statements import select_rows
from sql.values import PermanentError
from sql.warehouse import Connection

READERS = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_yaml, ".csv": read_csv}
LARGEST = 64_000_000
NOT_UTF_8 = "save it as UTF-8 (Excel: CSV UTF-8)"

# Whose rows belong to no tenant: rates.
NOBODY = UUID(int=0)


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files, and those of folders by their names. Raises PermanentError for files of another format."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(each for each in path.iterdir() if each.suffix.lower() in READERS) if path.is_dir() else [path]
        if not inside:
            raise PermanentError(f"{path} holds no file of {', '.join(READERS)}")
        found += inside
    for path in found:
        if path.suffix.lower() not in READERS:
            raise PermanentError(f"{path}: the files of a catalogue end in {', '.join(READERS)}")
    return list(dict.fromkeys(found))


def read_files(paths: Iterable[Path]) -> tuple[list[Entry], list[Problem]]:
    """The entries of the files, and everything that is wrong with their form."""
    raws: list[Raw] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            text = _text(path)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            problems.append(Problem(Place(str(path), line), f"this is no {error.encoding.upper()}: {NOT_UTF_8}"))
            continue
        except (OSError, ValueError) as error:
            problems.append(Problem(Place(str(path)), f"cannot be read: {error}"))
            continue
        found, wrong = READERS[path.suffix.lower()](str(path), text)
        raws += found
        problems += wrong
    entries, wrong = check(raws)
    return entries, problems + wrong


def _text(path: Path) -> str:
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes, and {LARGEST:,} are read at most; part it")
    content = path.read_bytes()
    return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")


def by_tenant(
    connection: Connection, entries: Iterable[Entry], default: str | None
) -> tuple[list[tuple[State, list[Entry]]], list[Problem]]:
    """The entries of each tenant beside its state; those of an unknown one are problems.

    default: the slug of entries that name none. Where neither is there, the only tenant that the files define, else the
    only one of the database.
    """
    slugs = {str(slug): UUID(str(tenant)) for tenant, slug in connection.execute("SELECT tenant_id, slug FROM tenants")}
    groups: dict[str, list[Entry]] = {}
    problems: list[Problem] = []
    given = list(entries)
    defined = {str(entry.values["id"]) for entry in given if entry.kind == "tenants"}
    alone = defined if len(defined) == 1 else set(slugs) if len(slugs) == 1 and not defined else set()
    for entry in given:
        slug = _owner(entry, default or next(iter(alone), None))
        if slug is None:
            message = "nothing says whose this is: put `tenant: SLUG` into the file, or give --tenant"
            problems.append(Problem(entry.place, message))
        elif slug and slug not in slugs and slug not in defined:
            near = difflib.get_close_matches(slug, [*slugs, *defined], n=1)
            advice = f"did you mean {near[0]}?" if near else "a list `tenants` makes one"
            problems.append(Problem(entry.place, f"there is no tenant {slug!r}; {advice}"))
        else:
            groups.setdefault(slug, []).append(entry)
    return [(read_state(connection, slug, slugs.get(slug)), group) for slug, group in sorted(groups.items())], problems


def _owner(entry: Entry, default: str | None) -> str | None:
    if entry.kind == "tenants":
        return str(entry.values["id"])
    if not KINDS[entry.kind].of_tenant:
        return ""
    return entry.raw.tenant or default


def read_state(connection: Connection, slug: str, tenant: UUID | None) -> State:
    """What the database has of a tenant; of one that is not there, nothing. slug '': what belongs to no tenant."""
    owner = NOBODY if slug == "" else tenant or tenant_uuid(slug)
    rows: dict[str, list[dict[str, Any]]] = {}
    slugs: list[tuple[str, str, UUID]] = []
    if tenant is not None or slug == "":
        with connection.cursor(row_factory=dict_row) as cursor:
            for kind in KINDS.values():
                if kind.of_tenant == (slug != ""):
                    rows[kind.name] = cursor.execute(select_rows(kind).encode(), {"tenant": owner}).fetchall()
        found = connection.execute("SELECT kind, slug, row_id FROM catalogue_slugs WHERE tenant_id = %s", [owner])
        slugs = [(str(kind), str(name), UUID(str(row))) for kind, name, row in found]
    return build_state(owner, slug, rows, slugs)
