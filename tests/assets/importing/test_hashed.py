"""A hash that a source gives in place of an address becomes a household key, the same on every day and machine."""

from __future__ import annotations

import polars as pl

from assets.importing.hashed import with_household

# SHA-256 of "abc" begins with these 8 bytes (FIPS 180-4, the example of a one-block message).
ABC = int.from_bytes(bytes.fromhex("ba7816bf8f01cfea"), "big", signed=True)


def test_a_hash_becomes_the_first_bytes_of_its_own_hash_and_rows_keep_their_order() -> None:
    rows = pl.DataFrame({"line_number": [1, 2, 3], "_hashed": ["abc", None, "abc"]})

    found = with_household(rows)

    assert found.columns == ["line_number", "household_key", "key_version"]
    assert found.rows() == [(1, ABC, 0), (2, None, None), (3, ABC, 0)]
    assert found.schema["key_version"] == pl.Int16


def test_rows_without_any_hash_have_no_household() -> None:
    found = with_household(pl.DataFrame({"_hashed": [None]}, schema={"_hashed": pl.String}))

    assert found.rows() == [(None, None)]
