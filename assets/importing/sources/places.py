"""Places: files, folders, patterns and object stores, as objects that can be read.

Here: finding objects through fsspec, their versions, and a local copy of one while it is read.
Not here: which of them were read before (configured.py), what is in them (assets/importing).

An object of a store is fetched whole before it is read: a connection that breaks in the middle costs a fetch and no
half-read log, and the next object is fetched while this one is stored.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sql.failures import cause_of
from sql.safety.masking import masked
from sql.values import EarshotError, PermanentError

# What names the standard input.
STDIN = "-"

# Names that hold no log: what an import by hand leaves beside its file, and half-written or hidden files.
NO_LOGS = (".rejects.tsv", ".tmp", ".part", ".crdownload")

# The package that brings each kind of store, as an extra of ours.
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "adl": "az"}

# Of the libraries: they log a traceback of each call that fails, and then raise what it was.
LOGGERS = ("gcsfs", "adlfs", "azure")

# Seconds. A store that does not answer is tried again with the next look.
CONNECT_S, ANSWER_S, TRIES = 10, 60, 3

# What a source's options may say, by store: names of ours, and those of the libraries. No secrets: those come from the
# environment, a profile, or the machine's role.
OPTIONS = ("endpoint", "region", "profile", "account", "anonymous")


class SourceUnavailableError(EarshotError):
    """The store did not answer, or not as it should; trying again may help."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects lie: a path, a folder, a pattern, - or an address; and what opening it takes (OPTIONS)."""

    location: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """s3, gs, ...; file where the location is a path."""
        scheme, mark, _ = self.location.partition("://")
        return scheme.lower() if mark else "file"

    @property
    def is_local(self) -> bool:
        return self.scheme in ("file", "local")

    @property
    def local_path(self) -> Path:
        """The whole path of a local place, or its pattern."""
        return Path(self.location.partition("://")[2] or self.location).expanduser().absolute()


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object that lies somewhere. name: the whole path or address. version: another one when its content changed."""

    name: str
    version: str
    bytes: int | None
    modified_at: datetime | None
    place: Place
    path: str
    # The store that it lies in: opening one takes a login, so all objects of a look share it.
    store: Any = field(repr=False, compare=False)


def check_place(place: Place) -> None:
    """Raises PermanentError for a location that cannot be one, and for a login in it, without showing it."""
    if not place.location.strip():
        raise PermanentError("A location is a path, a pattern or an address such as s3://bucket/prefix/")
    if "::" in place.location:
        raise PermanentError("A location names one place: no '::' in it")
    if unknown := set(place.options) - set(OPTIONS):
        raise PermanentError(f"Of a source one can set {', '.join(OPTIONS)}; not {', '.join(sorted(unknown))}")
    if place.is_local:
        return
    parts = urlsplit(place.location)
    if parts.username or parts.password:
        raise PermanentError(
            "The location has a login in it. Leave it out: keys come from the environment (AWS_ACCESS_KEY_ID and the "
            "like), from a profile (--profile), or from the machine's role"
        )
    filesystem_of(place)


def find_objects(place: Place) -> list[FoundObject]:
    """Every object at the place, in the order of their times and names. Reads no content.

    A folder means all files in it and below, an address what begins with it. Where a store's bucket is there, what
    begins with an address may be nothing: a store knows no folders that could be missing. Raises PermanentError where
    there is no such place, SourceUnavailableError where the store does not answer.
    """
    check_place(place)
    with explained(place):
        filesystem, path = filesystem_of(place)
        found = _listed(filesystem, path, place)
    objects = [
        _object(name, info, place, filesystem) for name, info in found.items() if info.get("type") != "directory"
    ]
    wanted = [each for each in objects if (_is_log(each) and _is_file(each)) or each.path == path]
    return sorted(wanted, key=lambda each: (each.modified_at or datetime.max.replace(tzinfo=UTC), each.name))


@contextmanager
def opened(found: FoundObject) -> Iterator[Path]:
    """The object as a local file: itself, or a private copy that is removed at the end. Raises as find_objects."""
    if found.place.is_local:
        try:
            Path(found.path).open("rb").close()
        except OSError as error:
            raise PermanentError(f"{found.name} cannot be read ({cause_of(error)})") from None
        yield Path(found.path)
        return
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        # The name's end says how it is packed, to whom it does not matter more than the first bytes.
        copy = Path(folder) / (PurePosixPath(found.path).name or "object")
        with explained(found.place):
            found.store.get_file(found.path, str(copy))
        yield copy


@contextmanager
def standard_input() -> Iterator[Path]:
    """What comes in on the standard input, as a private file that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        copy = Path(folder) / "standard-input"
        with copy.open("wb") as target:
            shutil.copyfileobj(sys.stdin.buffer, target)
        yield copy


def filesystem_of(place: Place) -> tuple[Any, str]:
    """The store, and the location as it spells it. Raises PermanentError where its package is not installed."""
    import fsspec

    if place.is_local:
        return fsspec.filesystem("file"), str(place.local_path)
    _prepare(place)
    try:
        filesystem, path = fsspec.core.url_to_fs(place.location, **_store_options(place))
    except ImportError as error:
        extra = EXTRAS.get(place.scheme)
        how = f"pip install 'earshot[{extra}]'" if extra else f"install what fsspec needs for it ({error})"
        raise PermanentError(f"Objects of {place.scheme}:// are read with a package that is not there: {how}") from None
    except ValueError as error:
        raise PermanentError(f"{place.location} is no location that can be read ({error})") from None
    return filesystem, path


