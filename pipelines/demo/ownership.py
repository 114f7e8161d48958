"""Ownership: whether a database is the demo's own, so that invented tenants are never added to real ones.

Here: the check, before anything is written, the schema included.
Not here: which simulation it shows (pipelines/commands/demo.py).
"""

from __future__ import annotations

from pipelines import runtime
from pipelines.demo.world.dice import identity
from pipelines.demo.world.network import TENANTS
from pipelines.settings import Settings
from sql.connections.connecting import StatementError
from sql.values import PermanentError

OWN = frozenset(identity(tenant.slug) for tenant in TENANTS)


def refuse_other_databases(settings: Settings, *, is_meant_for_it: bool) -> None:
    """Raises PermanentError unless the database is the private one, the demo's already, or empty and meant for it."""
    slugs = _tenants(settings)
    others = sorted(slug for slug, is_own in slugs.items() if not is_own)
    if others:
        raise PermanentError(
            f"The database holds tenants already ({', '.join(others[:5])}); the demo belongs into an empty one. "
            "Unset DATABASE_URL, or set EARSHOT_HOME to another folder, and the demo gets a database of its own."
        )
    if settings.database_url is not None and not slugs and not is_meant_for_it:
        raise PermanentError(
            "DATABASE_URL (or POSTGRES_HOST) names a database of your own, and the demo would put invented tenants "
            "there. Unset it, and the demo gets a database of its own; or say --into-database, if this one is empty "
            "and meant for the demo. Nothing was written."
        )


def _tenants(settings: Settings) -> dict[str, bool]:
    """The tenants by slug, and whether they are the demo's; none where there is no schema yet."""
    with runtime.open_warehouse(settings) as warehouse:
        try:
            found = warehouse.rows("read_tenants")
        except StatementError:
            return {}
    return {row["slug"]: row["tenant_id"] in OWN for row in found}
