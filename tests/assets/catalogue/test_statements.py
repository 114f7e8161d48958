"""The statements of changes; pipelines/commands/catalogue/test_planning.py runs them."""

from __future__ import annotations

from assets.catalogue.kinds import KINDS
from assets.catalogue.statements import select_rows, statements_of, store_slug
from tests.assets.catalogue.building import CAMPAIGN, TENANT, planned


def test_a_change_names_its_row_and_its_columns_alone() -> None:
    plan = planned("placements: [{id: spring-host-read, price: 1}]")
    ((text, values),) = statements_of(plan.changes[0], TENANT)
    assert text.startswith("UPDATE placements SET cost_minor = %(cost_minor)s WHERE placement_id = ")
    assert values["found_tenant"] == TENANT


def test_settings_of_attribution_are_added_never_changed() -> None:
    plan = planned("attribution: [{campaign: spring, window_days: 14}]")
    ((text, values),) = statements_of(plan.changes[0], TENANT)
    assert text.startswith("INSERT INTO attribution_configs")
    assert (values["version"], values["campaign_id"]) == (1, CAMPAIGN)


def test_a_subscription_is_stopped_and_not_deleted() -> None:
    assert select_rows(KINDS["rates"]).endswith("FROM fx_rates")
    assert store_slug("campaigns", "spring", CAMPAIGN, TENANT)[1]["row"] == CAMPAIGN
