"""earshot reports subscriptions, brand, target and logo: what is entered stands in the trail and in the next report."""

from __future__ import annotations

import re
from pathlib import Path

from sql.warehouse import Warehouse
from tests.pipelines.commands.reports.typed import (
    BUILD,
    HARBOR,
    Type,
    frozen_files,
    refused,
    said,
)
from tests.pipelines.running import rows


def test_subscriptions_and_brands_are_entered_by_command_and_stand_in_the_trail(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    portfolio = ("subscriptions", "add", "harbor", "kettle & co", "board@kettle.example")
    assert "name the campaign" in refused(reports(*portfolio, "--cadence", "end_of_campaign"))
    assert "there are Kettle & Co" in refused(reports("subscriptions", "add", "harbor", "Pot"))
    added = said(reports(*portfolio, "--cadence", "monthly", "--approval", "--owner", "ann@harbor.example"))
    name = re.findall(r"Subscription ([0-9a-f]{8})", added)[0]
    assert "already" in refused(reports(*portfolio, "--cadence", "monthly"))
    said(reports("recipients", "add", name, "cfo@kettle.example"))
    listed = said(earshot("reports", "subscriptions", "list"))
    assert f"{name} harbor Kettle & Co all campaigns monthly once approved send ann@harbor.example" in listed
    assert "board@kettle.example, cfo@kettle.example" in listed
    said(reports("subscriptions", "remove", name))
    assert "not any more" in said(earshot("reports", "subscriptions", "list"))

    assert "brand color: #0a7d4f" in said(reports("brand", "harbor", "--color", "#0A7D4F"))
    trail = said(earshot("audit"))
    assert re.search(r"ann \(earshot\) tenants slug harbor brand_color: #\w+ -> #0a7d4f", trail)
    assert re.search(r"ann \(earshot\) report_subscriptions subscription_id \S+ active: true -> false", trail)


def test_a_subject_of_ones_own_and_a_target_stand_in_the_next_report(week: Warehouse, reports: Type) -> None:
    assert "has a field {gender}" in refused(reports("brand", "harbor", "--subject", "{period} {gender}"))
    assert "needs {period}" in refused(reports("brand", "harbor", "--subject", "News"))
    shown = said(reports("brand", "harbor", "--subject", "{sponsor} | {period}", "--sender-name", "Harbor reports"))
    assert "subject template: {sponsor} | {period}" in shown
    assert "#ffee00 is too light" in said(reports("brand", "harbor", "--color", "#ffee00"))
    ((campaign, name),) = rows(week, "SELECT campaign_id, name FROM campaigns WHERE tenant_id = %s LIMIT 1", HARBOR)
    assert "there are" in refused(reports("target", "harbor", "nothing", "--cpa", "5"))
    assert "above 0" in refused(reports("target", "harbor", campaign, "--cpa", "-5"))
    assert f"{name}: cost per conversion 1000.50" in said(reports("target", "harbor", campaign, "--cpa", "1000.50"))
    said(reports("target", "harbor", campaign, "--roas", "0.01"))
    ((cost, roas),) = rows(
        week, "SELECT target_cpa_minor, target_roas::text FROM campaigns WHERE campaign_id = %s", campaign
    )
    assert (cost, roas) == (100_050, "0.01")

    said(reports(*BUILD))
    ((subject, content),) = rows(week, "SELECT subject, content FROM reports WHERE tenant_id = %s", HARBOR)
    assert re.fullmatch(rf"{re.escape(content['header']['sponsor'])} \| .*2026", subject)
    codes = [pair["term"] for pair in content["proof"]["pairs"] if pair["term"].startswith(("Promo", "Vanity"))]
    known = rows(week, "SELECT count(*) FROM promo_codes WHERE tenant_id = %s", HARBOR)[0][0]
    assert bool(codes) == bool(known)


def test_a_logo_is_entered_by_command_and_stands_in_the_next_report(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    file = tmp_path / "logo.svg"
    file.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>x()</script></svg>')
    assert "'script'" in refused(reports("logo", "harbor", file))
    file.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><rect width="9" height="9"/></svg>')
    said(reports("logo", "harbor", file))
    assert "there are" in refused(reports("logo", "harbor", file, "--sponsor", "Nobody"))
    said(reports("logo", "harbor", file, "--sponsor", "kettle & co"))
    assert rows(week, "SELECT count(*), min(entered_by) FROM logos WHERE tenant_id = %s", HARBOR) == [(2, "ann")]
    said(reports("logo", "harbor", "--sponsor", "kettle & co", "--remove", by="bea"))
    of_logos = " FROM config_changes WHERE table_name = 'logos'"
    trail = rows(week, f"SELECT operation, person, new_row ->> 'entered_by' {of_logos}")
    assert trail == [("insert", "ann", "ann"), ("insert", "ann", "ann"), ("delete", "bea", None)]
    assert rows(week, f"SELECT max(length(new_row::text)) < 300 {of_logos}") == [(True,)]
    said(reports(*BUILD))
    assert "network.png" in frozen_files(week)
    assert "sponsor.png" not in frozen_files(week)


def test_a_recipient_has_a_language_of_their_own_and_gets_one_mail(week: Warehouse, reports: Type) -> None:
    said(reports("subscriptions", "add", "harbor", "kettle & co", "ann@kettle.example", "bo@kettle.example"))
    portfolio = " FROM report_subscriptions WHERE campaign_id IS NULL AND cadence = 'weekly'"
    ((name,),) = rows(week, f"SELECT subscription_id::text {portfolio}")
    assert "is not known" in refused(reports("recipients", "add", name, "bo@kettle.example", "--locale", "xx_YY"))

    assert "in de_DE" in said(reports("recipients", "add", name, "Bo@kettle.example", "--locale", "de_DE"))
    by_locale = f"SELECT locale, recipients {portfolio} ORDER BY locale NULLS FIRST"
    assert rows(week, by_locale) == [(None, ["ann@kettle.example"]), ("de_DE", ["bo@kettle.example"])]
    # A further one joins, and one may change the mind; no third subscription is made.
    said(reports("recipients", "add", name, "cy@kettle.example", "--locale", "de_DE"))
    assert rows(week, by_locale)[1] == ("de_DE", ["bo@kettle.example", "cy@kettle.example"])
    assert len(rows(week, by_locale)) == 2

    said(reports(*BUILD, "--tenant", "harbor"))
    made = rows(
        week,
        "SELECT content ->> 'locale', recipient FROM reports JOIN report_deliveries USING (tenant_id, report_id)"
        " WHERE campaign_id IS NULL ORDER BY recipient",
    )
    assert made == [("en_US", "ann@kettle.example"), ("de_DE", "bo@kettle.example"), ("de_DE", "cy@kettle.example")]
