"""Subscribing: who gets which report, and how a network appears on it, entered in a person's name.

Here: adding, changing and finding subscriptions, and a tenant's brand, with what is refused in words.
Not here: what reports need of them (assets/reporting/figures/subscriptions.py), recipients of one report
(recipients.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from psycopg import sql
from psycopg.rows import dict_row

from reports.archive import name_person
from reports.delivery.addresses import clean_address
from reports.drawing.logos import normalised
from reports.wording.catalogues import parse_locale
from reports.wording.subjects import checked_template
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse

CADENCES = ("weekly", "monthly", "end_of_campaign")
EMPTY_POLICIES = ("send", "skip", "notify")


def list_subscriptions(warehouse: Warehouse, tenants: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every subscription of the tenants, in the columns of list_subscriptions.sql, by tenant and sponsor."""
    return warehouse.rows("list_subscriptions", tenants=list(tenants))


def find_subscription(warehouse: Warehouse, name: str) -> dict[str, Any]:
    """The subscription whose id begins so. Raises PermanentError where there is none or more than one."""
    prefix = name.strip().lower().replace("-", "")
    tenants = [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]
    everything = list_subscriptions(warehouse, tenants)
    found = [row for row in everything if prefix and row["subscription_id"].hex.startswith(prefix)]
    if not found:
        raise PermanentError(
            f"There is no subscription {name!r}; `earshot reports subscriptions list` shows those that there are"
        )
    if len(found) > 1:
        ids = ", ".join(str(row["subscription_id"]) for row in found)
        raise PermanentError(f"{len(found)} subscriptions begin with {name!r}: {ids}. Give more letters of the id")
    return found[0]


def add_subscription(
    warehouse: Warehouse,
    tenant: UUID,
    sponsor: str,
    campaign: str | None,
    cadence: str,
    values: Mapping[str, Any],
    person: str,
) -> UUID:
    """A new subscription; campaign None: all of the sponsor's. values: other columns, as of change_subscription.

    Raises PermanentError for a sponsor or campaign that the tenant does not have, a cadence that nothing serves, and a
    subscription that is there already.
    """
    if cadence == "end_of_campaign" and campaign is None:
        raise PermanentError("A portfolio has no end: name the campaign with --campaign, or choose weekly or monthly")
    with warehouse.transaction() as connection:
        name_person(connection, person)
        sponsor_id = _named(connection, "sponsors", "sponsor_id", tenant, sponsor, None)
        campaign_id = campaign and _named(connection, "campaigns", "campaign_id", tenant, campaign, sponsor_id)
        there = connection.execute(
            "SELECT subscription_id FROM report_subscriptions WHERE tenant_id = %s AND sponsor_id = %s"
            " AND campaign_id IS NOT DISTINCT FROM %s AND cadence = %s AND locale IS NOT DISTINCT FROM %s AND active",
            (tenant, sponsor_id, campaign_id, cadence, values.get("locale")),
        ).fetchone()
        if there:
            raise PermanentError(
                f"{sponsor} has that {cadence} subscription already ({str(there[0])[:8]}): "
                "`earshot reports recipients add` gives it another recipient, with --locale in another language"
            )
        subscription = uuid4()
        connection.execute(
            "INSERT INTO report_subscriptions (tenant_id, subscription_id, sponsor_id, campaign_id, cadence)"
            " VALUES (%s, %s, %s, %s, %s)",
            (tenant, subscription, sponsor_id, campaign_id, cadence),
        )
        _update(connection, tenant, subscription, values)
    return subscription


def change_subscription(warehouse: Warehouse, row: Mapping[str, Any], values: Mapping[str, Any], person: str) -> None:
    """Change columns of a subscription: recipients, locale, empty_policy, needs_approval, owner_address, active.

    Raises PermanentError for addresses that cannot be mailed, and for what the database refuses, in its words.
    """
    with warehouse.transaction() as connection:
        name_person(connection, person)
        _update(connection, row["tenant_id"], row["subscription_id"], values)


def add_in_language(
    warehouse: Warehouse, row: Mapping[str, Any], addresses: Sequence[str], locale: str, person: str
) -> UUID:
    """Give these recipients the next reports in a language of their own, and nobody a second mail.

    They move to the subscription to the same that has the locale, which is made with the same settings where there is
    none; returns its id. Raises PermanentError for addresses that cannot be mailed, LocaleError for an unknown locale.
    """
    parse_locale(locale)
    moved = list(dict.fromkeys(map(clean_address, addresses)))
    own = {"tenant": row["tenant_id"], "subscription": row["subscription_id"]}
    with warehouse.transaction() as connection:
        name_person(connection, person)
        with connection.cursor(row_factory=dict_row) as cursor:
            same = cursor.execute(statement("read_same_subscriptions").text, own).fetchall()
        wanted = next((each["subscription_id"] for each in same if each["locale"] == locale), None)
        for each in same:
            left = [one for one in each["recipients"] if one not in moved]
            if each["subscription_id"] != wanted and left != each["recipients"]:
                _update(connection, row["tenant_id"], each["subscription_id"], {"recipients": left})
        if wanted is None:
            wanted = uuid4()
            connection.execute(statement("add_same_subscription").text, {**own, "added": wanted, "locale": locale})
        there: list[str] = next((each["recipients"] for each in same if each["subscription_id"] == wanted), [])
        _update(connection, row["tenant_id"], wanted, {"recipients": [*there, *moved]})
    return UUID(str(wanted))


