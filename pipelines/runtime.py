"""Runtime: turns settings into the things that runs and commands work with.

Here: the database in use, the warehouse, what listening is measured with, the mail transport, the orchestrator's home.
Not here: reading the environment (settings.py), the assets, the commands.

Dagster, Polars and what measures are imported by the functions that need them: loading them takes seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.homes import dagster_home
from pipelines.settings import Settings
from sql.connections.connecting import DatabaseUnavailableError, first_line
from sql.connections.limits import Work, bounded_history
from sql.embedded import Server, ensure_server, find_server
from sql.safety.masking import masked
from sql.safety.private import PRIVATE_UMASK
from sql.values import EarshotError, PermanentError
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from assets.importing.sources.places import Place
    from assets.listening.identity.keys import Keyring
    from assets.resources import Mailing, Measurement

# Dagster would redirect what a command prints into a file for each step, through two processes of its own, and the
# progress bar would not be shown.
OWN_OUTPUT = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}


def database_url(settings: Settings) -> str:
    """The database in use: the configured one, else the private server if it runs."""
    return settings.database_url or private_server(settings).url


def private_server(settings: Settings) -> Server:
    """The private server of the home. Raises PermanentError where it does not run."""
    server = find_server(settings.home)
    if server is None:
        raise PermanentError(
            "No database is configured and the private one is not running. "
            "Start it with `earshot db up`, or set DATABASE_URL to a PostgreSQL server of yours."
        )
    return server


def migrate_url(settings: Settings) -> str:
    """The database in use, for the login that may change its schema: scheduled runs never log in as it."""
    return settings.database_migrate_url or settings.database_url or private_server(settings).migrator_url


def make_warehouse(settings: Settings, name: str | None = None, work: Work = "reading") -> Warehouse:
    """The warehouse in use. name: the application name in the server's list of sessions; else the command's."""
    return Warehouse(
        database_url(settings),
        settings.database_read_url,
        limits=settings.limits,
        name=name or _command_name(),
        work=work,
    )


@contextmanager
def open_warehouse(settings: Settings, name: str | None = None, work: Work = "reading") -> Iterator[Warehouse]:
    """The warehouse in use, closed at the end."""
    with closing(make_warehouse(settings, name, work)) as warehouse:
        yield warehouse


def _command_name() -> str:
    context = click.get_current_context(silent=True)
    return f"earshot {context.info_name}" if context is not None and context.info_name else "earshot"


def measurement(settings: Settings) -> Measurement:
    """Rules, ranges and keys in force. Without a configured key ring one is made under the home and kept."""
    from assets.listening.identity.addresses import load_ranges
    from assets.listening.identity.agent_rules import load_rules
    from assets.resources import Measurement
    from pipelines.rules.networks import fetched_file

    folder = rules_folder(settings)
    return Measurement(load_rules(folder), load_ranges(folder, fetched_file(settings.home)), keyring(settings))


def rules_folder(settings: Settings) -> Path | None:
    """Where the rules in force lie: the folder that is configured, else the set changed over to, else the package."""
    from pipelines.rules.rulesets import folder_in_force

    return settings.rules_path or folder_in_force(settings.home)


def keyring(settings: Settings) -> Keyring:
    """The keys that addresses are hashed with, from the settings' home folder."""
    from assets.listening.identity.keys import Keyring

    if settings.keyring_path:
        return Keyring.load(settings.keyring_path)
    path = settings.home / "keyring.json"
    return Keyring.load(path) if path.exists() else Keyring.create(path)


def archive_place(settings: Settings) -> Place | None:
    """Where raw rows go that are older than a tenant keeps them; None: nowhere."""
    from assets.importing.sources.places import Place

    return Place(settings.archive) if settings.archive else None


def mailing(settings: Settings) -> Mailing:
    """How reports are mailed, by the settings."""
    from assets.resources import Mailing
    from reports.delivery.view_links import ViewLinks
    from reports.drawing.noto import fetched_fonts

    shown_at = settings.view_base_url
    links = ViewLinks(shown_at, settings.mail.token_secret) if shown_at else None
    fonts = settings.fonts_path or fetched_fonts()
    return Mailing(settings.mail, version("earshot"), links, fonts, settings.events)


def ensure_fonts(settings: Settings, progress: Callable[[str], None]) -> None:
    """Fonts for more scripts, fetched where there are none; where that cannot be, it is said."""
    from reports.drawing.noto import fetch_fonts

    if settings.fonts_path is None:
        try:
            fetch_fonts(progress)
        except EarshotError as error:
            progress(f"{error} Reports show a mark for letters that no font has.")


