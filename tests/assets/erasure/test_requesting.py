"""Requests of erasure wait in the database, are carried out once, and leave nothing of whom they named."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from assets.archive.files import read_day, read_manifest
from assets.erasure.erasing import keys_of_address
from assets.erasure.requesting import SUBJECT, CarriedOut, carry_out, request_erasure, withdraw_request
from assets.importing.sources.places import Place
from assets.listening.identity.keys import Key, Keyring
from assets.privacy.rotation import rotate_keys
from sql.embedded import Server
from sql.failures import FailureLog
from sql.values import EarshotError, PermanentError, Scope
from sql.warehouse import Warehouse
from tests.assets.archive.test_keeping import DAY, ELSE, KEYS, QUAY, archive, counts, network
from tests.assets.erasure.test_erasing import HOME, compute, rows
from tests.conftest import admin_address

__all__ = ["network"]

REQUESTS = (
    "SELECT state, address, listener_key, erasure_id IS NOT NULL, error FROM erasure_requests ORDER BY requested_at"
)
RING = Keyring(default=(*KEYS.default, Key(2, b"another secret for tests, 32 bytes")))


def ask(warehouse: Warehouse, tenant: UUID = QUAY, keyring: Keyring = KEYS, **whom: Any) -> UUID:
    return request_erasure(warehouse, tenant, keyring, "Ada", **(whom or {"address": HOME}))[0]


def ask_for_what_is_none(warehouse: Warehouse, tenant: UUID, address: str) -> None:
    """A request that no erasure can carry out: typed into the table by hand."""
    rows(
        warehouse,
        "INSERT INTO erasure_requests (tenant_id, request_id, requested_by, kind, address) "
        "VALUES (%s, %s, 'Ada', 'address', %s) RETURNING 1",
        tenant,
        uuid4(),
        address,
    )


def upkeep(warehouse: Warehouse, keyring: Keyring = KEYS, failures: FailureLog | None = None) -> list[CarriedOut]:
    return list(carry_out(warehouse, Scope(), keyring, None, failures))


def holding(admin_url: str, text: str) -> list[str]:
    """The tables of all schemas, the server's own among them, of which a row has this text."""
    tables = (
        "SELECT quote_ident(nspname) || '.' || quote_ident(relname) FROM pg_class "
        "INNER JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind IN ('r', 'm') ORDER BY 1"
    )
    found = []
    with psycopg.connect(admin_url) as connection:
        for (table,) in connection.execute(tables.encode()).fetchall():
            query = f"SELECT EXISTS (SELECT FROM {table} AS t WHERE strpos(t::text, %s) > 0)"
            found += [str(table)] if connection.execute(query.encode(), [text]).fetchone() == (True,) else []
    return found


@pytest.fixture
def admin_url(server: Server, database_url: str) -> str:
    return admin_address(server, database_url)


def test_a_household_is_erased_once_and_no_table_knows_its_address(network: Warehouse, admin_url: str) -> None:
    compute(network, QUAY, ELSE)
    rows(network, "DELETE FROM listener_events WHERE tenant_id = %s RETURNING 1", ELSE)
    request = ask(network)
    assert request_erasure(network, QUAY, KEYS, "Bo", address=f" {HOME} ") == (request, False)
    assert {"public.erasure_requests", "public.listener_events"} <= set(holding(admin_url, HOME))

    [done] = upkeep(network)

    assert (done.slug, done.request) == ("quay", request)
    assert (done.erasure.before["downloads"], done.erasure.after["downloads"]) == (1, 0)
    assert holding(admin_url, HOME) == []
    assert rows(network, REQUESTS) == [("done", None, None, True, None)]
    assert rows(network, "SELECT erased_by, kind FROM erasures") == [("Ada", "address")]
    assert upkeep(network) == []
    # They may come back, and ask again.
    assert ask(network) != request
    [again] = upkeep(network)
    assert sum(again.erasure.before.values()) == 0


