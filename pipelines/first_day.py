"""First day: where the partitions of the asset graph begin.

Here: the day that is set, else the first one that has data. That is kept in a small file under the home, because the
orchestrator builds its partitions where no connection may be opened.
Not here: days, weeks and months (assets/partitions.py), the environment (settings.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.settings import Settings, first_day_setting, home_folder
from sql.safety.private import open_folder, write_private
from sql.values import PermanentError
from sql.warehouse import Warehouse


class Moved(NamedTuple):
    """The first day with data, before and now; None: there was none."""

    before: date | None
    now: date


def first_day() -> date:
    """EARSHOT_FIRST_DAY, else the first day with data when somebody last looked, else today.

    Raises PermanentError for a setting or a kept file that is no day.
    """
    return first_day_setting() or _kept(home_folder()) or datetime.now(UTC).date()


@cache
def loaded_first_day() -> date:
    """The same, as this process took it when it loaded its definitions: for days before it they are loaded again."""
    return first_day()


def keep_first_day(settings: Settings, warehouse: Warehouse) -> Moved | None:
    """Look for the first day with data, and keep it for whoever loads the definitions next; None: it is as it was."""
    found = warehouse.rows("read_first_day")[0]["day"]
    before = _kept(settings.home)
    if found is None or found == before:
        return None
    open_folder(settings.home)
    write_private(_file(settings.home), f"{found}\n")
    return Moved(before, found)


def describe_move(moved: Moved | None) -> list[str]:
    """What a person has to know of it, a line each."""
    if moved is None or first_day_setting() is not None:
        return []
    return [f"the first day with data is {moved.now}; an open UI shows it after Deployment, Reload"]


def _kept(home: Path) -> date | None:
    path = _file(home)
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8").strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PermanentError(f"{path} holds {text!r} and no day: remove it, and it is made anew") from None


def _file(home: Path) -> Path:
    return home / "first_day"
