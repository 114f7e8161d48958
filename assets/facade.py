"""Facade: the public names of a room, imported at their first use.

Here: finding the module of a name, and the new names of functions and parameters that have changed. The wiring of an
asset lies in the same package as its computing; whoever loads the wiring, as every process of the orchestrator does,
should not wait for what computes.
Not here: the names (the rooms' own packages).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def lazily(
    package: str, homes: Mapping[str, Sequence[str]], renamed: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """A module's __getattr__. Raises AttributeError for names that no module in homes has.

    homes:   the names of each module, which is named relatively to the package (".windows") or wholly ("assets.frames")
    renamed: the new name of each earlier one, which stays importable (CHANGELOG.md lists them)
    """
    module_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        current = (renamed or {}).get(name, name)
        if current not in module_of:
            raise AttributeError(f"{package} has no {name!r}: it has {', '.join(sorted(module_of))}")
        return getattr(import_module(module_of[current], package), current)

    return find


def renamed_parameters(**new_name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator for functions that still take earlier names of their parameters: the new name of each earlier one."""

    def accept(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return function(*args, **{new_name.get(name, name): value for name, value in kwargs.items()})  # type: ignore[arg-type]

        return call

    return accept
