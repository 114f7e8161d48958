"""Statements: the queries of sql/queries by name, with typed values put in.

Here: loading one file per statement, its named parameters, rendering it to SQL text.
Not here: running it, or any text that comes from outside: values become literals through psycopg's own adapters.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from uuid import UUID

from psycopg.sql import Literal

from sql.values import PermanentError

_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)s|(?P<percent>%))")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")

# In the header of a statement that reads whole spans: every join is made by hash or merge. The server takes a join over
# several columns that belong together for one of few rows, and would compare each row with each.
_JOINS_BY_HASH = re.compile(r"^-- Joins: by hash\.$", re.MULTILINE)

# The types of parameters; anything else has no agreed type in the database.
_TYPES = (str, bool, int, float, Decimal, UUID, date)


@dataclass(frozen=True, slots=True)
class Statement:
    """One file of sql/queries. joins_by_hash: its header says so; readers keep the server from nested loops."""

    name: str
    text: str
    joins_by_hash: bool = False

    @property
    def parameters(self) -> frozenset[str]:
        found = _PLACEHOLDER.finditer(self.text)
        return frozenset(match["name"] for match in found if match["name"])

    def render(self, params: Mapping[str, object]) -> str:
        """The SQL with every %(name)s replaced by the literal of its value.

        Literals are made by the adapters that psycopg's client-side cursor uses, without needing a connection:
        '2026-01-01 00:00:00+00:00'::timestamptz, '{...}'::uuid[].
        Raises PermanentError for a missing or unknown parameter and for a value without an agreed type.
        """
        missing, unknown = sorted(self.parameters - params.keys()), sorted(params.keys() - self.parameters)
        if missing or unknown:
            wrong = [f"lacks {', '.join(missing)}"] if missing else []
            wrong += [f"does not know {', '.join(unknown)}"] if unknown else []
            takes = ", ".join(sorted(self.parameters)) or "no parameters"
            raise PermanentError(f"Statement {self.name} {' and '.join(wrong)}; it takes {takes}")
        literals = {name: self._literal(name, value) for name, value in params.items()}
        return _PLACEHOLDER.sub(lambda match: literals[match["name"]] if match["name"] else "%", self.text)

    def _literal(self, name: str, value: object) -> str:
        many = isinstance(value, list | tuple | set | frozenset)
        values = list(value) if many else [value]  # type: ignore[call-overload]
        for each in values:
            if each is not None and not isinstance(each, _TYPES):
                raise PermanentError(
                    f"Statement {self.name}: {name} holds a {type(each).__name__}; "
                    "give text, a number, a date, an aware datetime or a UUID, or a list of one of these"
                )
            if isinstance(each, datetime) and each.tzinfo is None:
                raise PermanentError(f"Statement {self.name}: {name} is {each}, without a time zone; give it in UTC")
        return Literal(values if many else value).as_string(None).strip()


@cache
def statement(name: str) -> Statement:
    """The statement of sql/queries/<name>.sql. Raises PermanentError, naming near ones, if there is none."""
    folder = resources.files("sql") / "queries"
    file = folder / f"{name}.sql"
    if not _NAME.fullmatch(name) or not file.is_file():
        names = sorted(entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql"))
        near = difflib.get_close_matches(name, names, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "see sql/queries for those that exist."
        raise PermanentError(f"There is no statement {name!r}; {advice}")
    whole = file.read_text("utf-8")
    text = _COMMENT.sub("", whole).strip().removesuffix(";")
    return Statement(name, text, joins_by_hash=_JOINS_BY_HASH.search(whole) is not None)
