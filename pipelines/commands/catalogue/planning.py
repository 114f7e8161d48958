"""earshot catalogue plan, apply, schema: the difference between files and the database, shown or made.

Here: the commands and their tables.
Not here: reading (reading.py), the difference (assets/catalogue), writing (entering.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click

from assets.catalogue.comparing import CataloguePlan, compare, retain_used
from assets.catalogue.describing import describe
from assets.catalogue.files.entries import Problem
from assets.catalogue.files.structure import schema_text
from assets.catalogue.resolving import Resolver, overlapping_spans
from assets.catalogue.state import State, state_after
from pipelines import console, runtime
from pipelines.commands.catalogue.entering import enter, note
from pipelines.commands.catalogue.reading import NOBODY, by_tenant, find_files, read_files
from pipelines.commands.reports.common import by_option
from pipelines.settings import load_settings
from reports.archive import name_person
from sql.connections.locks import take_locks
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse

# `plan` ends with this where there is something to apply.
HAS_CHANGES = 2

files_argument = click.argument(
    "paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
tenant_option = click.option("--tenant", metavar="SLUG", help="Whose the rows are, where a file does not say it.")
prune_option = click.option(
    "--prune",
    is_flag=True,
    help="Remove rows that the files leave out, of the lists that they have. What events or reports name stays.",
)


class _UndoneError(Exception):
    """Ends a transaction whose changes are not kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What files would do or have done: a plan for each tenant, with its state before and after."""

    plans: tuple[tuple[CataloguePlan, State, State], ...]
    problems: tuple[Problem, ...]

    @property
    def is_empty(self) -> bool:
        return all(plan.is_empty for plan, _, _ in self.plans)


@click.command()
@files_argument
@tenant_option
@prune_option
def plan(paths: tuple[Path, ...], tenant: str | None, prune: bool) -> None:
    """Show what FILEs would change, and everything that is wrong with them. Nothing is written.

    Ends with 0 if nothing would change, with 2 if something would, with 1 if something is wrong.
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        outcome = enter_files(warehouse, paths, tenant, prune=prune, keep=False)
    show_outcome(outcome)
    refuse(outcome.problems)
    if outcome.is_empty:
        console.out.print("Nothing would change.")
        return
    console.out.print("`earshot catalogue apply` with the same files makes these changes.")
    raise SystemExit(HAS_CHANGES)


@click.command()
@files_argument
@tenant_option
@prune_option
@by_option
def apply(paths: tuple[Path, ...], tenant: str | None, prune: bool, person: str) -> None:
    """Make the changes that `plan` shows, all or none, with an entry in `earshot audit`.

    Days that were computed from what changes are computed again by themselves, or at once by `earshot heal`.
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        outcome = enter_files(warehouse, paths, tenant, prune=prune, keep=True, person=person)
    show_outcome(outcome)
    refuse(outcome.problems)
    changed = sum(each.count(action) for each, _, _ in outcome.plans for action in ("add", "change", "remove"))
    console.out.print(f"{changed} change(s) made." if changed else "Nothing has changed.")


@click.command()
def schema() -> None:
    """The JSON schema of the files, for editors and other programs."""
    console.page(schema_text())


def enter_files(
    warehouse: Warehouse, paths: Sequence[Path], tenant: str | None, *, prune: bool, keep: bool, person: str = ""
) -> Outcome:
    """Read the files and make their changes in one transaction; keep: unless something is wrong, else never.

    Raises PermanentError for files that there are not, and DatabaseUnavailableError.
    """
    files = find_files(paths)
    entries, problems = read_files(files)
    done: list[tuple[CataloguePlan, State, State]] = []
    try:
        with warehouse.transaction() as connection:
            take_locks(connection, ["catalogue"])
            name_person(connection, person)
            states, unknown = by_tenant(connection, entries, tenant)
            problems += unknown
            for state, group in states:
                resolver = Resolver(state)
                wanted = resolver.resolve(group)
                problems += [*resolver.problems, *overlapping_spans(wanted)]
                made = _without_used(connection, compare(state, wanted, prune=prune and not resolver.problems))
                after = state_after(
                    state,
                    [(each.kind, each.key, each.values) for each in wanted],
                    [(each.kind, each.name, each.row_id) for each in wanted if each.name and each.row_id],
                )
                done.append((made, state, after))
                problems += enter(connection, made)
                if keep and not problems and not made.is_empty and state.tenant != NOBODY:
                    note(connection, made, person, [str(file) for file in files])
            if problems or not keep:
                raise _UndoneError
    except _UndoneError:
        pass
    return Outcome(tuple(done), tuple(sorted(set(problems))))


def _without_used(connection: Connection, made: CataloguePlan) -> CataloguePlan:
    ids = [change.row_id for change in made.changes if change.action == "remove" and change.row_id]
    if not ids:
        return made
    found = connection.execute(statement("read_used_rows").text.encode(), {"tenant": made.tenant, "ids": ids})
    return retain_used(made, {UUID(str(row)) for (row,) in found})


def show_outcome(outcome: Outcome) -> None:
    """The changes of each tenant as a table."""
    for made, before, after in outcome.plans:
        rows = list(describe(made, before, after))
        if not rows:
            continue
        table = console.text_table(made.slug or "all tenants", "kind", "row", "how")
        for row in rows:
            table.add_row(*row)
        console.out.print(table)


def refuse(problems: Sequence[Problem]) -> None:
    """Raises PermanentError where something is wrong, after naming it."""
    if not problems:
        return
    for problem in problems:
        console.err.print(str(problem))
    raise PermanentError(f"{len(problems)} thing(s) to mend; nothing was written")