def changed_recipients(row: Mapping[str, Any], add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """The recipients of a subscription with some more and without some. Raises PermanentError for addresses that
    cannot be mailed, and for those to remove that are not among them."""
    gone = set(map(clean_address, remove))
    if strange := gone - set(row["recipients"]):
        raise PermanentError(f"The subscription does not go to {', '.join(sorted(strange))}")
    wanted = [*(each for each in row["recipients"] if each not in gone), *map(clean_address, add)]
    return list(dict.fromkeys(wanted))


def brand_of(warehouse: Warehouse, tenant: UUID) -> dict[str, Any]:
    """How a tenant appears on its reports and in its mails: brand_name, brand_color, reply_to and so on."""
    with warehouse.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("read_brand").text, {"tenant": tenant}).fetchone()
    return row or {}


def change_brand(warehouse: Warehouse, tenant: UUID, values: Mapping[str, Any], person: str) -> None:
    """Change columns of read_brand, for reports that are made from now on.

    Raises PermanentError for addresses that cannot be mailed and subjects that cannot be filled in.
    """
    cleaned = dict(values)
    for name in ("reply_to", "owner_address"):
        if cleaned.get(name):
            cleaned[name] = clean_address(cleaned[name])
    if cleaned.get("subject_template"):
        checked_template(cleaned["subject_template"])
    with warehouse.transaction() as connection:
        name_person(connection, person)
        for name, value in cleaned.items():
            connection.execute(
                sql.SQL("UPDATE tenants SET {} = %s WHERE tenant_id = %s").format(sql.Identifier(name)), (value, tenant)
            )


def change_logo(warehouse: Warehouse, tenant: UUID, sponsor: str | None, body: bytes | None, person: str) -> int:
    """Put a PNG or SVG at the head of the reports that are made from now on; None takes it away.

    sponsor: the name of the one whose logo it is; None: the network's own. Returns the bytes that are kept. Raises
    PermanentError for files that are no logo, and sponsors that are not there.
    """
    picture = normalised(body) if body is not None else None
    with warehouse.transaction() as connection:
        name_person(connection, person)
        owner = tenant if sponsor is None else _named(connection, "sponsors", "sponsor_id", tenant, sponsor, None)
        if picture is None:
            connection.execute("DELETE FROM logos WHERE tenant_id = %s AND owner_id = %s", (tenant, owner))
        else:
            connection.execute(
                "INSERT INTO logos (tenant_id, owner_id, picture, entered_by) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (tenant_id, owner_id) DO UPDATE"
                " SET picture = excluded.picture, entered_by = excluded.entered_by, entered_at = now()",
                (tenant, owner, picture, person),
            )
    return len(picture or b"")


def _update(connection: Connection, tenant: UUID, subscription: UUID, values: Mapping[str, Any]) -> None:
    cleaned = dict(values)
    if "recipients" in cleaned:
        cleaned["recipients"] = list(dict.fromkeys(map(clean_address, cleaned["recipients"])))
    if cleaned.get("owner_address"):
        cleaned["owner_address"] = clean_address(cleaned["owner_address"])
    if not cleaned:
        return
    pairs = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in cleaned)
    connection.execute(
        sql.SQL("UPDATE report_subscriptions SET {} WHERE tenant_id = %s AND subscription_id = %s").format(pairs),
        [*cleaned.values(), tenant, subscription],
    )


def _named(connection: Connection, table: str, column: str, tenant: UUID, name: str, sponsor: object) -> object:
    """The id of the tenant's sponsor or campaign of this name or id. Raises PermanentError, naming those there are."""
    own = sql.SQL("SELECT {}, name FROM {} WHERE tenant_id = %s").format(sql.Identifier(column), sql.Identifier(table))
    values: list[object] = [tenant]
    if sponsor is not None:
        own, values = own + sql.SQL(" AND sponsor_id = %s"), [tenant, sponsor]
    rows = connection.execute(own, values).fetchall()
    found = [key for key, words in rows if name.strip().lower() in (str(words).lower(), str(key))]
    if len(found) != 1:
        there = ", ".join(sorted(str(words) for _, words in rows)[:10]) or "none"
        what = "no" if not found else "more than one"
        raise PermanentError(f"There is {what} {table.rstrip('s')} {name!r}; there are {there}. An id will do, too")
    return found[0]
