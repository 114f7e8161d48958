"""Edits: settings that people have changed since days were computed from them: these days are computed again.

Here: looking at the edits that triggers have noted (setting_edits), whoever made them, and noting for which days of
which steps they matter (reopened_days).
Not here: what depends on which setting (sql/queries/reopen_edited_days.sql), what raw rows make stale (lineage.py).

An edit is looked at when it is first seen, and once more when every run that had read the settings before is over: such
a run writes lines that the first look did not find. A tenant of whose days shards are kept is in such a run still.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from assets.spans import LONGEST_WINDOW
from assets.steps import COMPUTED
from sql.connections.locks import take_locks
from sql.statements import statement
from sql.warehouse import Warehouse

# No step of a run reads settings longer than this before it writes, but for those that measure shards.
SETTLED_AFTER = timedelta(hours=6)

# Of days whose lines were made after the edit, nothing has to be noted any more.
FORGET = (
    "DELETE FROM reopened_days USING rollup_ledger AS line WHERE reopened_days.tenant_id = ANY(%(tenants)s) "
    "AND line.tenant_id = reopened_days.tenant_id AND line.asset = reopened_days.asset "
    "AND line.day = reopened_days.day "
    "AND line.began_at >= reopened_days.reopened_at"
)


def reopen_edited_days(warehouse: Warehouse, tenants: Sequence[UUID], now: datetime | None = None) -> int:
    """Note the days that edits of these tenants' settings concern; returns how many days of assets are new among them.

    Days that nothing has computed are not among them, and a setting that is entered as it was is no edit.
    """
    scope = list(tenants)
    if not any(row["edits"] for row in warehouse.rows("count_setting_edits", tenants=scope)):
        return 0
    settled_before = (now or warehouse.clock()) - SETTLED_AFTER
    pairs = [(step.name, asset) for step in COMPUTED for asset in step.names]
    with warehouse.transaction() as connection:
        take_locks(connection, ["setting_edits"])
        look = {"tenants": scope, "settled_before": settled_before}
        rows = connection.execute(statement("see_setting_edits").text.encode(), look).fetchall()
        found = {int(str(edit)): bool(is_settled) for edit, is_settled in rows}
        if not found:
            return 0
        follow = {
            "edits": list(found),
            "steps": [step for step, _ in pairs],
            "assets": [asset for _, asset in pairs],
            "longest_window": LONGEST_WINDOW.days,
        }
        noted = connection.execute(statement("reopen_edited_days").text.encode(), follow).fetchall()
        done = [edit for edit, is_settled in found.items() if is_settled]
        connection.execute("DELETE FROM setting_edits WHERE edit_id = ANY(%s)", [done])
        connection.execute(FORGET, {"tenants": scope})
    return sum(int(str(days)) for _, days in noted)
