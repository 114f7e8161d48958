"""Accounts and places: under which user the private server runs, and which folders that user can reach.

Here: the switch from root to an ordinary account (PostgreSQL refuses root), owned folders, file locks.
Not here: what is run or stored there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sql.values import PermanentError

# Kept between reboots by definition: Filesystem Hierarchy Standard 3.0, section 5.15.
LASTING_FOLDER = Path("/var/tmp")  # noqa: S108

# Debian's database administrator where PostgreSQL was ever installed; the unprivileged account of every Unix otherwise.
ORDINARY_ACCOUNTS = ("postgres", "nobody")

# A server must not depend on the settings of the shell that started it.
PLAIN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Account:
    """The user that runs the server: ourselves, or an ordinary user when we are root."""

    name: str
    uid: int
    gid: int

    @property
    def switched(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, command: Sequence[str | Path], timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """The finished command, run as this user in a session of its own; its exit code is the caller's to judge."""
        return subprocess.run(  # noqa: S603 - our own arguments, no shell
            [str(part) for part in command],
            cwd="/",
            env=PLAIN_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            start_new_session=True,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
            check=False,
        )

    def reaches(self, folder: Path) -> bool:
        """Whether this user can enter the folder, all parents included."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0

    def own(self, path: Path, mode: int) -> None:
        """Give the path to this user with exactly this mode."""
        path.chmod(mode)
        if self.switched:
            os.chown(path, self.uid, self.gid)


def serving_account() -> Account:
    """Who runs the server. Raises PermanentError when root has no ordinary account to step down to."""
    if os.geteuid() != 0:
        return _account_of(os.geteuid())
    for name in ORDINARY_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PermanentError(
        "PostgreSQL does not run as root, and this machine has none of the accounts "
        f"{', '.join(ORDINARY_ACCOUNTS)}: start Earshot as an ordinary user, or set DATABASE_URL"
    )


def _account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise PermanentError(
            f"user id {uid} has no entry in the passwd file, and PostgreSQL does not start without one: "
            "add the user, or set DATABASE_URL"
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def serving_folder(home: Path, account: Account, base: Path = LASTING_FOLDER) -> Path:
    """The folder for the server's files: in the home if the server's user can reach it and own files there,
    else in a folder of ours, named after the home, under the system's lasting temporary folder."""
    inside = home / "postgres"
    inside.mkdir(exist_ok=True)
    if account.reaches(inside) and _can_own(inside, account):
        return inside
    inside.rmdir()
    outside = lasting_folder(base) / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    outside.mkdir(mode=0o755, exist_ok=True)
    return outside


def _can_own(folder: Path, account: Account) -> bool:
    """False on shares that map root away or have no owners."""
    probe = folder / ".probe"
    probe.mkdir(exist_ok=True)
    try:
        account.own(probe, 0o700)
        return probe.stat().st_uid == account.uid and account.reaches(probe)
    except OSError:
        return False
    finally:
        probe.rmdir()


def lasting_folder(base: Path = LASTING_FOLDER) -> Path:
    """Our folder under the lasting temporary folder; refused when another user made it first."""
    folder = base / f"earshot-{os.geteuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    writable_by_others = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or writable_by_others:
        raise PermanentError(
            f"{folder} belongs to somebody else or is open to others, so no database goes there: remove it"
        )
    return folder


@contextmanager
def ordinary_umask() -> Iterator[None]:
    """What is made meanwhile can be entered by the server's user and written by its owner alone, whatever the umask."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the others wait. The lock ends with its process, however that ends."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise PermanentError(
            f"{path.parent} belongs to another user: work as that user, or set EARSHOT_HOME to a folder of your own"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
