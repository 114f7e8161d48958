"""The `db` commands: start, stop and look at the database.

Here: what a person types and reads.
Not here: the private server (sql/embedded), the schema (sql/schema/migrate.py), where settings come from.
"""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg

from pipelines import console, runtime
from pipelines.homes import dagster_home
from pipelines.settings import Settings, load_settings
from sql.adopting.mapping import read_mapping
from sql.adopting.rows import adopt_rows
from sql.adopting.views import make_views
from sql.connections.connecting import connect, statement_error
from sql.connections.limits import bounded_history
from sql.embedded import ensure_server, find_server, stop_server
from sql.failures import FailureLog
from sql.schema.checking import check_schema
from sql.schema.community import Choice, use_community
from sql.schema.migrate import migrate, rollback
from sql.schema.partitions import make_partitions
from sql.schema.status import EDITIONS
from sql.schema.status import status as schema_status
from sql.values import PermanentError

# So many pending files are named; the others are counted.
NAMED = 10

CONFIGURED = "DATABASE_URL (or POSTGRES_HOST) is set, so Earshot uses that database and keeps no private one."

ONE_LOGIN = (
    "One login migrates and runs everything, so whoever has its password can also change the trail of changes. "
    "docs/roles.md says how a superuser makes two; DATABASE_MIGRATE_URL names the other."
)

AS_OWNER = """psql "$(earshot db url --migrator)", and first SET ROLE earshot_owner;"""


@click.group()
def db() -> None:
    """The database: a private TimescaleDB under .earshot, unless DATABASE_URL names another."""


@db.command()
def up() -> None:
    """Start the private database, fetching and making it first if need be, and bring its schema up to date."""
    settings = load_settings()
    if settings.database_url:
        console.out.print(CONFIGURED)
        return
    server = ensure_server(settings.home, _progress)
    runtime.ensure_fonts(settings, _progress)
    migrate(server.migrator_url, _progress, limits=settings.limits)
    console.out.print(f"Running: {server}")


@db.command()
@click.option("--wipe", is_flag=True, help="Remove the database with all its data, its log and its passwords as well.")
def down(wipe: bool) -> None:
    """Stop the private database."""
    home = load_settings().home
    if wipe:
        # Dagster's history is wiped with the database, and so are the logs that belong to it.
        shutil.rmtree(home / "dagster", ignore_errors=True)
    if not stop_server(home, wipe=wipe, keep_programs=not wipe):
        console.out.print("The private database was not running.")
    else:
        console.out.print(
            "The private database is removed." if wipe else "The private database is stopped; its data is kept."
        )


@db.command()
def status() -> None:
    """Say which database is in use, whether it answers and what of its schema is pending. Exit code 1 if it is down."""
    settings = load_settings()
    if settings.database_url:
        console.out.print(CONFIGURED)
        console.out.print(f"It answers: {_version(settings)}")
        console.out.print(f"Schema: {_schema(settings)}")
        return
    server = find_server(settings.home)
    if server is None:
        console.out.print("The private database is not running. Start it with `earshot db up`.")
        raise SystemExit(1)
    console.out.print(f"Running: {server}")
    console.out.print(f"Data:     {server.data}")
    console.out.print(f"Programs: {server.binaries}")
    console.out.print(f"Schema:   {_schema(settings)}")


@db.command("migrate")
def migrate_command() -> None:
    """Bring the schema of the database in use up to date."""
    settings = load_settings()
    migrate(runtime.migrate_url(settings), _progress, limits=settings.limits)
    if runtime.database_url(settings) == runtime.migrate_url(settings):
        _progress(ONE_LOGIN)


@db.command()
@click.option(
    "--columns-after",
    type=click.IntRange(1, 3650),
    default=40,
    show_default=True,
    help="Days until raw rows lie in columns.",
)
@click.option(
    "--drop-after", type=click.IntRange(30, 3650), help="Days after which raw rows are dropped.  [default: never]"
)
@click.option("--off", is_flag=True, help="Take all of it back; rows that were dropped stay dropped.")
def community(columns_after: int, drop_after: int | None, off: bool) -> None:
    """Switch on what TimescaleDB's Community edition has besides, on a database that is of it.

    Raw rows lie in columns after some days, events are counted by hour and day in continuous aggregates, which a check
    compares with the rollups, and old raw rows are dropped if you say so, which is refused where rows are to be
    archived before they go. Said again it follows another choice.
    """
    settings = load_settings()
    choice = None if off else Choice(columns_after, drop_after)
    use_community(runtime.migrate_url(settings), choice, console.out.print, settings.limits, archive=settings.archive)


@db.command("rollback")
@click.argument("migration")
@click.option("--yes", is_flag=True, help="Do not ask: what the tables and columns hold that go is lost.")
def rollback_command(migration: str, yes: bool) -> None:
    """Take back every migration after MIGRATION, the last first, each in a transaction of its own.

    Before an older version of Earshot is installed, with the version that made them. `earshot db status` and the
    error for a name that is not there list them. What the tables and columns hold that go is lost: make a backup first.
    """
    settings = load_settings()
    url = runtime.migrate_url(settings)
    applied = [name for name, applied_at in schema_status(url, settings.limits).migrations if applied_at is not None]
    leaving = [name for name in applied if name > migration]
    if leaving and not yes:
        click.confirm(f"Take back {', '.join(leaving)}, with all rows that only they have a place for?", abort=True)
    taken_back = rollback(url, migration, _progress, limits=settings.limits)
    console.out.print(f"{len(taken_back)} migration(s) taken back; the schema is that of {migration}.")


