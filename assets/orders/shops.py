"""Shops: which columns of an export mean what.

Here: the packaged mappings and an operator's own, and which one fits the columns of a file.
Not here: reading records (records.py), what is made of them (rows.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sql.safety.yaml_files import read_yaml_file
from sql.values import PermanentError

# What a column can be. Without a time nothing can be attributed.
MEANINGS = (
    *("order_id", "occurred_at", "kind", "value", "currency", "promo_code", "client_ip", "user_agent"),
    *("listener_id", "is_new_customer", "event_id"),
)
KEYS = ("title", "columns", "first_row_has", "only_if", "refunded")


@dataclass(frozen=True, slots=True)
class Shop:
    """One kind of export. Names are looked for in their order; a dot leads into JSON, coupon_lines.0.code.

    columns:       by meaning (MEANINGS), the names that it may have
    first_row_has: the column that is empty in the further rows of an order, one for each item
    only_if:       the column, and those of its values that are orders
    refunded:      the column of what was paid back by the day of the export
    """

    name: str
    title: str
    columns: Mapping[str, Sequence[str]]
    first_row_has: str | None = None
    only_if: tuple[Sequence[str], Collection[str]] | None = None
    refunded: Sequence[str] = field(default=())

    def fit(self, names: Collection[str]) -> int:
        """How many of its meanings the file has; 0 where it lacks the time, or what the order is worth or called."""
        there = {name.partition(".")[0] for name in names}
        found = {
            meaning
            for meaning, columns in self.columns.items()
            if any(column.partition(".")[0] in there for column in columns)
        }
        return len(found) if "occurred_at" in found and found & {"order_id", "value"} else 0

    def read(self) -> Mapping[str, Sequence[str]]:
        """The names of every column that it reads, by what it reads in them."""
        state = self.only_if[0] if self.only_if is not None else ()
        first = (self.first_row_has,) if self.first_row_has is not None else ()
        return {**self.columns, "state": state, "first row": first, "refund": self.refunded}


def load_shop(path: Path) -> Shop:
    """The mapping in a file of YAML. Raises PermanentError that names the file and what is wrong."""
    try:
        content = read_yaml_file(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PermanentError(f"the mapping {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not isinstance(content.get("columns"), dict):
        raise PermanentError(f"the mapping {path} has no columns: docs/importing.md shows one")
    strange = [*(set(content) - set(KEYS)), *(set(content["columns"]) - set(MEANINGS))]
    if strange:
        raise PermanentError(
            f"the mapping {path} says {sorted(strange)[0]!r}, which nothing is: keys are {', '.join(KEYS)}; columns "
            f"mean {', '.join(MEANINGS)}"
        )
    if problem := next(_problems(content), None):
        raise PermanentError(f"the mapping {path}: {problem}")
    columns = {meaning: _names(names) for meaning, names in content["columns"].items()}
    if "occurred_at" not in columns:
        raise PermanentError(f"the mapping {path} does not say which column is occurred_at, the time of the order")
    only = content.get("only_if")
    return Shop(
        path.stem,
        str(content.get("title", path.stem)),
        columns,
        content.get("first_row_has"),
        (_names(only["column"]), frozenset(value.lower() for value in _names(only["values"]))) if only else None,
        _names(content.get("refunded") or []),
    )


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    """What in a mapping is neither a name nor a list of names where one is wanted."""
    only = content.get("only_if")
    if only is not None and (not isinstance(only, dict) or set(only) != {"column", "values"}):
        yield "only_if names a column and the values of it that are orders: {column: status, values: [paid]}"
        return
    named = {f"columns.{meaning}": names for meaning, names in content["columns"].items()}
    named |= {f"only_if.{key}": names for key, names in (only or {}).items()}
    named |= {"refunded": content["refunded"]} if content.get("refunded") else {}
    for where, names in named.items():
        if not names or not all(
            isinstance(name, str | int) for name in (names if isinstance(names, list) else [names])
        ):
            yield f"{where} is a name, or a list of names"
    for key in ("title", "first_row_has"):
        if not isinstance(content.get(key), str | None):
            yield f"{key} is one text"


def _names(given: Any) -> tuple[str, ...]:
    return tuple(map(str, given)) if isinstance(given, list) else (str(given),)


SHOPS: Mapping[str, Shop] = {
    path.stem: load_shop(path) for path in sorted((Path(__file__).parent / "mappings").glob("*.yaml"))
}


def choose_shop(names: Collection[str], source: str) -> Shop:
    """The one whose columns the file has most of. Raises PermanentError, with its columns, where none or two fit."""
    fits = sorted(((shop.fit(names), name) for name, shop in SHOPS.items()), reverse=True)
    best = [name for fit, name in fits if fit and fit == fits[0][0]]
    if len(best) != 1:
        why = f"may be one of {', '.join(best)}" if best else "is no export of orders that can be read"
        raise PermanentError(
            f"{source} {why}; its columns are {', '.join(sorted(names)[:20])}. Name a shop or a mapping with --map "
            f"({', '.join(SHOPS)}; docs/importing.md). Nothing was stored"
        )
    return SHOPS[best[0]]


def named_shop(given: str | None) -> Shop | None:
    """The shop of this name, or the mapping in this file; None: by the columns. Raises PermanentError for neither."""
    if given is None or given in SHOPS:
        return SHOPS[given] if given else None
    if not Path(given).is_file():
        raise PermanentError(f"--map names {given!r}: it is {', '.join(SHOPS)}, or a file with a mapping")
    return load_shop(Path(given))
