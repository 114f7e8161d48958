"""Server: the private database of one home folder, as everything else sees it.

Here: ensure, find and stop; the saved port and passwords; logins, databases and extension updates.
Not here: processes and files of the cluster (cluster.py), tables (sql/schema/migrate.py).
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Self

import psycopg
from psycopg import sql

from sql.connections.limits import Limits, bounded
from sql.embedded.account import Account, locked, ordinary_umask, serving_account, serving_folder
from sql.embedded.cluster import ADMINISTRATOR, LOOPBACK, START_TIMEOUT_S, Cluster, choose_port, server_settings
from sql.embedded.programs import Programs, find_programs, inspect, release_programs, without_timescaledb
from sql.embedded.rights import grant_roles, make_login
from sql.safety.masking import register_secret
from sql.safety.private import open_folder, write_private
from sql.values import EarshotError, PermanentError

Progress = Callable[[str], None]

LOGIN: Final = "earshot"
# Migrates, and makes logins of tenants' people; what runs never logs in as it.
MIGRATOR: Final = "earshot_migrator"
APPLICATION_DATABASE: Final = "earshot"
DAGSTER_DATABASE: Final = "earshot_dagster"


@dataclass(frozen=True, slots=True)
class Server:
    """A running private server. Its addresses carry passwords, so they stay out of the repr."""

    port: int
    data: Path
    binaries: Path
    version: str
    url: str = field(repr=False)
    migrator_url: str = field(repr=False)
    dagster_url: str = field(repr=False)
    admin_url: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.version} at postgresql://{LOGIN}:***@{LOOPBACK}:{self.port}/{APPLICATION_DATABASE}"


@dataclass(frozen=True, slots=True)
class _State:
    """The settings of a home's server, saved in a file that only its owner can read.

    The copy of a home whose database lies elsewhere has none: that database is the original's.
    """

    home: str
    place: str
    binaries: str
    port: int
    preload: bool
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    # Homes of earlier versions have none yet.
    migrator_password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        register_secret(self.password, self.admin_password, self.migrator_password)

    @classmethod
    def load(cls, home: Path) -> Self | None:
        path = _state_path(home)
        try:
            state = cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except PermissionError:
            raise PermanentError(
                f"the database of {home} belongs to another user: work as that user, or set DATABASE_URL"
            ) from None
        except (ValueError, TypeError):
            raise PermanentError(
                f"{path} cannot be read as the memory of this home's database; restore it, or remove it together "
                "with the database's folder, and `earshot db up` makes a new one"
            ) from None
        original = Path(state.home)
        copied = original != home and Path(state.place).is_absolute() and _state_path(original).exists()
        return None if copied else state

    def save(self, home: Path) -> None:
        write_private(_state_path(home), json.dumps(asdict(self), indent=1))

    def place_in(self, home: Path) -> Path:
        """Places inside the home are saved relative to it, so that a checkout can be moved."""
        return home / self.place


def ensure_server(
    home: Path,
    progress: Progress,
    *,
    settings: Mapping[str, str] | None = None,
    preload: bool = True,
) -> Server:
    """The home's server, running: fetched, made and started as far as that is still to be done.

    settings are added to the server's configuration when it starts. Without preload the server has no TimescaleDB.
    Raises EarshotError, and PermanentError where only another machine or DATABASE_URL can help.
    """
    home = home.absolute()
    try:
        open_folder(home)
    except PermanentError as problem:
        raise PermanentError(f"{problem}. Set EARSHOT_HOME to a folder of your own") from None
    with ordinary_umask(), locked(_lock_path(home)):
        state = _State.load(home)
        account = serving_account()
        if state is not None:
            running = _wait(home, state, account)
            if running is not None and state.migrator_password:
                return running
            if running is not None:
                state = replace(state, migrator_password=secrets.token_urlsafe(24))
                _prepare(running.admin_url, state)
                state.save(home)
                return _wait(home, state, account) or running
        return _start(home, state, account, progress, settings or {}, preload)


def find_server(home: Path) -> Server | None:
    """The home's server if it runs and answers, else None."""
    home = home.absolute()
    state = _State.load(home)
    return None if state is None else _connect(home, state, serving_account())


def stop_server(home: Path, wipe: bool = False, keep_programs: bool = True) -> bool:
    """Stop the home's server. True if there was anything to do.

    wipe removes its data, log and passwords as well; and without keep_programs the unpacked programs too, if no other
    home uses them.
    """
    home = home.absolute()
    if not home.is_dir():
        return False
    with locked(_lock_path(home)):
        state = _State.load(home)
        if state is None:
            return False
        cluster = _cluster(home, state, serving_account())
        acted = cluster.alive()
        cluster.stop()
        if wipe:
            shutil.rmtree(cluster.place, ignore_errors=True)
            _state_path(home).unlink()
            acted = True
    if not keep_programs:
        release_programs(home, serving_account())
    if wipe:
        _lock_path(home).unlink(missing_ok=True)
        with suppress(OSError):
            home.rmdir()
    return acted


