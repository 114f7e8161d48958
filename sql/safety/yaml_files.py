"""YAML files that people write: read as plain values, each name once, and none that only an attack is made of.

Here: one file as values.
Not here: what the values mean (sql/adopting/mapping.py, assets/importing/mappings, assets/orders/shops.py), files of
which each value keeps its line (assets/catalogue/files/yaml_files.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# The safe loader, in C where it was built.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Nobody writes deeper, and readers of deeper ones run out of stack.
DEEPEST = 50


def read_yaml_file(path: Path) -> Any:
    """The value of the one document of a file.

    Raises OSError and UnicodeError as reading it does; yaml.YAMLError with the place of what is wrong.
    """
    text = path.read_text("utf-8-sig")
    refuse_deep(text)
    root = yaml.compose(text, LOADER)
    if root is not None:
        _refuse_twice(root)
    return yaml.load(text, LOADER)  # noqa: S506


def refuse_deep(text: str, loader: Any = LOADER) -> None:
    """Raises yaml.YAMLError for a document that is nested too deeply, or is none of this loader's."""
    depth = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"it is nested more than {DEEPEST} deep", problem_mark=event.start_mark)


def _refuse_twice(root: yaml.Node) -> None:
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, value in node.value:
                waiting.append(value)
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in names:
                    raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
                names.add(key.value)