@db.command()
def check() -> None:
    """Compare the schema with what the migrations make: say what is otherwise, and what mends it. Exit code 1 if it is.

    Looks at tables, columns, constraints, indexes, policies, row-level security, triggers, views, functions, owners,
    grants (of chunks and partitions too), comments, roles and applied files. Changes nothing.
    """
    settings = load_settings()
    findings = check_schema(runtime.database_url(settings), settings.limits)
    for finding in findings:
        console.out.print(finding.what)
        console.out.print(f"    {finding.mend}")
    if findings:
        console.out.print(f"{len(findings)} difference(s). SQL is for earshot_owner: {AS_OWNER}")
        raise SystemExit(1)
    console.out.print("The schema is what the migrations make.")


@db.command()
@click.argument("mapping", type=click.Path(path_type=Path, dir_okay=False))
def adopt(mapping: Path) -> None:
    """Read a platform's own tables as ours, as MAPPING says, and bring over all of their rows.

    The platform's tables lie in another schema of the database, or are foreign tables in one. Where the views of the
    schema adopted are made, the asset adopted_rows brings over what is new. Running it again changes the views to what
    the file says, and looks at every row. Exit code 1 if it fails for a tenant.
    """
    settings = load_settings()
    tables = read_mapping(mapping)
    with connect(runtime.migrate_url(settings), settings.limits) as connection:
        try:
            connection.begin("migrating", "earshot db adopt")
            make_views(connection, tables)
            connection.commit()
        except psycopg.Error as problem:
            raise statement_error(problem, "Making the views of adopted tables") from None
    counts: Counter[str] = Counter({table.name: 0 for table in tables})
    with runtime.open_warehouse(settings, "earshot db adopt") as warehouse:
        failures = FailureLog(warehouse, "catalogue", console.err.print, not_done="its rows were not brought over")
        for each in adopt_rows(warehouse, failures, datetime.now(UTC), whole=True):
            counts[each.table] += each.rows
    for name, count in counts.items():
        console.out.print(f"{name}: {count:,} row(s) new or changed")
    if failures.found:
        raise SystemExit(1)


@db.command()
def upkeep() -> None:
    """Make the partitions of the days to come, and of days whose rows wait for one. TimescaleDB needs none."""
    settings = load_settings()
    with runtime.open_warehouse(settings, "earshot db upkeep") as warehouse:
        made = 0
        for each in make_partitions(warehouse):
            made += each.waits is None
            done = f"made, {each.rows:,} row(s) moved in" if each.waits is None else f"not made: {each.waits}"
            _progress(f"{each.series} from {each.first_day}: {done}")
    console.out.print(f"{made} partition(s) made.")


@db.command()
@click.option("--migrator", is_flag=True, help="Of the login that migrates and makes logins for tenants' people.")
@click.option("--superuser", is_flag=True, help="Of the private server's superuser, for backups (docs/runbook.md).")
@click.option("--database", metavar="NAME", help="Of another database of the private server.")
def url(migrator: bool, superuser: bool, database: str | None) -> None:
    """Print the database's address with its password, for other programs: psql "$(earshot db url)"."""
    settings = load_settings()
    if not superuser:
        address = runtime.migrate_url(settings) if migrator else runtime.database_url(settings)
    elif settings.database_url:
        raise PermanentError("Earshot knows no superuser of the server that DATABASE_URL names: use one of yours.")
    else:
        server = runtime.private_server(settings)
        address = f"{server.admin_url.rpartition('/')[0]}/{server.url.rpartition('/')[2]}"
    console.raw(f"{address.rpartition('/')[0]}/{database}" if database else address)


@db.command()
def env() -> None:
    """Print what Dagster's own commands need in their environment: eval "$(earshot db env)"."""
    settings = load_settings()
    home = str(dagster_home(settings))
    variables = {"EARSHOT_HOME": str(settings.home), "EARSHOT_DAGSTER_FOLDER": home, "DAGSTER_HOME": home}
    if settings.database_url is None:
        variables["DAGSTER_POSTGRES_URL"] = bounded_history(
            runtime.private_server(settings).dagster_url, settings.limits
        )
    for name, value in variables.items():
        console.raw(f"export {name}={shlex.quote(value)}")


def _version(settings: Settings) -> str:
    with connect(runtime.database_url(settings), settings.limits) as connection:
        try:
            connection.begin("status", "earshot db status")
            row = connection.execute("SELECT version()").fetchone()
        except psycopg.Error as problem:
            raise statement_error(problem, "Asking for the server's version") from None
    return str(row[0]) if row else "PostgreSQL"


def _schema(settings: Settings) -> str:
    """Whether the schema is that of this version, and what is pending."""
    found = schema_status(runtime.database_url(settings), settings.limits)
    waiting = [*found.pending, *found.outdated]
    if not waiting and found.edition:
        return f"up to date ({EDITIONS[found.edition]})"
    more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
    return f"pending: {', '.join(waiting[:NAMED])}{more}; `earshot db migrate` applies them"


def _progress(message: str) -> None:
    """On the error stream, so that what a command prints can be used by another."""
    console.err.print(message)
