"""The assets of the delivery, as the orchestrator runs them: what an operator sees of the mails."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import AssetsDefinition, materialize

from assets.reporting.assets import provider_events, report_deliveries
from assets.resources import Mailing
from reports.delivery.events import store_request
from reports.mail_settings import EventSettings, FileSettings, TransportSettings
from tests.reports.delivery.events.test_events import Provider, event

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import Office


def run(office: Office, asset: AssetsDefinition, mailing: Mailing) -> dict[str, object]:
    """The metadata of one materialization."""
    done = materialize([asset], resources={"warehouse": office.warehouse, "mailing": mailing})
    (shown,) = done.asset_materializations_for_node(asset.op.name)
    return {name: value.value for name, value in shown.metadata.items()}


def test_who_got_what_and_what_failed_is_a_table_and_the_owner_is_told(office: Office, tmp_path: Path) -> None:
    mailing = Mailing(TransportSettings(file=FileSettings(tmp_path / "outbox")), "1")
    office.queue("alex@acme.example", "nobody")
    shown = run(office, report_deliveries, mailing)
    lines = str(shown["mails_of_the_last_day"]).splitlines()
    assert "failed" in lines[2]
    assert "is not an address for mail" in lines[2]
    assert "| signal | a…\\@acme.example | Acme Cloud: 3.4× return | accepted |" in lines[3]
    assert (shown["summary"], shown["alerts"]) == ("1 accepted, 1 failed", "1 sent")
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2


def test_what_the_provider_reports_is_applied_and_what_is_set_aside_is_shown(office: Office, tmp_path: Path) -> None:
    provider, now = Provider(), datetime.now(UTC)
    mailing = Mailing(
        TransportSettings(file=FileSettings(tmp_path / "outbox")),
        "1",
        events=EventSettings(str(tmp_path), provider.public_key),
    )
    office.queue("alex@acme.example")
    body = json.dumps([event("bounce", office.column("delivery_id")["alex@acme.example"])]).encode()
    store_request(tmp_path, provider.signed(body, now), body)
    (tmp_path / "forged.json").write_text(Provider().stored(body, now))
    shown = run(office, provider_events, mailing)
    assert (shown["requests"], shown["set_aside"], shown["events_bounce"], shown["alerts"]) == (1, 1, 1, "1 sent")
    assert "| forged.json | the events are not what the provider signed" in str(shown["refused"])
    assert office.states() == {"alex@acme.example": "bounced"}


def test_without_a_source_nothing_is_read_and_nothing_fails(office: Office) -> None:
    assert "EARSHOT_EVENTS" in str(run(office, provider_events, Mailing(TransportSettings(), "1"))["summary"])
