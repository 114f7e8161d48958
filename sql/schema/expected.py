"""Expected: the objects that the migrations, functions and views of this version make, recorded in a file.

Here: reading and writing that file, which is made from a migrated database and never by hand. It is the same for every
edition and version of the server (objects.py).
Not here: reading a database (objects.py), comparing the two (checking.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from sql.schema.objects import Key

FILE = "expected.json"


def load_expected() -> dict[Key, str]:
    """Each object of the schema with its definition."""
    lines = json.loads((resources.files("sql") / "schema" / FILE).read_text("utf-8"))
    return {Key(kind, place, name): definition for kind, place, name, definition in lines}


def as_file(objects: Mapping[Key, str]) -> str:
    """The file's text: one object a line, sorted, so that two changes of the schema can be merged."""
    lines = [json.dumps([*key, definition], ensure_ascii=False) for key, definition in sorted(objects.items())]
    return "[\n" + ",\n".join(lines) + "\n]\n"
