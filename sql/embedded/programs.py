"""Programs: which PostgreSQL binaries the private server runs on.

Here: the order of preference (installed ones with TimescaleDB, Debian's packages, a clear refusal) and the cache.
Not here: how Debian's packages are fetched (debian.py), the server itself (cluster.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sql.embedded import debian
from sql.embedded.account import Account, lasting_folder, locked
from sql.values import EarshotError, PermanentError

SUPPORTED_MAJORS: Final = (18, 17, 16, 15)
NEEDED: Final = ("postgres", "initdb", "pg_ctl")
WAYS_OUT: Final = """\
With Docker, start one and name it:
  docker compose -f deploy/compose.yaml up -d timescaledb
  export DATABASE_URL=postgresql://earshot:earshot@127.0.0.1:5432/earshot
  export DAGSTER_POSTGRES_URL=postgresql+psycopg2://earshot:earshot@127.0.0.1:5432/earshot_dagster
Or set the two to any other PostgreSQL 15 or newer."""

# Where distributions, source builds and Homebrew put versions that are not on the PATH.
USUAL_PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/*/bin",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with postgres, initdb and pg_ctl, and what is in it."""

    folder: Path
    major: int
    version: str
    timescaledb: str | None

    def __str__(self) -> str:
        extension = f" with TimescaleDB {self.timescaledb}" if self.timescaledb else ""
        return f"PostgreSQL {self.version}{extension}"


def find_programs(home: Path, account: Account, progress: Callable[[str], None], major: int | None = None) -> Programs:
    """The programs to run, fetched if need be; of one major version where a data folder needs it.

    Raises EarshotError when they could not be fetched, and PermanentError when this machine cannot have them; both say
    the ways out.
    """
    for folder in _installed_folders():
        found = inspect(folder)
        if found and found.timescaledb and found.major in SUPPORTED_MAJORS and major in (None, found.major):
            return found
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    missing = f"There is no {wanted} with TimescaleDB on this machine, and"
    reason = debian.refusal()
    if reason is None and major not in (None, debian.MAJOR):
        reason = f"Debian {debian.SUITE} has version {debian.MAJOR}"
    if reason is not None:
        raise PermanentError(f"{missing} it cannot be fetched: {reason}.\n{WAYS_OUT}")
    try:
        return _from_debian(home, cache_folder(home, account), progress)
    except EarshotError as problem:
        raise EarshotError(f"{missing} fetching it failed: {problem}\n{WAYS_OUT}") from problem


def inspect(folder: Path) -> Programs | None:
    """What a bin folder holds, or None if it cannot run a server."""
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED):
        return None
    version = re.search(r"(\d+)(?:\.\d+)?", _output_of(folder / "postgres", "--version"))
    return Programs(folder, int(version[1]), version[0], _timescaledb(folder)) if version else None


def cache_folder(home: Path, account: Account) -> Path:
    """Where unpacked programs are kept for every checkout of this user: reachable for the server's user as well."""
    try:
        user = Path.home()
    except RuntimeError:
        return home
    if not account.reaches(user):
        return lasting_folder()
    usual = user / ".cache" / "earshot"
    try:
        usual.mkdir(parents=True, exist_ok=True)
    except OSError:
        return lasting_folder() if account.switched else home
    return usual if account.reaches(usual) else lasting_folder()


def release_programs(home: Path, account: Account) -> bool:
    """Remove the unpacked programs unless another home uses them too. True if they were there and are gone."""
    cache = cache_folder(home, account)
    folder, homes = cache / debian.folder_name(), _homes_file(cache)
    if not folder.exists():
        with suppress(OSError):
            cache.rmdir()
        return False
    with locked(_lock_file(cache)):
        others = [line for line in _lines(homes) if line != str(home) and Path(line).is_dir()]
        if others:
            homes.write_text("\n".join(others) + "\n")
            return False
        homes.unlink(missing_ok=True)
        shutil.rmtree(folder)
    _lock_file(cache).unlink(missing_ok=True)
    with suppress(OSError):
        cache.rmdir()
    return True


def without_timescaledb(programs: Programs, place: Path) -> Programs:
    """The same programs in a tree of their own that lacks the extension: a plain PostgreSQL, as many hosts give it.

    Programs in an unusual layout stay where they are; the server then just does not load the extension.
    """
    root, version = programs.folder.parents[3], programs.folder.parent.name
    tree = place / "plain"
    parts = (Path("lib/postgresql") / version, Path("share/postgresql") / version)
    if programs.folder != root / parts[0] / "bin" or not (root / parts[1]).is_dir():
        return programs
    for part in parts:
        if not (tree / part).exists():
            leave_out = shutil.ignore_patterns("timescaledb*")
            shutil.copytree(root / part, tree / part, symlinks=True, ignore=leave_out, copy_function=_link)
    return replace(programs, folder=tree / parts[0] / "bin", timescaledb=None)


def _link(source: str, target: str) -> None:
    """A second name for the file where that is possible, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _from_debian(home: Path, cache: Path, progress: Callable[[str], None]) -> Programs:
    folder, homes = cache / debian.folder_name(), _homes_file(cache)
    with locked(_lock_file(cache)):
        debian.provision(folder, progress)
        still_there = {line for line in _lines(homes) if Path(line).is_dir()}
        homes.write_text("\n".join(sorted({*still_there, str(home)})) + "\n")
    found = inspect(debian.bin_folder(folder))
    if found is None or found.timescaledb is None:
        raise EarshotError(f"the programs in {folder} do not start: remove that folder and try again")
    return found


def _lock_file(cache: Path) -> Path:
    return cache / f"{debian.folder_name()}.lock"


def _homes_file(cache: Path) -> Path:
    """The homes that use the unpacked programs, one a line."""
    return cache / f"{debian.folder_name()}.homes"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _installed_folders() -> Iterator[Path]:
    on_path = shutil.which("pg_config")
    if on_path:
        output = _output_of(Path(on_path), "--bindir")
        if output:
            yield Path(output)
    for pattern in USUAL_PLACES:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)


def _timescaledb(folder: Path) -> str | None:
    """The version that CREATE EXTENSION would make, read from the share folder."""
    shared = _output_of(folder / "pg_config", "--sharedir")
    control = Path(shared) / "extension" / "timescaledb.control"
    if not shared or not control.exists():
        return None
    found = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text())
    return found[1] if found else None


def _output_of(program: Path, option: str) -> str:
    """What a program prints for an option; nothing if it cannot run here."""
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [str(program), option], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
