"""Entering: who gets which report, how a network appears on it, and what was agreed, as jobs.

Here: a job each for subscriptions, brands, logos and targets, and what it takes.
Not here: what may be entered (reports/subscribing.py, targets.py), decisions about single reports (deciding.py).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import Field, OpExecutionContext

from pipelines.steering.jobs import BY, TENANT, optional, several, steering_job

_AS_IT_IS = "empty: as it is"


def _subscribe(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.subscribing import add_subscription

    warehouse = context.resources.warehouse
    values = {name: config[name] for name in SUBSCRIPTION if config.get(name) not in ("", None)}
    subscription = add_subscription(
        warehouse,
        warehouse.tenant_id(config["tenant"]),
        config["sponsor"],
        config["campaign"] or None,
        config["cadence"],
        {**values, "recipients": config["recipients"]},
        config["by"],
    )
    context.log.info(f"Subscription {subscription.hex[:8]} is made")


def _change_subscription(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.subscribing import add_in_language, change_subscription, changed_recipients, find_subscription

    row = find_subscription(context.resources.warehouse, config["subscription"])
    values = {name: config[name] for name in (*SUBSCRIPTION, "active") if config.get(name) not in ("", None)}
    added = () if config["add_locale"] else config["add"]
    if added or config["remove"]:
        values["recipients"] = changed_recipients(row, added, config["remove"])
    change_subscription(context.resources.warehouse, row, values, config["by"])
    if config["add"] and config["add_locale"]:
        moved = add_in_language(context.resources.warehouse, row, config["add"], config["add_locale"], config["by"])
        context.log.info(f"Subscription {moved.hex[:8]} has those that were added, in {config['add_locale']}")
    context.log.info(f"Subscription {row['subscription_id'].hex[:8]}: {', '.join(values) or 'nothing'} changed")


def _brand(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.subscribing import change_brand

    warehouse = context.resources.warehouse
    values = {name: config[name] for name in BRAND if config[name]}
    change_brand(warehouse, warehouse.tenant_id(config["tenant"]), values, config["by"])


def _logo(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.subscribing import change_logo

    warehouse, file = context.resources.warehouse, config["file"]
    body = Path(file).read_bytes() if file else None
    size = change_logo(warehouse, warehouse.tenant_id(config["tenant"]), config["sponsor"] or None, body, config["by"])
    context.log.info(f"The logo is kept: {size} bytes" if file else "The logo is taken away")


def _target(context: OpExecutionContext, config: Mapping[str, Any]) -> None:
    from reports.targets import change_target

    warehouse = context.resources.warehouse
    given = {name: config.get(name) for name in ("cpa", "roas")}
    row = change_target(warehouse, warehouse.tenant_id(config["tenant"]), config["campaign"], given, config["by"])
    context.log.info(f"{row['name']}: cost per conversion {row['cpa']}, return on ad spend {row['roas']}")


SUBSCRIPTION = {
    "needs_approval": Field(
        bool, is_required=False, description="Each report waits for approval; left out: as it is, at first not."
    ),
    "empty_policy": optional(f"Where nothing happened: send, skip, or notify the owner; {_AS_IT_IS}, at first send."),
    "locale": optional(f"Language and country, such as de_DE; {_AS_IT_IS}, at first the tenant's."),
    "owner_address": optional(f"Who is told when a person is needed; {_AS_IT_IS}, at first the tenant's."),
}
BRAND = {
    "brand_name": optional(f"The name that stands on reports and mails; {_AS_IT_IS}."),
    "brand_color": optional(f"The colour of its reports, as #rrggbb; {_AS_IT_IS}."),
    "sender_name": optional(f"The name that mails are sent under; {_AS_IT_IS}."),
    "subject_template": optional(f"The mails' subject with the fields {{title}}, {{period}} and so on; {_AS_IT_IS}."),
    "reply_to": optional(f"Where answers go; {_AS_IT_IS}."),
    "owner_address": optional(f"Who is told when a person is needed; {_AS_IT_IS}."),
    "locale": optional(f"Language and country where a subscription has none; {_AS_IT_IS}."),
}
_AGREED = "left out: as it is; empty: nothing is agreed."
ENTERING_JOBS = [
    steering_job(
        "subscribe",
        "Makes a subscription: who gets the reports of a campaign, or of all of a sponsor's, and how often.",
        {
            "by": BY,
            "tenant": TENANT,
            "sponsor": Field(str, description="The sponsor's name or id."),
            "campaign": optional("The campaign's name or id; empty: all of the sponsor's, as a portfolio."),
            "cadence": Field(str, default_value="weekly", description="weekly, monthly or end_of_campaign."),
            "recipients": several("Addresses that get the reports."),
            **SUBSCRIPTION,
        },
        _subscribe,
        {"warehouse"},
    ),
    steering_job(
        "change_subscription",
        "Changes a subscription, from the next report on.",
        {
            "by": BY,
            "subscription": Field(str, description="The beginning of its id (`earshot reports subscriptions list`)."),
            "add": several("Addresses to add."),
            "add_locale": optional("The language and country of those that are added; empty: the subscription's."),
            "remove": several("Addresses to remove."),
            "active": Field(bool, is_required=False, description="false: no more reports; true: reports again."),
            **SUBSCRIPTION,
        },
        _change_subscription,
        {"warehouse"},
    ),
    steering_job(
        "brand",
        "Changes how a network appears on the reports that are made from now on.",
        {"by": BY, "tenant": TENANT, **BRAND},
        _brand,
        {"warehouse"},
    ),
    steering_job(
        "logo",
        "Puts a logo, a PNG or SVG of at most 1 MB, at the head of reports, or takes it away.",
        {
            "by": BY,
            "tenant": TENANT,
            "sponsor": optional("Whose logo it is; empty: the network's own."),
            "file": optional("The file, on the machine that runs the job; empty: take the logo away."),
        },
        _logo,
        {"warehouse"},
    ),
    steering_job(
        "target",
        "Enters what was agreed for a campaign: its reports hold cost and return against it.",
        {
            "by": BY,
            "tenant": TENANT,
            "campaign": Field(str, description="The campaign's name or id."),
            "cpa": Field(
                str, is_required=False, description=f"Cost per conversion in the campaign's currency; {_AGREED}"
            ),
            "roas": Field(str, is_required=False, description=f"Return on ad spend, such as 3.5; {_AGREED}"),
        },
        _target,
        {"warehouse"},
    ),
]
