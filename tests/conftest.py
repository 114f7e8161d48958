"""Fixtures that every floor shares: a private server for the run and a fresh, migrated database for each test.

Here: the server, the migrated template, its clones. Processes that share a run (pytest -n 2) share the server too: the
first that needs it starts it, and the one that leads them stops it.
Not here: rows. A test says what it needs where one can read it.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from sql.embedded import Server, ensure_server, stop_server
from sql.safety import masking
from sql.schema.migrate import migrate
from sql.warehouse import Warehouse
from tests.object_store import ObjectStore, environment, running_store
from tests.slow import LONG, SLOW

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# Tests lie in days of their own choice, whatever data another test has left under a home. Not long before the first of
# them: Dagster lists all of its partitions again and again.
os.environ.setdefault("EARSHOT_FIRST_DAY", "2026-01-01")

# Bytecode is kept, also where the environment says otherwise: the tests start many processes, and half of the time that
# one takes to start would go into compiling Dagster again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

TESTS = Path(__file__).parent
TEMPLATE = "earshot_template"

# The folder in which the servers of the run have their homes: the leading process makes it and names it to the others.
HOMES = pytest.StashKey[Path]()
HOMES_KEY = "earshot_homes"

SHARED_MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 6 * 2**30

# Nothing has to survive the run, and small tables need little memory.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    # A clone must have no connections but the test's own, so no job ever runs by itself.
    "timescaledb.max_background_workers": "0",
}


def silent(_: str) -> None:
    """Progress that nobody watches."""


def database_address(server: Server, name: str) -> str:
    """The application login's address of another database on the same server."""
    return server.url.rsplit("/", 1)[0] + f"/{name}"


def admin_address(server: Server, database: str) -> str:
    """The superuser's address of a database on the server. database: its name, or any address of it."""
    return f"{server.admin_url.rsplit('/', 1)[0]}/{database.rpartition('/')[2]}"


def one_login(server: Server) -> Server:
    """The same server, whose application's login may do what the migrator's may: as where there is one login for all.

    Tests look behind the scenes with it. What the login may do by itself is held in sql/access/test_roles.py.
    """
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE earshot CREATEROLE")
        admin.execute("GRANT earshot_owner TO earshot WITH INHERIT FALSE, SET TRUE")
        admin.execute("GRANT earshot_readonly TO earshot WITH ADMIN OPTION, INHERIT FALSE")
    return server


@contextmanager
def cloned_database(server: Server, template: str) -> Iterator[str]:
    """The address of a new database like the template, dropped at the end."""
    name = f"test_{secrets.token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(create)
        try:
            yield database_address(server, name)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Before a process of the run starts: give it the folder of the run, which the first one makes."""
    config = node.config
    if HOMES not in config.stash:
        config.stash[HOMES] = make_folder()
    node.workerinput[HOMES_KEY] = str(config.stash[HOMES])


def pytest_unconfigure(config: pytest.Config) -> None:
    """At the end of the leading process: stop what the others have started."""
    folder = config.stash.get(HOMES, None)
    if folder is not None:
        remove_folder(folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is imported and collected stays to the end: looking through it for garbage takes half a second each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark the slow files, and after every other plugin has had its way put the longest first.

    Raises UsageError for a name in the list that is no file any more.
    """
    gone = [name for name in SLOW if not (TESTS / name).is_file()]
    if gone:
        raise pytest.UsageError(f"tests/slow.py names files that are not there: {', '.join(gone)}")
    for item in items:
        if _name(item) in SLOW:
            item.add_marker("slow")
    yield
    items.sort(key=lambda item: _name(item) not in LONG)


def _name(item: pytest.Item) -> str:
    return _name_of(item.path)


@cache
def _name_of(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else path.name


def make_folder() -> Path:
    """A folder that the servers' user can reach, in memory where there is enough of it.

    Each test has a copy of a database, which is a thousand small files: on a disk, making and removing them takes a
    third of the run.
    """
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > MEMORY_NEEDED
    folder = Path(tempfile.mkdtemp(prefix="earshot-test-", dir=SHARED_MEMORY if roomy else None))
    folder.chmod(0o755)
    return folder


def remove_folder(folder: Path) -> None:
    """Stop every server that has its home in the folder, and remove it."""
    for home in folder.iterdir():
        stop_server(home, wipe=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers as a secret is masked in that test alone."""
    monkeypatch.setattr(masking, "_spellings", masking._spellings)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Commands narrow what files they make may be read by; the tests after them begin as every process does."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def homes(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder in which the servers of the run have their homes."""
    given = getattr(request.config, "workerinput", {}).get(HOMES_KEY)
    folder = Path(given) if given else make_folder()
    yield folder
    if not given:
        remove_folder(folder)


@pytest.fixture(scope="session")
def temporary_home() -> Iterator[Callable[[], Path]]:
    """Makes home folders that the server's user can reach; all removed at the end of the run."""
    made: list[Path] = []

    def make() -> Path:
        made.append(make_folder())
        return made[-1] / "home"

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(homes: Path) -> Server:
    """A private TimescaleDB for the whole run."""
    return one_login(ensure_server(homes / "server", silent, settings=FAST_SETTINGS))


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database with the whole schema and no rows, which nobody can connect to."""
    return migrated_template(server)


def migrated_template(server: Server) -> str:
    """Makes that database on a server that has none yet, and names it."""
    return shared_database(server, TEMPLATE, lambda url: migrate(url, silent))


def shared_database(server: Server, name: str, fill: Callable[[str], object], template: str = "template1") -> str:
    """The name of a database to copy, made once for all processes of the run: fill is given its address."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        # Whoever comes first makes it, the others wait; the lock goes with the connection.
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if admin.execute("SELECT FROM pg_database WHERE datname = %s AND NOT datallowconn", [name]).fetchone() is None:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER earshot STRATEGY file_copy")
            admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
            fill(database_address(server, name))
            admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
    return name


@pytest.fixture
def database_url(server: Server, template: str) -> Iterator[str]:
    """The address of a fresh database with the whole schema and no rows."""
    with cloned_database(server, template) as url:
        yield url


@pytest.fixture
def warehouse(database_url: str) -> Warehouse:
    """The one door to the test's database."""
    return Warehouse(database_url)


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A real object store for the whole run."""
    with running_store() as running:
        yield running


@pytest.fixture
def store(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The object store, with its login in the environment."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    return object_store
