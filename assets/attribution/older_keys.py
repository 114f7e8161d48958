"""Older keys: the keys of an address under earlier versions of the key ring.

Here: the keys of the signals' addresses under every older version, and exposures renamed to the newest of them.
Not here: how keys are made (assets/listening/identity/keys.py), matching on them (matching.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from assets.listening.identity.keys import Keyring, derive_keys
from assets.listening.identity.retained_keys import older_versions

IDENTITY = ["tenant_id", "client_ip", "user_agent", "household_key"]
OLDER = ["tenant_id", "older"]


@dataclass(frozen=True, slots=True)
class OlderKeys:
    """Keys that exposures may still be stored under, with the newest one of the same address.

    households, consumers: tenant_id, older, newest (all keys i64)
    """

    households: pl.DataFrame
    consumers: pl.DataFrame

    @classmethod
    def of(cls, signals: pl.DataFrame, keyring: Keyring, retained: pl.DataFrame | None = None) -> OlderKeys:
        """signals: tenant_id, client_ip, user_agent, household_key as the platform sent it (null: not at all).
        retained: the retained keys of those whose address is gone (retained_keys.py); None: all have theirs."""
        identities = signals.select(IDENTITY).unique()
        newest = derive_keys(identities, keyring)
        no_rows = newest.clear()
        pairs = {key: [_renamed(no_rows, no_rows, key)] for key in ("household_key", "consumer_key")}
        for version in keyring.older_versions():
            had = [version in keyring.versions_of(tenant)[:-1] for tenant in identities["tenant_id"]]
            has_it = pl.Series("had", had, dtype=pl.Boolean)
            before = derive_keys(identities.filter(has_it), keyring.of_version(version))
            for key, found in pairs.items():
                found.append(_renamed(before, newest.filter(has_it), key))
        if retained is not None and retained.height:
            for key, found in pairs.items():
                found.append(older_versions(retained, key))
        households, consumers = (pl.concat(found).unique(OLDER, keep="any") for found in pairs.values())
        return cls(households, consumers)

    def rename(self, exposures: pl.DataFrame) -> pl.DataFrame:
        """The exposures under the newest keys of their household and consumer, where a signal has them."""
        for key, renamed in (("household_key", self.households), ("consumer_key", self.consumers)):
            exposures = (
                exposures.join(
                    renamed,
                    left_on=["tenant_id", key],
                    right_on=OLDER,
                    how="left",
                    validate="m:1",
                    maintain_order="left",
                )
                .with_columns(pl.coalesce("newest", key).alias(key))
                .drop("newest")
            )
        return exposures


def _renamed(before: pl.DataFrame, newest: pl.DataFrame, key: str) -> pl.DataFrame:
    pairs = before.select("tenant_id", older=key).with_columns(newest=newest[key])
    return pairs.filter(pl.col("older").is_not_null() & (pl.col("older") != pl.col("newest")))