def _start(
    home: Path, state: _State | None, account: Account, progress: Progress, settings: Mapping[str, str], preload: bool
) -> Server:
    made = state is not None and (state.place_in(home) / "data" / "PG_VERSION").exists()
    if state is not None and not made and Path(state.place).is_absolute() and not state.place_in(home).exists():
        progress(f"The database in {state.place} is gone; making a new one.")
    major = int((state.place_in(home) / "data" / "PG_VERSION").read_text()) if made and state else None
    programs = find_programs(home, account, progress, major)
    if not made or state is None:
        state = _create(home, account, programs, progress, preload)
    if not state.preload:
        programs = without_timescaledb(programs, state.place_in(home))
    state = replace(
        state,
        port=choose_port(state.port),
        binaries=str(programs.folder),
        migrator_password=state.migrator_password or secrets.token_urlsafe(24),
    )
    state.save(home)
    cluster = _cluster(home, state, account)
    progress(f"Starting {programs} on {LOOPBACK}:{state.port} ...")
    cluster.start(server_settings(state.port, state.preload, programs.major, settings))
    _prepare(_url(state, ADMINISTRATOR, state.admin_password, "postgres"), state)
    server = _connect(home, state, account)
    if server is None:
        raise EarshotError(f"the database in {cluster.data} started and stopped again; its log is {cluster.log}")
    return server


def _create(home: Path, account: Account, programs: Programs, progress: Progress, preload: bool) -> _State:
    place = serving_folder(home, account)
    inside = place.is_relative_to(home)
    state = _State(
        home=str(home),
        place=str(place.relative_to(home)) if inside else str(place),
        binaries=str(programs.folder),
        port=choose_port(None),
        preload=preload,
        password=secrets.token_urlsafe(24),
        admin_password=secrets.token_urlsafe(24),
    )
    progress(f"Making a database in {place} ...")
    _cluster(home, state, account, programs).create()
    state.save(home)
    return state


def _cluster(home: Path, state: _State, account: Account, programs: Programs | None = None) -> Cluster:
    found = programs or Programs(Path(state.binaries), 0, "", None)
    return Cluster(state.place_in(home), account, found, state.port, state.admin_password)


def _connect(home: Path, state: _State, account: Account) -> Server | None:
    """The server behind the saved port, if it is alive and takes the saved password."""
    cluster = _cluster(home, state, account)
    if not cluster.alive():
        return None
    admin_url = _url(state, ADMINISTRATOR, state.admin_password, "postgres")
    try:
        with psycopg.connect(bounded(admin_url, Limits())) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError:
        return None
    found = inspect(Path(state.binaries))
    return Server(
        port=state.port,
        data=cluster.data,
        binaries=Path(state.binaries),
        version=str(found) if found else f"PostgreSQL {version // 10000}.{version % 10000}",
        url=_url(state, LOGIN, state.password, APPLICATION_DATABASE),
        migrator_url=_url(state, MIGRATOR, state.migrator_password, APPLICATION_DATABASE),
        dagster_url=_url(state, LOGIN, state.password, DAGSTER_DATABASE, "postgresql+psycopg2"),
        admin_url=admin_url,
    )


def _wait(home: Path, state: _State, account: Account) -> Server | None:
    """The server if its process lives, with time for it to recover from a crash; None if it is not running."""
    cluster = _cluster(home, state, account)
    deadline = time.monotonic() + START_TIMEOUT_S
    while cluster.alive():
        server = _connect(home, state, account)
        if server is not None:
            return server
        if time.monotonic() > deadline:
            raise EarshotError(
                f"the database in {cluster.data} runs but does not answer on port {state.port}; its log is "
                f"{cluster.log}. `earshot db down` and `earshot db up` start it afresh"
            )
        time.sleep(0.2)
    return None


def _prepare(admin_url: str, state: _State) -> None:
    """Logins, databases, rights, extension versions: what is missing after a first, interrupted or upgraded start."""
    owners = {APPLICATION_DATABASE: MIGRATOR, DAGSTER_DATABASE: LOGIN}
    with psycopg.connect(bounded(admin_url, Limits()), autocommit=True) as connection:
        make_login(connection, LOGIN, state.password)
        make_login(connection, MIGRATOR, state.migrator_password)
        for name, owner in owners.items():
            found = connection.execute(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (name,)
            ).fetchone()
            statement = "CREATE DATABASE {} OWNER {}" if found is None else "ALTER DATABASE {} OWNER TO {}"
            if found is None or found[0] != owner:
                connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Identifier(owner)))
        # Logins of tenants' people have no business in these.
        for name in (DAGSTER_DATABASE, "postgres", "template1"):
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM public").format(sql.Identifier(name)))
        names = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
    for (name,) in names:
        address = _url(state, ADMINISTRATOR, state.admin_password, str(name))
        if state.preload:
            _bring_extension(address, is_ours=name == APPLICATION_DATABASE)
        grant_roles(address, LOGIN, MIGRATOR)


def _bring_extension(url: str, *, is_ours: bool) -> None:
    """Newer programs serve an older database only after this, as the first statement of a session.

    A database of ours gets the extension here, so that what its functions may do is decided with everything else.
    """
    with psycopg.connect(bounded(url, Limits()), autocommit=True) as connection:
        outdated = connection.execute(
            "SELECT 1 FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname"
            " WHERE e.extname = 'timescaledb' AND e.extversion <> a.default_version"
        ).fetchone()
    if outdated:
        with psycopg.connect(bounded(url, Limits()), autocommit=True) as connection:
            connection.execute("ALTER EXTENSION timescaledb UPDATE")
    if is_ours:
        with psycopg.connect(bounded(url, Limits()), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")


def _url(state: _State, user: str, password: str, database: str, scheme: str = "postgresql") -> str:
    return f"{scheme}://{user}:{password}@{LOOPBACK}:{state.port}/{database}"


def _state_path(home: Path) -> Path:
    return home / "database.json"


def _lock_path(home: Path) -> Path:
    return home / "database.lock"