def test_the_server_keeps_no_statistics_of_whom(network: Warehouse, admin_url: str) -> None:
    for number in range(7):
        ask(network, address=f"10.9.9.{number}")
        ask(network, listener=number)
    columns = (
        "SELECT attname::text FROM pg_statistic INNER JOIN pg_attribute ON attrelid = starelid AND attnum = staattnum "
        "WHERE starelid = 'erasure_requests'::regclass"
    )
    with psycopg.connect(admin_url) as admin:
        admin.execute("ANALYZE erasure_requests")
        analyzed = {name for (name,) in admin.execute(columns).fetchall()}
    assert "state" in analyzed
    assert not {"address", "listener_key"} & analyzed


def test_a_listener_is_found_by_a_key_from_before_a_rotation(network: Warehouse, admin_url: str) -> None:
    compute(network, QUAY)
    [(key,)] = rows(
        network,
        "SELECT consumer_key FROM downloads WHERE household_key = %s",
        *keys_of_address(HOME, QUAY, KEYS),
    )
    ask(network, keyring=RING, listener=key)
    assert list(rotate_keys(network, Scope(), RING, "Ada"))

    [done] = upkeep(network, RING)

    assert (done.erasure.before["listener_events"], done.erasure.before["downloads"]) == (1, 1)
    assert rows(network, REQUESTS) == [("done", None, None, True, None)]
    assert holding(admin_url, str(key)) == []


def test_a_request_that_fails_stops_no_other_and_its_reason_does_not_say_whom(
    network: Warehouse, admin_url: str
) -> None:
    ask_for_what_is_none(network, ELSE, "nobody-7")
    ask_for_what_is_none(network, QUAY, "nobody-8")
    ask(network)
    said: list[str] = []
    failures = FailureLog(network, "privacy", said.append, not_done="listeners not erased")

    [done] = upkeep(network, failures=failures)

    assert done.slug == "quay"
    states = rows(network, "SELECT tenant_id, state, address, error FROM erasure_requests ORDER BY requested_at")
    reason = "'***' is no address: write one such as 203.0.113.7 or 2001:db8::1"
    assert states == [
        (ELSE, "waiting", "nobody-7", reason),
        (QUAY, "waiting", "nobody-8", reason),
        (QUAY, "done", None, None),
    ]
    assert {failure.tenant_id for failure in failures.found} == {QUAY, ELSE}
    assert "nobody" not in "".join(said)
    [(cause,), _] = rows(network, "SELECT cause FROM tenant_failures WHERE subject = %s", SUBJECT)
    assert "still wait" in cause
    for value in ("nobody-7", "nobody-8"):
        assert holding(admin_url, value) == ["public.erasure_requests"]
    for row in network.rows("read_erasure_requests", tenants=[QUAY, ELSE]):
        if row["state"] == "waiting":
            withdraw_request(network, row["tenant_id"], row["request_id"], "Bo")
    assert upkeep(network, failures=failures) == []
    assert holding(admin_url, "nobody-") == []
    assert rows(network, "SELECT cause FROM tenant_failures WHERE subject = %s", SUBJECT) == []


def test_what_the_server_says_of_rows_is_not_kept(network: Warehouse) -> None:
    ask(network)
    with network.transaction("earshot_owner") as connection:
        connection.execute(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'not %', old.client_ip; END$$"
        )
        connection.execute("CREATE TRIGGER tell BEFORE DELETE ON listener_events FOR EACH ROW EXECUTE FUNCTION tell()")

    with pytest.raises(PermanentError, match="still wait") as failed:
        upkeep(network)

    assert HOME not in str(failed.value)
    assert failed.value.__cause__ is None
    [(state, address, _, _, error)] = rows(network, REQUESTS)
    assert (state, address) == ("waiting", HOME)
    assert error.startswith("StatementError; ")


