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

from sql.warehouse import Warehouse
from tests.sql.rows import HARBOR, KREUZBERG, RUN, fill

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md")), *sorted((ROOT / "deploy").glob("*.md"))]

BLOCK = re.compile(r"^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:SELECT|UPDATE|INSERT|DELETE|SET ROLE) [^`]*)`")

# Logins belong to the whole server, which tests at the same time share.
READER = f"harbor_lane_ana_{secrets.token_hex(4)}"
MAKES_THE_READER = "SELECT earshot_add_reader"

# What only the application's login does: it chooses a tenant, makes a reader's login, takes the pipeline's role, and
# ends a process that holds a lock.
FOR_THE_APPLICATION = re.compile(
    r"SET ROLE|earshot_add_reader|earshot_remove_reader|bi\.use_tenant|pg_terminate_backend"
)


def statements() -> list[tuple[str, str]]:
    """Page and text of every block and every whole statement in a line; one that ends in dots is only named there."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [(page.name, each) for each in BLOCK.findall(text)]
        found += [(page.name, each) for each in INLINE.findall(BLOCK.sub("", text)) if not each.endswith("...)")]
    return [(page, text.replace("harbor_lane_ana", READER)) for page, text in found]


STATEMENTS = [(page, text) for page, text in statements() if text != "SET ROLE earshot_etl"]
READ = [(page, text) for page, text in STATEMENTS if not FOR_THE_APPLICATION.search(text)]


@pytest.fixture
def harbor_lane(warehouse: Warehouse) -> Warehouse:
    """Two networks with rows of the same ids; the docs speak of the first."""
    named = {"tenant_id": [HARBOR.bytes, KREUZBERG.bytes], "slug": ["harbor-lane", "kreuzberg-radio"]}
    warehouse.insert("tenants", pl.DataFrame({**named, "name": ["Harbor", "Kreuz"], "brand_name": ["Harbor", "Kreuz"]}))
    fill(warehouse, HARBOR)
    fill(warehouse, KREUZBERG)
    return warehouse


@pytest.fixture
def reader_url(harbor_lane: Warehouse, database_url: str) -> Iterator[str]:
    """The address of a reader's login, made by the statements of the docs."""
    made = [text for page, text in STATEMENTS if page == "operators.md" and MAKES_THE_READER in text]
    assert len(made) == 1
    role = sql.Identifier(READER)
    with psycopg.connect(database_url, autocommit=True) as application:
        application.execute(made[0].encode())
        # What \password does.
        application.execute(sql.SQL("ALTER ROLE {} PASSWORD 'tides'").format(role))
    yield f"postgresql://{READER}:tides@{database_url.split('@')[1]}"
    with psycopg.connect(database_url, autocommit=True) as application:
        application.execute("SELECT earshot_remove_reader(%s)", [READER])
        application.execute(sql.SQL("DROP ROLE {}").format(role))


def run(connection: psycopg.Connection[tuple[object, ...]], page: str, text: str) -> str:
    """Everything that the statements answer, as text. Fails with the page and the statement that do not run."""
    try:
        # No server has a process of this number.
        cursor = connection.execute(text.replace("'...'", f"'{RUN}'").replace("PROCESS", "-1").encode())
    except psycopg.Error as error:
        pytest.fail(f"{page} has a statement that does not run: {error}\n{text}")
    answers = []
    more: bool | None = True
    while more:
        answers += cursor.fetchall() if cursor.description else []
        more = cursor.nextset()
    return str(answers)


def test_the_pages_have_their_statements() -> None:
    assert len(STATEMENTS) > 34
    assert len(READ) > 25
    assert {page for page, _ in STATEMENTS} == {"analysts.md", "operators.md"}


def test_a_readers_login_made_as_the_docs_say_runs_what_they_give_it(reader_url: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as reader:
        answers = [run(reader, page, text) for page, text in READ]
    assert sum(answer != "[]" for answer in answers) >= 3
    assert str(KREUZBERG) not in "".join(answers)


def test_the_applications_login_runs_every_statement_one_after_the_other(
    harbor_lane: Warehouse, database_url: str
) -> None:
    """In one session, as a person does who reads the pages from top to bottom."""
    with psycopg.connect(database_url, autocommit=True) as application:
        for page, text in STATEMENTS:
            if "earshot_remove_reader" not in text:
                run(application, page, text)
        for page, text in STATEMENTS:
            if "earshot_remove_reader" in text:
                run(application, page, text)
        application.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(READER)))
        application.execute("SET ROLE earshot_etl")
        changed = application.execute("SELECT address_days, whole_file_slack FROM tenants ORDER BY slug").fetchall()
        assert changed == [(90, 4096), (None, 0)]
        trail = application.execute(
            "SELECT DISTINCT changed_by, acting_as FROM config_changes WHERE operation = 'update'"
        )
        assert trail.fetchall() == [("earshot", "earshot_etl")]


def test_what_the_docs_give_the_application_is_refused_to_a_reader(reader_url: str) -> None:
    with psycopg.connect(reader_url, autocommit=True) as reader:
        for _, text in STATEMENTS:
            if "SET ROLE" in text:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(text.replace("'...'", f"'{RUN}'").encode())
