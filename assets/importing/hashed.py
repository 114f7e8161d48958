"""Hashed addresses: a household key for rows whose source hides the address behind a hash of its own.

Here: from the source's text to our number.
Not here: keys of addresses in the clear (assets/listening/identity/keys.py).
"""

from __future__ import annotations

from hashlib import sha256

import polars as pl

from assets.listening.identity.keys import PLATFORM_VERSION


def with_household(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with household_key and key_version instead of _hashed, which a source gave in place of an address.

    The key is the first 8 bytes of the text's SHA-256, big-endian, signed; hashed once per distinct value.
    """
    hashed = rows.get_column("_hashed").drop_nulls().unique()
    keys = [int.from_bytes(sha256(each.encode()).digest()[:8], "big", signed=True) for each in hashed]
    keyed = pl.DataFrame(
        {"_hashed": hashed, "household_key": keys}, schema={"_hashed": pl.String, "household_key": pl.Int64}
    )
    version = pl.when(pl.col("household_key").is_not_null()).then(pl.lit(PLATFORM_VERSION, dtype=pl.Int16))
    return (
        rows.join(keyed, on="_hashed", how="left", validate="m:1", maintain_order="left")
        .with_columns(version.alias("key_version"))
        .drop("_hashed")
    )