def _prepare(place: Place) -> None:
    """Have the store's library do no more than it is asked for: what it cannot do it raises, and is explained here."""
    import fsspec

    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if EXTRAS.get(place.scheme) == "gs":
        # Its other class first asks a second service of Google's for the kind of each bucket. That takes another right
        # than to list and to read, and a minute for each look where nothing answers.
        fsspec.register_implementation(place.scheme, "gcsfs.core.GCSFileSystem", clobber=True)


def _store_options(place: Place) -> dict[str, Any]:
    """What fsspec's implementation takes. Listings are never kept: new objects are to be seen."""
    given = place.options
    common: dict[str, Any] = {"use_listings_cache": False}
    chosen: dict[str, Any] = {}
    match EXTRAS.get(place.scheme):
        case "s3":
            chosen = {
                "endpoint_url": given.get("endpoint"),
                "profile": given.get("profile"),
                "client_kwargs": {"region_name": given["region"]} if "region" in given else None,
                "config_kwargs": {
                    "connect_timeout": CONNECT_S,
                    "read_timeout": ANSWER_S,
                    "retries": {"max_attempts": TRIES},
                },
                "anon": _is_anonymous(given) or None,
            }
        case "gs":
            chosen = {"endpoint_url": given.get("endpoint"), "token": "anon" if _is_anonymous(given) else None}
        case "az":
            # Without anon, adlfs tries no login of the machine.
            chosen = {"account_name": given.get("account"), "anon": _is_anonymous(given)}
    return common | {name: value for name, value in chosen.items() if value is not None}


def _is_anonymous(options: Mapping[str, str]) -> bool:
    return options.get("anonymous") == "yes"


def _listed(filesystem: Any, path: str, place: Place) -> dict[str, dict[str, Any]]:
    """What lies at a pattern, a folder, an object, or behind a prefix; by name."""
    from fsspec.core import has_magic

    if has_magic(path) and not (place.is_local and os.path.lexists(path)):
        found: dict[str, dict[str, Any]] = filesystem.glob(path, detail=True)
        return found
    if place.location.endswith("/"):
        return _below(filesystem, path, place)
    if filesystem.isfile(path):
        return {path: filesystem.info(path)}
    if filesystem.isdir(path):
        return _below(filesystem, path, place)
    if place.is_local:
        raise FileNotFoundError(path)
    folder, _, begins = path.rpartition("/")
    behind: dict[str, dict[str, Any]] = filesystem.find(folder, prefix=begins, detail=True)
    return behind


def _below(filesystem: Any, path: str, place: Place) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = filesystem.find(path, detail=True)
    if not found and not filesystem.exists(path if place.is_local else path.partition("/")[0]):
        raise FileNotFoundError(path)
    return found


def _object(name: str, info: Mapping[str, Any], place: Place, store: Any) -> FoundObject:
    modified = _moment(info)
    size = info.get("size")
    tag = next((info[key] for key in ("ETag", "etag", "md5Hash", "generation") if info.get(key)), None)
    version = str(tag).strip('"') if tag is not None else f"{modified.timestamp():.6f}" if modified else "unknown"
    shown = name if place.is_local else f"{place.scheme}://{name.split('://', 1)[-1]}"
    return FoundObject(shown, f"{version}-{size}", size, modified, place, name, store)


def _moment(info: Mapping[str, Any]) -> datetime | None:
    """When it was last changed; stores name and spell it each in their way."""
    for key in ("LastModified", "mtime", "last_modified", "updated", "modified", "created"):
        value = info.get(key)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def _is_log(found: FoundObject) -> bool:
    """Whether it may be a log: not hidden, not half-written, no mark of a folder, and it has content."""
    parts = PurePosixPath(found.path).name
    return bool(parts) and not parts.startswith((".", "_SUCCESS")) and not parts.endswith(NO_LOGS) and found.bytes != 0


def _is_file(found: FoundObject) -> bool:
    """Whether it has an end: a link may lead to a folder, and a pipe waits for whoever writes to it."""
    try:
        return not found.place.is_local or stat.S_ISREG(Path(found.path).stat().st_mode)
    except OSError:
        # It is named when it is read.
        return True


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """What a store raises, as a sentence with what to do."""
    where = masked(place.location)
    try:
        yield
    except EarshotError:
        raise
    except FileNotFoundError:
        what = "the path" if place.is_local else "bucket and path"
        raise PermanentError(f"{where} does not exist: check {what}") from None
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise PermanentError(
            f"{where} may not be read ({cause_of(error)}). Check the login's rights to list and to read it"
        ) from None
    except Exception as error:
        if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
            raise PermanentError(
                f"{where} needs a login: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or "
                f"--anonymous for a public one ({cause_of(error)})"
            ) from None
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SourceUnavailableError(
                f"{where} could not be written ({cause_of(error)}): make room there, and it is tried again"
            ) from None
        raise SourceUnavailableError(f"{where} could not be read now ({cause_of(error)}): tried again") from None
