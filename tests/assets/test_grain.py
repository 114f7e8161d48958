"""Keys are named by what they are keys of, are a tenant's own, and are stated once."""

from __future__ import annotations

from assets import grain

KEYS: dict[str, list[str]] = {name: key for name, key in vars(grain).items() if name.isupper()}
# Within a conversion and a model, which have the tenant.
INSIDE_ANOTHER = {"AD_IN_EPISODE"}
COLUMNS = {"FILE": "asset_id", "LISTENER": "consumer_key"}


def test_every_key_begins_with_the_tenant_whose_ids_it_has() -> None:
    assert {name for name, key in KEYS.items() if key[0] != "tenant_id"} == INSIDE_ANOTHER


def test_the_last_column_of_a_key_is_what_its_name_ends_with() -> None:
    for name, key in KEYS.items():
        what = name.rsplit("_", maxsplit=1)[-1]
        assert key[-1].startswith(COLUMNS.get(what, what.lower())), name


def test_no_key_has_a_column_twice_or_the_columns_of_another() -> None:
    assert all(len(set(key)) == len(key) for key in KEYS.values())
    assert len({frozenset(key) for key in KEYS.values()}) == len(KEYS)
