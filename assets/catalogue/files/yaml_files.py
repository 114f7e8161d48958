"""YAML files: their lists as entries, each value with its line.

Here: the tree of a document with its marks, texts as they are written: nothing is taken for a date, a clock or a flag
before its field says so.
Not here: what the values mean (structure.py). Anchors are refused: a file says what it says, in one place.
"""

from __future__ import annotations

import difflib
import re

import yaml

from assets.catalogue.files.entries import Place, Problem, Raw, Written
from assets.catalogue.kinds import KINDS
from sql.safety.yaml_files import refuse_deep

# As YAML 1.2 has them.
EMPTY = frozenset({"", "~", "null", "Null", "NULL"})


class _Reading:
    """One file: what is found in it, and what is wrong with it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.raws: list[Raw] = []
        self.problems: list[Problem] = []

    def place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1)

    def refuse(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self.place(node), message))

    def pairs(self, node: yaml.Node, what: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """name, its node, value: of a mapping whose names are texts, each once."""
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"{what} is written as names and values: name: value")
            return []
        found: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key, "a name is wanted here")
            elif key.value in found:
                self.refuse(key, f"{key.value!r} is there twice")
            else:
                found[key.value] = (key.value, key, value)
        return list(found.values())

    def written(self, node: yaml.Node) -> Written:
        if isinstance(node, yaml.ScalarNode):
            if not _is_storable(node.value):
                self.refuse(node, "a character in it is half of one, or NUL: no database keeps it")
                return None
            return None if node.style is None and node.value in EMPTY else node.value
        if isinstance(node, yaml.SequenceNode):
            return [each for each in map(self.written, node.value) if isinstance(each, str)]
        self.refuse(node, "one value or a list of values is wanted here")
        return None

    def document(self, root: yaml.Node) -> None:
        pairs = self.pairs(root, "a file")
        tenant = next((value.value for name, _, value in pairs if name == "tenant" and _is_text(value)), None)
        for name, key, value in pairs:
            if name in KINDS:
                self._list(name, value, tenant)
            elif name != "tenant":
                near = difflib.get_close_matches(name, [*KINDS, "tenant"], n=1)
                advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
                self.refuse(key, f"there is no list {name!r}; {advice}")
            elif not _is_text(value):
                self.refuse(value, "tenant is the id of one tenant")

    def _list(self, kind: str, node: yaml.Node, tenant: str | None) -> None:
        if isinstance(node, yaml.ScalarNode) and self.written(node) is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(node, f"{kind} is a list: each item begins with a dash")
            return
        for item in node.value:
            pairs = self.pairs(item, f"an item of {kind}")
            values = {name: self.written(value) for name, _, value in pairs}
            lines = {name: key.start_mark.line + 1 for name, key, _ in pairs}
            named = values.pop("tenant", None)
            of = named if isinstance(named, str) else tenant
            self.raws.append(Raw(kind, of, values, self.place(item), lines))


def read_yaml(file: str, text: str) -> tuple[list[Raw], list[Problem]]:
    """The entries of a YAML (or JSON) file, and what could not be read of it."""
    reading = _Reading(file)
    try:
        refuse_deep(text, yaml.SafeLoader)
        aliases = [event for event in yaml.parse(text, yaml.SafeLoader) if isinstance(event, yaml.AliasEvent)]
        if aliases:
            line = aliases[0].start_mark.line + 1
            return [], [Problem(Place(file, line), "anchors and aliases (&, *) are not read: write the value out")]
        for root in yaml.compose_all(text, yaml.SafeLoader):
            if root is not None:
                reading.document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        reading.problems.append(Problem(Place(file, line), f"this is no YAML: {error.problem or error.context}"))
    except yaml.reader.ReaderError as error:
        line = len(re.findall(r"\r\n|\r|\n", text[: error.position])) + 1
        reading.problems.append(
            Problem(Place(file, line), f"this is no YAML: {error.reason} (U+{error.character:04X})")
        )
    return reading.raws, reading.problems


def _is_storable(text: str) -> bool:
    """Whether a text has no NUL and no half of a surrogate pair, which JSON can spell."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def _is_text(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)