def test_it_is_done_again_after_it_was_stopped_between_the_archive_and_the_tables(
    network: Warehouse, tmp_path: Path
) -> None:
    archive(network, tmp_path)
    ask(network)
    with network.transaction("earshot_owner") as connection:
        connection.execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'stop'; END$$"
        )
        connection.execute("CREATE TRIGGER stop BEFORE INSERT ON erasures FOR EACH ROW EXECUTE FUNCTION stop()")
    with pytest.raises(PermanentError, match="still wait"):
        upkeep(network)
    assert rows(network, "SELECT state, address FROM erasure_requests") == [("waiting", HOME)]
    with network.transaction("earshot_owner") as connection:
        connection.execute("DROP TRIGGER stop ON erasures")

    assert len(upkeep(network)) == 1

    assert rows(network, REQUESTS) == [("done", None, None, True, None)]
    [archived] = network.rows("read_archived_days", tenants=[QUAY], first=DAY.day, last=DAY.day)
    place = Place(archived["place"])
    frames = read_day(place, read_manifest(place, archived["manifest_sha256"]))
    assert frames["listener_events"]["client_ip"].to_list() == ["fd00:12:7::51/128"]


def test_two_at_once_erase_once(network: Warehouse) -> None:
    ask(network)

    class Late(Warehouse):
        """Reads which requests wait, and is overtaken by another upkeep."""

        def rows(self, name: str, /, **params: object) -> list[dict[str, Any]]:
            found = super().rows(name, **params)
            if name == "read_waiting_erasures" and found:
                upkeep(network)
            return found

    late = Late(network._url)
    assert upkeep(late) == []
    late.close()
    assert rows(network, "SELECT count(*) FROM erasures") == [(1,)]


def test_a_request_that_is_withdrawn_forgets_whom_and_erases_nobody(network: Warehouse) -> None:
    before = counts(network)
    request = ask(network)
    withdraw_request(network, QUAY, request, "Bo")

    assert upkeep(network) == []

    assert counts(network) == before
    assert rows(network, REQUESTS) == [("withdrawn", None, None, False, None)]
    with pytest.raises(PermanentError, match="does not wait any more"):
        withdraw_request(network, QUAY, request, "Bo")


@pytest.mark.parametrize(
    ("whom", "message"),
    [
        ({"address": "home"}, "is no address"),
        ({"address": HOME, "listener": 1}, "Name a listener by key or a household"),
    ],
)
def test_what_names_nobody_is_refused_at_once(network: Warehouse, whom: dict[str, Any], message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        ask(network, **whom)
    assert rows(network, "SELECT count(*) FROM erasure_requests") == [(0,)]


@pytest.mark.parametrize("role", ["earshot_report", "earshot_readonly"])
def test_readers_and_the_trail_of_changes_see_no_request(network: Warehouse, role: str) -> None:
    withdraw_request(network, QUAY, ask(network), "Bo")
    ask(network)
    for place in ("public.erasure_requests", "bi.erasure_requests"):
        with (
            pytest.raises(EarshotError, match=r"permission denied|does not exist"),
            network.transaction(role, QUAY) as connection,
        ):
            connection.execute(f"SELECT address FROM {place}".encode())
    with network.transaction(role, QUAY) as connection:
        assert connection.execute("SELECT count(*) FROM bi.erasures").fetchone() == (0,)
    with network.transaction("earshot_owner") as connection:
        trail = connection.execute("SELECT count(*) FROM config_changes WHERE table_name = 'erasure_requests'")
        assert trail.fetchone() == (0,)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'done', ended_at = now()",
        "state = 'withdrawn', ended_at = now(), withdrawn_by = 'Bo'",
        "address = NULL",
        "listener_key = 1, key_version = 1",
    ],
)
def test_the_database_keeps_whom_exactly_as_long_as_a_request_waits(network: Warehouse, change: str) -> None:
    ask(network)
    with pytest.raises(EarshotError, match="erasure_requests_"):
        rows(network, f"UPDATE erasure_requests SET {change} RETURNING 1")
