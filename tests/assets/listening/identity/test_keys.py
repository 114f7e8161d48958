"""Consumer and household keys, and the ring that holds their secrets."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.listening.identity.keys import Key, Keyring, derive_keys, renew_keys
from sql.values import PermanentError

SECRET = bytes(range(32))
RING = Keyring((Key(1, SECRET),))


def rows(*addresses: str | None, agent: str | None = "Overcast/3.0", tenant: object = "north") -> pl.DataFrame:
    return pl.DataFrame(
        {"tenant_id": [tenant] * len(addresses), "client_ip": addresses, "user_agent": [agent] * len(addresses)},
        schema_overrides={"client_ip": pl.String, "user_agent": pl.String},
    )


def signed(message: bytes, secret: bytes = SECRET) -> int:
    return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest()[:8], "big", signed=True)


def test_a_secret_longer_than_a_block_is_hashed_first_as_the_standard_says() -> None:
    for length in (16, 64, 65, 200):
        secret = bytes(range(length))
        derived = derive_keys(rows("203.0.113.7"), Keyring((Key(1, secret),)))
        assert derived["household_key"].to_list() == [signed(b"203.0.113.7", secret)]


def test_tenants_with_keys_of_their_own_and_platform_keys_stand_side_by_side() -> None:
    north, south = UUID(int=1), UUID(int=2)
    ring = Keyring((Key(1, SECRET),), {str(south): (Key(7, b"south" * 7),)})
    frame = pl.DataFrame(
        {
            "tenant_id": [str(north), str(south), str(south), str(north)],
            "client_ip": ["203.0.113.7", "203.0.113.7", None, None],
            "user_agent": ["Overcast/3.0"] * 4,
            "household_key": [None, None, -5, None],
        },
        schema_overrides={"client_ip": pl.String, "household_key": pl.Int64},
    )
    derived = derive_keys(frame, ring)
    retained = (-5).to_bytes(8, "big", signed=True) + b"\x1fOvercast/3.0"
    message = b"203.0.113.7\x1fOvercast/3.0"
    assert derived["consumer_key"].to_list() == [
        signed(message),
        signed(message, b"south" * 7),
        signed(retained, b"south" * 7),
        None,
    ]
    assert derived["key_version"].to_list() == [1, 7, 0, None]


def test_a_key_is_the_first_eight_bytes_of_the_hmac_of_address_and_agent() -> None:
    derived = derive_keys(rows("203.0.113.7"), RING).row(0, named=True)

    assert derived["consumer_key"] == signed(b"203.0.113.7\x1fOvercast/3.0")
    assert derived["household_key"] == signed(b"203.0.113.7")
    assert derived["key_version"] == 1


def test_two_addresses_of_one_ipv6_home_share_their_keys() -> None:
    derived = derive_keys(rows("2001:db8:1:2::5", "2001:0DB8:1:2:ffff::1", "2001:db8:1:3::5"), RING)

    assert derived["household_key"][0] == derived["household_key"][1] == signed(b"2001:db8:1:2::")
    assert derived["household_key"][2] != derived["household_key"][0]


def test_an_ipv4_mapped_address_is_the_ipv4_address() -> None:
    derived = derive_keys(rows("203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107"), RING)

    assert derived["consumer_key"].n_unique() == 1


def test_a_missing_agent_is_an_empty_one() -> None:
    missing = derive_keys(rows("203.0.113.7", agent=None), RING)

    assert missing["consumer_key"][0] == signed(b"203.0.113.7\x1f")


def test_a_row_without_address_keeps_the_key_that_the_platform_gave() -> None:
    frame = rows(None).with_columns(household_key=pl.lit(-42, pl.Int64), key_version=pl.lit(9, pl.Int16))

    derived = derive_keys(frame, RING).row(0, named=True)

    assert derived["household_key"] == -42
    assert derived["consumer_key"] == signed((-42).to_bytes(8, "big", signed=True) + b"\x1fOvercast/3.0")
    assert derived["key_version"] == 9


def test_a_kept_key_without_a_version_is_of_version_zero() -> None:
    assert derive_keys(rows(None).with_columns(household_key=pl.lit(7)), RING)["key_version"].to_list() == [0]


def test_a_row_with_neither_address_nor_key_has_no_keys() -> None:
    derived = derive_keys(rows("not an address", None), RING)

    assert derived.select("consumer_key", "household_key", "key_version").null_count().row(0) == (2, 2, 2)


def test_rows_keep_their_order_and_their_other_columns() -> None:
    frame = rows("203.0.113.9", "203.0.113.1", "203.0.113.9").with_columns(pl.Series("line", [3, 1, 2]))

    derived = derive_keys(frame, RING)

    assert derived["line"].to_list() == [3, 1, 2]
    assert derived["consumer_key"][0] == derived["consumer_key"][2]


def test_a_tenant_with_a_key_of_its_own_uses_it_however_its_id_is_spelt() -> None:
    tenant = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6a001")
    ring = Keyring((Key(1, SECRET),), {str(tenant): (Key(3, b"x" * 32), Key(4, b"y" * 32))})

    from_bytes = derive_keys(rows("203.0.113.7", tenant=tenant.bytes), ring)
    from_text = derive_keys(rows("203.0.113.7", tenant=str(tenant).upper()), ring)

    first = signed(b"203.0.113.7", b"x" * 32)
    newest = signed(b"\x1f" + first.to_bytes(8, "big", signed=True), b"y" * 32)
    assert from_bytes["household_key"][0] == from_text["household_key"][0] == newest
    assert from_bytes["key_version"].to_list() == [4]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_ipv4_address_gives_one_key(number: int) -> None:
    v4 = ipaddress.IPv4Address(number)
    spellings = [str(v4), f"::ffff:{v4}", ipaddress.IPv6Address(f"::ffff:{v4}").exploded, f" {v4} "]

    assert derive_keys(rows(*spellings), RING)["consumer_key"].n_unique() == 1


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1).filter(lambda prefix: prefix != 0), st.integers(0, 2**64 - 1))
def test_every_spelling_of_an_ipv6_network_gives_one_key(prefix: int, host: int) -> None:
    address = ipaddress.IPv6Address((prefix << 64) + host)
    network = ipaddress.IPv6Address(prefix << 64)
    spellings = [str(address), address.exploded, address.exploded.upper(), str(network)]

    derived = derive_keys(rows(*spellings), RING)

    assert derived["household_key"].unique().to_list() == [signed(str(network).encode())]


def test_a_new_ring_is_readable_by_its_owner_alone_and_shows_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keyring.json"

    ring = Keyring.create(path)

    secret = json.loads(path.read_text())["default"][0]["secret"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in repr(ring)
    assert repr(bytes.fromhex(secret)) not in repr(ring.key_of("any"))
    assert Keyring.load(path).key_of("any") == ring.key_of("any")


def test_a_ring_is_never_overwritten(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keyring.json")

    with pytest.raises(PermanentError, match="already"):
        Keyring.create(tmp_path / "keyring.json")


def test_a_ring_that_kubernetes_mounts_for_the_pods_group_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keyring.json"
    Keyring.create(path)
    if path.stat().st_uid != 0:
        pytest.skip("only root can make files of root's")
    path.chmod(0o440)
    with pytest.raises(PermanentError, match="chmod 600"):
        Keyring.load(path)
    monkeypatch.setattr(os, "geteuid", lambda: 10001)
    assert Keyring.load(path).versions_of("north") == (1,)
    for mode in (0o444, 0o460):
        path.chmod(mode)
        with pytest.raises(PermanentError, match="chmod 600"):
            Keyring.load(path)


def test_a_ring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    Keyring.create(path)
    path.chmod(0o640)

    with pytest.raises(PermanentError, match="chmod 600"):
        Keyring.load(path)


def test_a_missing_ring_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="EARSHOT_KEYRING"):
        Keyring.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"default": [{"version": 1, "secret": "00ff"}]}',
        json.dumps({"default": [{"version": 0, "secret": "ab" * 32}]}),
        json.dumps({"default": [{"version": 1, "secret": "ab" * 32}, {"version": 1, "secret": "cd" * 32}]}),
        '{"default": [{"version": 1, "secret": "swordfish-swordfish-swordfish"}]}',
    ],
)
def test_a_file_that_is_no_ring_is_refused_without_quoting_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(PermanentError, match="no key ring") as refusal:
        Keyring.load(path)

    assert "swordfish" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_tenant_without_any_key_is_named() -> None:
    with pytest.raises(PermanentError, match="lacks a key of tenant north"):
        derive_keys(rows("203.0.113.7"), Keyring(()))


def test_an_old_version_stays_reachable() -> None:
    ring = Keyring((Key(1, SECRET), Key(2, b"z" * 32)))

    assert ring.key_of("any").version == 2
    assert ring.key_of("any", version=1).secret == SECRET


THREE = Keyring((Key(1, SECRET), Key(2, b"z" * 32), Key(5, b"w" * 32)))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.sampled_from(["", "Pod/1", None])), max_size=12))
def test_whoever_has_one_key_has_one_after_a_rotation_too(people: list[tuple[bool, int, str | None]]) -> None:
    """Rows under the older version, renewed, are rows under the newest; equal ones stay equal, others distinct."""
    frame = pl.DataFrame(
        {
            "tenant_id": ["north"] * len(people),
            "client_ip": [f"203.0.113.{number}" if has_address else None for has_address, number, _ in people],
            "user_agent": [agent for _, _, agent in people],
            "household_key": [None if has_address or number > 30 else -number for has_address, number, _ in people],
        },
        schema={"tenant_id": pl.String, "client_ip": pl.String, "user_agent": pl.String, "household_key": pl.Int64},
    )
    keys = ["consumer_key", "household_key"]
    older, newest = (derive_keys(frame, ring).select("tenant_id", *keys) for ring in (THREE.cut({"north": 2}), THREE))
    stamped = older.with_columns(version=pl.lit(2, dtype=pl.Int16))
    assert renew_keys(stamped, keys, THREE, since="version").select(keys).equals(newest.select(keys))
    for key in keys:
        assert older[key].n_unique() == newest[key].n_unique()
        assert set(older[key].drop_nulls()).isdisjoint(newest[key])


def test_a_platform_s_own_key_is_renewed_by_every_later_version() -> None:
    row = pl.DataFrame({"tenant_id": ["north"], "listener_key": [-5]})
    renewed = -5
    for key in THREE.default[1:]:
        renewed = signed(b"\x1f" + renewed.to_bytes(8, "big", signed=True), key.secret)
    assert renew_keys(row, ["listener_key"], THREE)["listener_key"].to_list() == [renewed]
    assert renew_keys(row, ["listener_key"], RING).equals(row)


def test_keys_of_a_lost_ring_are_left_alone_by_one_that_was_made_anew() -> None:
    row = pl.DataFrame({"tenant_id": ["north"], "key": [-5], "version": [1]})
    made_anew = Keyring((Key(6, SECRET), Key(7, b"z" * 32)))
    [renewed] = renew_keys(row, ["key"], made_anew, since="version")["key"]
    assert renewed == signed(b"\x1f" + (-5).to_bytes(8, "big", signed=True), b"z" * 32)


def test_the_version_in_force_is_the_one_that_stored_keys_are_of_and_else_the_oldest() -> None:
    north, south = UUID(int=1), UUID(int=2)

    def read(_statement: str, /, **_params: object) -> pl.DataFrame:
        return pl.DataFrame({"tenant_id": [south.bytes], "version": [2]})

    in_force = THREE.in_force(read, [north, south])
    assert (in_force.versions_of(north), in_force.versions_of(south)) == ((1,), (1, 2))
    with pytest.raises(PermanentError, match="lacks version 2"):
        RING.in_force(read, [north, south])
    made_anew = Keyring((Key(7, SECRET),))
    assert made_anew.in_force(read, [south]).versions_of(south) == (7,)
