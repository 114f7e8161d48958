"""A step's function: found by its place, and bound to what it is given for one run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar
from uuid import UUID

import polars as pl
import pytest

from assets.computing import bind, function_at
from assets.listening.identity.keys import Keyring
from assets.markdown import cell
from assets.steps import DayAsset, DayStep
from sql.values import Reader, Window
from tests.promises.machine import KEYRING, MEASUREMENT


class Kept:
    """Something that is made once a run, from its reader. made: all of them; days: for which it was used, with what."""

    made: ClassVar[list[Kept]] = []

    def __init__(self, read: Reader) -> None:
        self.read = read
        self.days: list[tuple[date, Keyring]] = []
        self.made.append(self)


def compute_example(
    read: Reader, window: Window, tenants: Sequence[UUID], keyring: Keyring, kept: Kept
) -> dict[str, pl.DataFrame]:
    read("read_episodes", tenants=list(tenants))
    read("read_events", start=window.start)
    kept.days.append((window.day, keyring))
    return {}


EXAMPLE = DayStep(
    "example",
    (DayAsset("example", "listening", "An example."),),
    {},
    f"{__name__}:compute_example",
    given=("keyring",),
    state={"kept": f"{__name__}:Kept"},
)


def test_a_place_names_a_function_of_a_module() -> None:
    assert function_at("assets.markdown:cell") is cell


@pytest.mark.parametrize(
    ("place", "error"), [("assets.no_such:cell", ImportError), ("assets.markdown:no_such", AttributeError)]
)
def test_a_place_that_is_none_is_refused(place: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        function_at(place)


def test_a_run_makes_its_state_once_and_reads_once_what_has_no_time() -> None:
    statements: list[str] = []

    def read(statement: str, /, **_params: object) -> pl.DataFrame:
        statements.append(statement)
        return pl.DataFrame()

    days = [date(2026, 3, 1), date(2026, 3, 2)]
    before = len(Kept.made)
    compute = bind(EXAMPLE, read, MEASUREMENT)
    for day in days:
        compute(Window.of_day(day), [UUID(int=1)])

    [kept] = Kept.made[before:]
    assert kept.read is read
    assert kept.days == [(day, KEYRING) for day in days]
    # Which keys are in force is asked for each day: they may be rotated during a run.
    assert statements == ["read_key_versions", "read_episodes", "read_events", "read_key_versions", "read_events"]
