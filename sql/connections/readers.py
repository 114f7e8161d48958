"""Readers: transactions of tenants' own logins that stay open too long.

Here: ending their overdue transactions. Not here: making such logins, their own limits (migrations), who calls this.
"""

from __future__ import annotations

from sql.warehouse import Warehouse


def end_overdue_readers(warehouse: Warehouse, longest_s: int = 900) -> list[str]:
    """End readers' transactions that lasted longer, whatever limits they set themselves; returns a line for each."""
    with warehouse.transaction() as connection:
        ended = connection.execute(
            "SELECT login, process, since FROM earshot_end_overdue_readers(make_interval(secs => %s))", [longest_s]
        ).fetchall()
    return [
        f"The session of the reader {login} (process {process}) was ended: its transaction had been open since "
        f"{since:%Y-%m-%d %H:%M} UTC, longer than a reader's may be"
        for login, process, since in ended
    ]
