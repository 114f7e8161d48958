"""Databases of ADBC that are kept between connections: shared, bounded, and closed with the last connection."""

from __future__ import annotations

import pytest
from adbc_driver_manager import AdbcConnection, Error
from adbc_driver_manager.dbapi import Connection

from sql.reading import databases
from sql.reading.databases import MOST_OPEN, connect


def one(connection: Connection) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()


def test_connections_to_one_address_share_what_was_looked_up(database_url: str) -> None:
    with connect(database_url) as first, connect(database_url) as second:
        kept = databases._databases[database_url]
        assert kept.connections == 2
        assert one(first) == one(second) == (1,)
    assert kept.connections == 0
    with connect(database_url) as third:
        assert databases._databases[database_url] is kept
        assert one(third) == (1,)


def test_few_addresses_are_kept_and_the_last_connection_closes_the_others(database_url: str) -> None:
    addresses = [f"{database_url}?application_name=number-{number}" for number in range(MOST_OPEN + 1)]
    oldest = connect(addresses[0])
    database = databases._databases[addresses[0]]
    for address in addresses[1:]:
        connect(address).close()
    assert list(databases._databases) == addresses[1:]
    assert one(oldest) == (1,), "its database is not kept any more, but open"
    oldest.close()
    with pytest.raises((Error, RuntimeError, ValueError)):
        AdbcConnection(database.opened)


def test_an_address_that_cannot_be_reached_is_not_kept(database_url: str) -> None:
    nowhere = f"{database_url}_nowhere"
    with pytest.raises(Error):
        connect(nowhere)
    assert nowhere not in databases._databases