def prepare_orchestrator(settings: Settings, server: Server | None) -> None:
    """Point Dagster of this process, and of those it starts, at its home and at its own history database."""
    home = str(dagster_home(settings))
    # What Dagster writes in this process and in those it starts is for the owner alone.
    os.umask(PRIVATE_UMASK)
    os.environ["DAGSTER_HOME"] = home
    # A range of days ends with one event per table and day: written together, they cost a fiftieth.
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "500")
    os.environ.setdefault("EARSHOT_HOME", str(settings.home))
    os.environ.setdefault("EARSHOT_DAGSTER_FOLDER", home)
    if server is not None:
        os.environ.setdefault("DAGSTER_POSTGRES_URL", server.dagster_url)
    if not os.environ.get("DAGSTER_POSTGRES_URL"):
        raise PermanentError(
            "Dagster needs a database of its own for its history: set DAGSTER_POSTGRES_URL, spelt "
            "postgresql+psycopg2://user:password@host:port/dagster."
        )
    scheme = os.environ["DAGSTER_POSTGRES_URL"].partition("://")[0]
    if scheme not in ("postgresql", "postgresql+psycopg2"):
        raise PermanentError(
            f"DAGSTER_POSTGRES_URL begins with {masked(scheme)!r}. Dagster's history lies in PostgreSQL: spell it "
            "postgresql+psycopg2://user:password@host:port/dagster. Nothing was started."
        )
    os.environ["DAGSTER_POSTGRES_URL"] = bounded_history(os.environ["DAGSTER_POSTGRES_URL"], settings.limits)


def prepare_service(settings: Settings) -> None:
    """The same for a process that others keep running. Raises PermanentError where a database is not there."""
    database_url(settings)
    prepare_orchestrator(settings, find_server(settings.home))


def history_url(settings: Settings) -> str | None:
    """The database of Dagster's history: the configured one, else that of the private server if it runs."""
    if settings.dagster_postgres_url:
        return settings.dagster_postgres_url
    server = find_server(settings.home)
    return None if server is None else server.dagster_url


def ensure_database(settings: Settings, progress: Callable[[str], None] = lambda _message: None) -> Server | None:
    """The private server, started if there is no configured database; None where one is configured."""
    if settings.database_url:
        return find_server(settings.home)
    return ensure_server(settings.home, progress)


def end_dead_runs(settings: Settings, server: Server | None) -> None:
    """End the runs whose process is gone, and print them; nothing where no history is configured."""
    if history_url(settings) is None:
        return
    prepare_orchestrator(settings, server)
    with orchestrator_instance():
        """Which begins with just that."""


@contextmanager
def orchestrator_instance() -> Iterator[DagsterInstance]:
    """Dagster on its history database, where no run is open any more whose process is gone.

    Raises DatabaseUnavailableError if it does not answer, or goes away; PermanentError for settings that it refuses.
    """
    from dagster import DagsterInstance, DagsterInvalidConfigError
    from dagster._core.instance.ref import InstanceRef
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import SQLAlchemyError

    from pipelines.console import err
    from pipelines.dagster_texts import shorten_storing
    from pipelines.processes.workers import fail_dead_runs

    try:
        with DagsterInstance.from_ref(
            InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=OWN_OUTPUT)
        ) as instance:
            # As its own UI does: connections are kept. A run over many days writes thousands of events, and Dagster
            # opens up to three connections for each, 20 ms apiece: two fifths of a backfill of small days.
            instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
            shorten_storing(instance.event_log_storage)
            for sentence in fail_dead_runs(instance):
                err.print(sentence)
            yield instance
    except DagsterInvalidConfigError as error:
        message = "; ".join(" ".join(each.message.split()) for each in error.errors) or first_line(error)
        raise PermanentError(
            f"Dagster refuses {os.environ['DAGSTER_HOME']}/dagster.yaml: {masked(message)} Mend it; nothing was "
            "started."
        ) from None
    except (DagsterPostgresException, SQLAlchemyError) as error:
        message = masked(first_line(error.__cause__ if isinstance(error.__cause__, Exception) else error))
        raise DatabaseUnavailableError(
            f"The database of Dagster's history does not answer: {message}. What was finished is kept. Start the "
            "private one with `earshot db up`, or check DAGSTER_POSTGRES_URL; then run the same command again."
        ) from None
