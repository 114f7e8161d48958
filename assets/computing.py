"""Computing: the function of a step, found when a day is to be computed, with its arguments.

Here: importing it by its place, and binding its reader and the rules, ranges and keys in force. The keys are looked
up for each day: they may be rotated during a run.
Not here: which function a step has (steps.py), the tenants and days that it is called with (run_scope.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assets.steps import DayStep
from sql.values import Reader, Window

if TYPE_CHECKING:
    from assets.resources import Measurement
    from assets.runs import ComputeDay, Tables


def function_at(place: str) -> Any:
    """What "module:name" names. Raises ImportError or AttributeError if there is none."""
    module, name = place.split(":")
    return getattr(import_module(module), name)


def bind(step: DayStep, read: Reader, measurement: Measurement | None = None) -> ComputeDay:
    """The step's function for one run: it takes a day's window and tenants.

    What does not depend on time is read once a run. measurement: needed by steps that are given some of it.
    """
    from assets.runs import cached_reader

    given = {name: getattr(measurement, name) for name in step.given}
    state = {name: function_at(place)(read) for name, place in step.state.items()}
    compute = partial(function_at(step.compute), cached_reader(read), **given, **state)

    def compute_with_keys(window: Window, tenants: Sequence[UUID]) -> Tables:
        tables: Tables = compute(window, tenants, keyring=given["keyring"].in_force(read, tenants))
        return tables

    return compute_with_keys if "keyring" in given else compute
