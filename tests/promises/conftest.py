"""Fixtures of the promises: machines, each on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.promises.machine import Machine
from tests.promises.network import Plan, build_dimensions

MakeMachine = Callable[..., Machine]


@pytest.fixture(scope="module")
def make_machine(server: Server, template: str) -> Iterator[MakeMachine]:
    """Makes machines that skip the steps of some assets: for a plan without rows yet, or on a copy of another's."""
    with ExitStack() as stack:

        def make(plan: Plan, skip: frozenset[str] = frozenset(), like: Machine | None = None) -> Machine:
            source = template
            if like is not None:
                like.warehouse.close()
                source = like.database
            url = stack.enter_context(cloned_database(server, source))
            machine = Machine(Warehouse(url), url.rsplit("/", 1)[1], skip)
            if like is None:
                build_dimensions(machine.warehouse, plan)
            stack.callback(machine.warehouse.close)
            return machine

        yield make
