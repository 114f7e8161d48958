"""Writes sql/schema/expected.json anew, after a change of migrations, functions or views: python -m tests.sql.expected.

Here: making a database to read. Not here: the file's form (sql/schema/expected.py), tests (schema/test_checking.py).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg

from sql.embedded import ensure_server, stop_server
from sql.schema.expected import FILE, as_file
from sql.schema.migrate import migrate
from sql.schema.objects import Key, read_objects

PLACE = Path(__file__).parents[2] / "sql" / "schema" / FILE


def made(url: str) -> dict[Key, str]:
    """The objects of a migrated database."""
    with psycopg.connect(url) as connection:
        return read_objects(connection)


def main() -> None:
    """Migrate a private database, read it, and remove it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    home = folder / "home"
    try:
        server = ensure_server(home, print, settings={"fsync": "off"})
        migrate(server.migrator_url)
        PLACE.write_text(as_file(made(server.migrator_url)), "utf-8")
    finally:
        stop_server(home, wipe=True)
        folder.rmdir()


if __name__ == "__main__":
    main()
