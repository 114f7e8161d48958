"""Keys: from an address and a user agent to a number that means a consumer, and one that means a household.

Here: the key ring with its versioned secrets, the versions in force, the derivation of both keys, once per distinct
pair, and keys of an earlier version made those of a later one.
Not here: classes of addresses (addresses.py), changing a ring (key_files.py) and the keys that are stored
(assets/privacy/rotation.py), who counts as a listener (episode_metrics.py). Secrets are shown nowhere.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.listening.identity.address_parsing import parse_addresses
from sql.safety.masking import register_secret
from sql.safety.private import open_folder, write_new_private
from sql.values import PermanentError, Reader

# Between address and agent, so that no two pairs spell the same message: a unit separator is in neither.
SEPARATOR = b"\x1f"

# HMAC-SHA-256 with a key as long as the digest: RFC 2104 section 3. The block and the pads are of its section 2.
SECRET_BYTES = 32
MIN_SECRET_BYTES = 16
BLOCK_BYTES = 64
INNER_PAD, OUTER_PAD = 0x36, 0x5C

# key_version is a smallint in the database.
MAX_VERSION = 2**15 - 1

# The version of a household key that a platform made with a secret of its own and left unnumbered; ours begin at 1.
PLATFORM_VERSION = 0

DEFAULT = "default"

# Messages in memory at once, at some 200 bytes each.
SLICE = 50_000

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Key:
    """One version of a secret. The secret is no part of its text."""

    version: int
    secret: bytes = field(repr=False)

    def derive_all(self, slices: Iterable[Sequence[bytes]]) -> Integers:
        """Of each message the first 8 bytes of its HMAC-SHA-256, big-endian, as a signed 64-bit number.

        Both of the key's own rounds are done once and copied (RFC 2104 section 4): 1.1 us a message, where hmac's own
        copies take 2.2. Threads would not help: hashlib holds the interpreter for messages below 2 KB.
        """
        secret = sha256(self.secret).digest() if len(self.secret) > BLOCK_BYTES else self.secret
        padded = secret.ljust(BLOCK_BYTES, b"\0")
        inner, outer = (sha256(bytes(byte ^ pad for byte in padded)) for pad in (INNER_PAD, OUTER_PAD))

        def digest(message: bytes) -> bytes:
            within, around = inner.copy(), outer.copy()
            within.update(message)
            around.update(within.digest())
            return around.digest()[:8]

        hashed = [np.frombuffer(b"".join(map(digest, messages)), dtype=">i8").astype(np.int64) for messages in slices]
        return np.concatenate(hashed) if hashed else np.empty(0, dtype=np.int64)

    def renew_all(self, keys: Integers) -> Integers:
        """Of each key of the version before, the one of this version: HMAC(0x1f, the key's 8 bytes big-endian).

        Equal keys stay equal and distinct ones distinct, so nobody is split or joined, and no address is needed.
        """
        content = keys.astype(">i8").tobytes()
        return self.derive_all(
            [SEPARATOR + content[place : place + 8] for place in range(start, min(start + 8 * SLICE, len(content)), 8)]
            for start in range(0, len(content), 8 * SLICE)
        )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of every tenant, newest version last; a tenant without keys of its own uses the default ones.

    The file is JSON: {"default": [{"version": 1, "secret": "<hex>"}], "tenants": {"<uuid>": [...]}}. The first version
    hashes addresses, each later one hashes the keys of the version before. So a new version is added at the end and
    none is taken out: the keys in force are made through all of them. A version that was added is in force for a tenant
    once its stored keys are of that version (in_force).
    """

    default: tuple[Key, ...] = field(repr=False)
    tenants: Mapping[str, tuple[Key, ...]] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        versions = ", ".join(str(key.version) for key in self.default) or "none"
        return (
            f"Keyring(default versions: {versions}; {len(self.tenants)} tenants with keys of their own; secrets masked)"
        )

    @classmethod
    def create(cls, path: Path) -> Keyring:
        """Write a new ring with one default key, readable by its owner alone. Never overwrites one."""
        content = {DEFAULT: [{"version": 1, "secret": secrets.token_hex(SECRET_BYTES)}], "tenants": {}}
        open_folder(path.parent)
        try:
            write_new_private(path, json.dumps(content, indent=2) + "\n")
        except FileExistsError as error:
            raise PermanentError(
                f"there is a key ring at {path} already; a new one would make strangers of all known listeners"
            ) from error
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read a ring. Raises PermanentError where it is missing, open to others, or no key ring."""
        try:
            found = path.stat()
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise PermanentError(
                f"no key ring at {path}: point EARSHOT_KEYRING at the one of this installation, or create one"
            ) from error
        except (OSError, ValueError) as error:
            raise PermanentError(f"the key ring {path} cannot be read as text ({type(error).__name__})") from None
        mode = stat.S_IMODE(found.st_mode)
        # Kubernetes mounts a secret as root's, readable for the group that the pod alone has.
        is_mounted = found.st_uid == 0 != os.geteuid() and not mode & 0o037
        if mode & 0o077 and not is_mounted:
            raise PermanentError(f"the key ring {path} is open to other users (mode {mode:04o}): run chmod 600 on it")
        return cls._parse(text, path)

    @classmethod
    def _parse(cls, text: str, path: Path) -> Keyring:
        try:
            content = json.loads(text)
            tenants = content.get("tenants", {})
            return cls(
                _parse_keys(content.get(DEFAULT, [])),
                {str(UUID(tenant)): _parse_keys(entries) for tenant, entries in tenants.items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            # The cause is dropped on purpose: its text may quote the secret that it stumbled over.
            raise PermanentError(
                f"{path} is no key ring: each key needs a version (1 to {MAX_VERSION}, each once) and a secret of at "
                f"least {MIN_SECRET_BYTES} bytes in hexadecimal"
            ) from None

    def versions_of(self, tenant: object) -> tuple[int, ...]:
        """The versions of the tenant's keys, oldest first."""
        return tuple(key.version for key in self.tenants.get(_tenant_text(tenant), self.default))

    def cut(self, versions: Mapping[str, int]) -> Keyring:
        """The ring as it was when these tenants, named by canonical text, had that version as their newest.

        Raises PermanentError where the ring lacks the version.
        """
        only = dict(self.tenants)
        for tenant, version in versions.items():
            newest = self.key_of(tenant, version).version
            usable = tuple(key for key in self.keys_of(tenant) if key.version <= newest)
            only.update({tenant: usable} if usable != self.keys_of(tenant) else {})
        return Keyring(self.default, only)

    def in_force(self, read: Reader, tenants: Iterable[UUID]) -> Keyring:
        """The ring with the version of each of the tenants that its stored keys are of, as its newest.

        A tenant whose keys were never rotated has the oldest version: a ring with more of them changes nothing until
        then. So has one whose ring begins with a later version: it was made anew, because the old one is lost.
        Raises PermanentError where the ring lacks a version that is in force.
        """
        chosen = list(tenants)
        stored = {
            UUID(bytes=tenant): int(version)
            for tenant, version in read("read_key_versions", tenants=chosen).iter_rows()
        }
        oldest = {each: versions[0] for each in chosen if (versions := self.versions_of(each))}
        return self.cut({str(each): max(stored.get(each, 0), first) for each, first in oldest.items()})

    def keys_of(self, tenant: object) -> tuple[Key, ...]:
        """The tenant's keys, oldest first. Raises PermanentError if there are none."""
        self.key_of(tenant)
        return self.tenants.get(_tenant_text(tenant), self.default)

    def key_of(self, tenant: object, version: int | None = None) -> Key:
        """The tenant's newest key, or a certain version of it. Raises PermanentError if there is none."""
        keys = self.tenants.get(_tenant_text(tenant), self.default)
        fitting = [key for key in keys if version is None or key.version == version]
        if not fitting:
            wanted = "a key" if version is None else f"version {version} of the key"
            raise PermanentError(f"the key ring lacks {wanted} of tenant {_tenant_text(tenant)}: add it to the ring")
        return fitting[-1]


def derive_keys(frame: pl.DataFrame, keyring: Keyring) -> pl.DataFrame:
    """The frame with consumer_key, household_key (both i64) and key_version (i16) of every row.

    frame: tenant_id, client_ip (text), user_agent; household_key and key_version where the platform gives them.

    With an address: consumer = HMAC(address, 0x1f, agent), household = HMAC(address). IPv4 counts in full, IPv6 as its
    /64 network address, IPv4-mapped as IPv4, in canonical text; a missing agent is an empty one.
    Without one, a household_key of the platform stays as it is, with its key_version (0 where it names none), and the
    consumer key is HMAC(the key's 8 bytes big-endian, 0x1f, agent). With neither, both keys are null. All of that with
    the tenant's first key; of a ring with later ones, both keys are renewed by each (Key.renew_all).
    Each distinct (tenant, address, agent) is hashed once. Source: PTMG 2.3 (address and agent identify a consumer);
    HMAC is RFC 2104.
    """
    supplied = frame.with_columns(
        _supplied(frame, "household_key", pl.Int64).alias("_household"),
        _supplied(frame, "key_version", pl.Int16).alias("_version"),
    )
    identity = ["tenant_id", "client_ip", "user_agent", "_household"]
    distinct = supplied.select(identity).unique()
    networks = parse_addresses(distinct["client_ip"].unique()).select("client_ip", "network")
    located = distinct.join(
        networks, on="client_ip", how="left", validate="m:1", nulls_equal=True, maintain_order="left"
    )
    hashed = hash_identities(located.rename({"_household": "household_key"}), keyring)
    derived = distinct.with_columns(hashed.rename({"key_version": "_own"}).get_columns())
    return (
        supplied.drop("household_key", "key_version", "consumer_key", strict=False)
        .join(derived, on=identity, how="left", validate="m:1", nulls_equal=True, maintain_order="left")
        .with_columns(key_version=name_version("_own", "_version", "household_key"))
        .drop("_household", "_version", "_own")
    )


def name_version(own: str, supplied: str, household_key: str) -> pl.Expr:
    """Which secret made the keys: ours, the one that the platform names, or one that it left unnumbered."""
    unnumbered = pl.when(pl.col(household_key).is_not_null()).then(PLATFORM_VERSION)
    return pl.coalesce(own, supplied, unnumbered).cast(pl.Int16)


def hash_identities(identities: pl.DataFrame, keyring: Keyring) -> pl.DataFrame:
    """consumer_key, household_key and key_version (null: not ours to name) of each row, in their order.

    identities: tenant_id, network (address_texts.household_network; null: no address), user_agent (text, categorical),
                household_key of the platform, each combination once. Tenants with the same key are hashed together.
    """
    tenants = identities["tenant_id"].unique(maintain_order=True)
    keys = {tenant: keyring.keys_of(tenant) for tenant in tenants}
    if len(set(keys.values())) == 1:
        return _hash_rows(identities, keys[tenants[0]])
    hashed = [
        _hash_rows(rows, keys[rows.item(0, "tenant_id")]).with_columns(place=rows["place"])
        for rows in identities.with_row_index("place").partition_by("tenant_id")
    ]
    return pl.concat(hashed).sort("place").drop("place") if hashed else _hash_rows(identities, (Key(0, b""),))


def _hash_rows(rows: pl.DataFrame, keys: Sequence[Key]) -> pl.DataFrame:
    """hash_identities for rows whose tenants share their keys."""
    key, later = keys[0], keys[1:]
    has_address = rows["network"].is_not_null()
    has_platform_key = ~has_address & rows["household_key"].is_not_null()
    addressed, unaddressed = rows.filter(has_address), rows.filter(has_platform_key)
    households = addressed["network"].unique()
    hashed = pl.DataFrame({"network": households, "hashed": key.derive_all([households.cast(pl.Binary).to_list()])})
    consumers = np.zeros(rows.height, dtype=np.int64)
    consumers[has_address.to_numpy()] = key.derive_all(_messages(addressed))
    consumers[has_platform_key.to_numpy()] = key.derive_all(_platform_messages(unaddressed))
    keyed = rows.select("network", "household_key").join(
        hashed, on="network", how="left", validate="m:1", maintain_order="left"
    )
    derived = keyed.select(
        consumer_key=pl.when(has_address | has_platform_key).then(pl.Series(consumers)),
        household_key=pl.coalesce("hashed", "household_key"),
        key_version=pl.when(has_address).then(pl.lit(keys[-1].version, dtype=pl.Int16)),
    )
    return derived.with_columns(_renewed(derived[name], later) for name in ("consumer_key", "household_key"))


def renew_keys(rows: pl.DataFrame, columns: Sequence[str], keyring: Keyring, since: str | None = None) -> pl.DataFrame:
    """The rows with the keys in these columns (i64, null stays null) made those of each tenant's newest version.

    rows:  tenant_id and the columns
    since: the column with the version that they are of; None: of the first, as a platform's own keys are
    """
    if all(len(keyring.keys_of(tenant)) == 1 for tenant in rows["tenant_id"].unique()):
        return rows
    by = ["tenant_id", *([since] if since else [])]
    parts = []
    for group in rows.with_row_index("_place").partition_by(by):
        keys = keyring.keys_of(group.item(0, "tenant_id"))
        later = [key for key in keys[1:] if since is None or key.version > group.item(0, since)]
        parts.append(group.with_columns(_renewed(group[name], later) for name in columns) if later else group)
    return pl.concat(parts).sort("_place").drop("_place")


def _renewed(column: pl.Series, later: Sequence[Key]) -> pl.Series:
    """The keys under the last of the later versions, each distinct one hashed once."""
    distinct = column.drop_nulls().unique()
    if not later or distinct.is_empty():
        return column
    values = distinct.to_numpy()
    for key in later:
        values = key.renew_all(values)
    return column.replace_strict(distinct, pl.Series(values), default=None, return_dtype=pl.Int64)


def _messages(rows: pl.DataFrame) -> Iterator[list[bytes]]:
    """What a consumer with an address is the hash of, slice by slice: the address, the separator, the agent."""
    agent = pl.col("user_agent").cast(pl.String).fill_null("")
    message = pl.concat_str("network", pl.lit(SEPARATOR.decode()), agent).cast(pl.Binary)
    for part in rows.iter_slices(SLICE):
        yield part.select(message).to_series().to_list()


def _platform_messages(rows: pl.DataFrame) -> Iterator[list[bytes]]:
    """The same with the 8 bytes of a platform's key in the place of an address."""
    agent = pl.col("user_agent").cast(pl.String).fill_null("").cast(pl.Binary)
    for part in rows.iter_slices(SLICE):
        pairs = part.select("household_key", agent).iter_rows()
        yield [key.to_bytes(8, "big", signed=True) + SEPARATOR + text for key, text in pairs]


def _supplied(frame: pl.DataFrame, name: str, dtype: type[pl.DataType]) -> pl.Expr:
    return pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype)


def _parse_keys(entries: list[dict[str, object]]) -> tuple[Key, ...]:
    register_secret(*(str(each["secret"]) for each in entries))
    keys = tuple(
        sorted(
            (Key(int(str(each["version"])), bytes.fromhex(str(each["secret"]))) for each in entries),
            key=lambda key: key.version,
        )
    )
    versions = [key.version for key in keys]
    if len(set(versions)) != len(versions) or any(not 1 <= version <= MAX_VERSION for version in versions):
        raise ValueError("versions")
    if any(len(key.secret) < MIN_SECRET_BYTES for key in keys):
        raise ValueError("secret")
    return keys


def _tenant_text(tenant: object) -> str:
    """The canonical text of a tenant id, which comes as 16 bytes from the database and may be a UUID or text."""
    if isinstance(tenant, bytes) and len(tenant) == 16:
        return str(UUID(bytes=tenant))
    try:
        return str(UUID(str(tenant)))
    except ValueError:
        return str(tenant)
