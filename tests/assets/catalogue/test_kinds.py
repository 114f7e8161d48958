"""Kinds refer to those before them, so that they can be entered in their order."""

from __future__ import annotations

from assets.catalogue.kinds import KINDS


def test_a_kind_refers_to_those_before_it() -> None:
    seen: set[str] = set()
    for kind in KINDS.values():
        seen.add(kind.name)
        assert {field.refers_to for field in kind.fields if field.refers_to} <= seen


def test_the_key_and_what_is_needed_are_fields() -> None:
    for kind in KINDS.values():
        names = {field.name for field in kind.fields}
        assert {*kind.key, *kind.needed, *kind.together} <= names
