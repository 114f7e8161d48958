"""The schema's files: what this version of Earshot makes of a database.

Here: loading migrations with their way back, and functions and views in an order in which they can be made.
Not here: applying them (migrate.py, repeatable.py), what the columns mean (catalogue.toml).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib import resources
from typing import Literal

from sql.values import PermanentError

Kind = Literal["functions", "views"]

# The line of a function's or view's file that names those it cannot be made without.
_AFTER = re.compile(r"^-- After: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema and its way back."""

    name: str
    apply: str
    rollback: str

    @property
    def checksum(self) -> str:
        return _checksum(self.apply)


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A function (all of one name) or a view of the schema bi, made anew whenever its file changes."""

    kind: Kind
    name: str
    text: str

    @property
    def key(self) -> str:
        """Its name among what is applied (schema_migrations): views/metrics_daily."""
        return f"{self.kind}/{self.name}"

    @property
    def checksum(self) -> str:
        return _checksum(self.text)


def load_migrations() -> tuple[Migration, ...]:
    """The packaged migrations, in order. Raises PermanentError when one lacks its rollback."""
    texts = _texts("migrations")
    names = sorted(name for name in texts if not name.endswith(".rollback"))
    lonely = [name for name in names if f"{name}.rollback" not in texts]
    if lonely:
        raise PermanentError(f"Migration {', '.join(lonely)} has no .rollback.sql beside it; write one")
    return tuple(Migration(name, texts[name], texts[f"{name}.rollback"]) for name in names)


def load_repeatables() -> tuple[Repeatable, ...]:
    """The packaged functions, then the views, each after those that its line "-- After:" names."""
    return (*_ordered("functions"), *_ordered("views"))


def _ordered(kind: Kind) -> Sequence[Repeatable]:
    texts = _texts(kind)
    before = {
        name: [each for line in _AFTER.findall(texts[name]) for each in line.split(", ")] for name in sorted(texts)
    }
    if strange := sorted({each for names in before.values() for each in names} - set(texts)):
        raise PermanentError(f"A file of sql/{kind} comes after {', '.join(strange)}, which is not there")
    return [Repeatable(kind, name, texts[name]) for name in TopologicalSorter(before).static_order()]


def _texts(folder: str) -> dict[str, str]:
    """File names without .sql, and the files' text."""
    entries = (resources.files("sql") / folder).iterdir()
    return {each.name.removesuffix(".sql"): each.read_text("utf-8") for each in entries if each.name.endswith(".sql")}


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
