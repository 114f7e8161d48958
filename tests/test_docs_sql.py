"""The SQL in the docs, run as it stands through the logins that the docs name."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg import sql

from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.sql.access.apart import Apart, apart
from tests.sql.rows import HARBOR, KREUZBERG, RUN, fill

ROOT = Path(__file__).parents[1]
# CONTRIBUTING.md speaks of tables that are not there yet.
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", *sorted((ROOT / "deploy").glob("*.md"))]

BLOCK = re.compile(r"^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:SELECT|UPDATE|INSERT|DELETE|SET ROLE) [^`]*)`")

# Logins belong to the whole server, which tests at the same time share.
READER = f"harbor_lane_ana_{secrets.token_hex(4)}"

# What only one of the two logins of ours does: the migrator's makes readers and changes the schema; the application's
# chooses a tenant, takes the pipeline's role, and ends a process that holds a lock.
FOR_THE_MIGRATOR = re.compile(r"earshot_add_reader|earshot_remove_reader|SET ROLE earshot_owner")
FOR_THE_APPLICATION = re.compile(r"SET ROLE|bi\.use_tenant|pg_terminate_backend")


def statements() -> list[tuple[str, str]]:
    """Page and text of every block and every whole statement in a line; one that ends in dots is only named there."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [(page.name, each) for each in BLOCK.findall(text)]
        found += [(page.name, each) for each in INLINE.findall(BLOCK.sub("", text)) if not each.endswith("...)")]
    return [(page, text.replace("harbor_lane_ana", READER)) for page, text in found]


STATEMENTS = [(page, text) for page, text in statements() if text != "SET ROLE earshot_etl"]
MIGRATORS = [(page, text) for page, text in STATEMENTS if FOR_THE_MIGRATOR.search(text)]
APPLICATIONS = [each for each in STATEMENTS if each not in MIGRATORS]
READ = [(page, text) for page, text in APPLICATIONS if not FOR_THE_APPLICATION.search(text)]


@pytest.fixture(scope="module")
def logins(server: Server) -> Iterator[Apart]:
    """The two logins of ours, apart, and two networks with rows of the same ids; the docs speak of the first."""
    with apart(server) as made:
        warehouse = Warehouse(made.app_url)
        named = {"tenant_id": [HARBOR.bytes, KREUZBERG.bytes], "slug": ["harbor-lane", "kreuzberg-radio"]}
        brands = {"name": ["Harbor", "Kreuz"], "brand_name": ["Harbor", "Kreuz"]}
        warehouse.insert("tenants", pl.DataFrame({**named, **brands}))
        fill(warehouse, HARBOR)
        fill(warehouse, KREUZBERG)
        warehouse.close()
        yield made


@pytest.fixture(scope="module")
def reader_url(logins: Apart) -> Iterator[str]:
    """The address of a reader's login, made and taken back by the docs' statements through the migrator's login."""
    makes, takes_back = (text for _, text in MIGRATORS if READER in text)
    role = sql.Identifier(READER)
    with psycopg.connect(logins.migrator_url, autocommit=True) as migrator:
        run(migrator, "operators.md", makes)
        # What \\password does.
        migrator.execute(sql.SQL("ALTER ROLE {} PASSWORD 'tides'").format(role))
        yield f"postgresql://{READER}:tides@{logins.app_url.split('@')[1]}"
        run(migrator, "operators.md", takes_back)
        migrator.execute(sql.SQL("DROP ROLE {}").format(role))


def run(connection: psycopg.Connection[tuple[object, ...]], page: str, text: str) -> str:
    """Everything that the statements answer, as text. Fails with the page and the statement that do not run."""
    try:
        # No server has a process of this number.
        cursor = connection.execute(text.replace("'...'", f"'{RUN}'").replace("PROCESS", "-1").encode())
    except psycopg.Error as error:
        pytest.fail(f"{page} has a statement that does not run: {error}\n{text}")
    results = []
    more: bool | None = True
    while more:
        results += cursor.fetchall() if cursor.description else []
        more = cursor.nextset()
    return str(results)


def test_the_pages_have_their_statements() -> None:
    assert len(STATEMENTS) > 34
    assert len(READ) > 25
    pages = {"analysts.md", "deploying.md", "operators.md", "reports-numbers.md", "runbook.md"}
    assert {page for page, _ in STATEMENTS} == pages


def test_a_readers_login_made_as_the_docs_say_runs_what_they_give_it(reader_url: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as reader:
        results = [run(reader, page, text) for page, text in READ]
    assert sum(answer != "[]" for answer in results) >= 3
    assert str(KREUZBERG) not in "".join(results)


def test_the_applications_login_runs_every_statement_one_after_the_other(logins: Apart) -> None:
    """In one session, as a person does who reads the pages from top to bottom."""
    with psycopg.connect(logins.app_url, autocommit=True) as application:
        for page, text in APPLICATIONS:
            run(application, page, text)
        application.execute("SET ROLE earshot_etl")
        changed = application.execute(
            "SELECT slug, address_days, whole_file_slack FROM tenants ORDER BY slug"
        ).fetchall()
        assert {("harbor-lane", 90, 4096), ("kreuzberg-radio", None, 0)} <= set(changed)
        trail = application.execute("SELECT DISTINCT changed_by, acting_as, operation FROM config_changes").fetchall()
        assert (logins.app, "earshot_etl", "update") in trail


def test_the_migrators_login_runs_what_the_docs_give_it(logins: Apart) -> None:
    """But for readers, whom the other tests have made and taken back through it."""
    with psycopg.connect(logins.migrator_url, autocommit=True) as migrator:
        for page, text in MIGRATORS:
            if READER not in text:
                run(migrator, page, text)


def test_what_the_docs_give_the_application_is_refused_to_a_reader(reader_url: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as reader:
        for _, text in STATEMENTS:
            if "SET ROLE" in text or FOR_THE_MIGRATOR.search(text):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(text.replace("'...'", f"'{RUN}'").encode())
