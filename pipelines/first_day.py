"""First day: where the partitions of the asset graph begin.

Here: the day that is set, else the first one that has data. That is saved in a small file under the home, because the
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


class FirstDayChange(NamedTuple):
    """The first day with data, before and now; None: there was none."""

    before: date | None
    now: date


def first_day() -> date:
    """EARSHOT_FIRST_DAY, else the first day with data as of the last look, else today.

    Raises PermanentError for a setting or a saved file that is no day.
    """
    return first_day_setting() or _saved(home_folder()) or datetime.now(UTC).date()


@cache
def loaded_first_day() -> date:
    """The same, as this process took it when it loaded its definitions: for days before it they are loaded again."""
    return first_day()


def save_first_day(settings: Settings, warehouse: Warehouse) -> FirstDayChange | None:
    """Find the first day with data, and save it for the next load of the definitions; None: it has not changed."""
    found = warehouse.rows("read_first_day")[0]["day"]
    before = _saved(settings.home)
    if found is None or found == before:
        return None
    open_folder(settings.home)
    write_private(_file(settings.home), f"{found}\n")
    return FirstDayChange(before, found)


def describe_first_day_change(change: FirstDayChange | None) -> list[str]:
    """What a person should do about the change, a line each."""
    if change is None or first_day_setting() is not None:
        return []
    return [f"the first day with data is {change.now}; an open UI shows it after Deployment, Reload"]


def _saved(home: Path) -> date | None:
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
