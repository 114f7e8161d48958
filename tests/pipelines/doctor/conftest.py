"""An installation in which all is well: a tenant with every day, a daemon, a mail server, and the domain's DNS.

Here: its parts, each real and on loopback.
Not here: what is spoilt in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dnslib.server import DNSLogger, DNSServer
from dnslib.zoneresolver import ZoneResolver

from assets.steps import DAILY_ASSETS, VERDICT
from pipelines.cli import main
from pipelines.doctor.work import LOOKED_BACK, last_due
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.dagster_history import DagsterHistory, history_in
from tests.pipelines.small_network import add_tenant, named
from tests.reports.delivery.conftest import MailServer

ZONE = """
signal.example. 60 IN TXT "google-site-verification=x"
signal.example. 60 IN TXT "v=spf1 include:_spf.mail.example " "~all"
signal.example. 60 IN MX 10 mx.mail.example.
_dmarc.signal.example. 60 IN TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@signal.example"
s1._domainkey.signal.example. 60 IN CNAME s1.domainkey.u1.wl.sendgrid.example.
s1.domainkey.u1.wl.sendgrid.example. 60 IN TXT "k=rsa; t=s; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7"
s2._domainkey.signal.example. 60 IN TXT "v=DKIM1; p="
open.example. 60 IN TXT "v=spf1 +all"
open.example. 60 IN MX 0 .
twice.example. 60 IN TXT "v=spf1 -all"
twice.example. 60 IN TXT "v=spf1 ~all"
_dmarc.twice.example. 60 IN TXT "v=DMARC1; pct=20"
"""


class Chain(ZoneResolver):  # type: ignore[misc]
    """A zone that follows its aliases, as the servers that people ask do."""

    def resolve(self, request: object, handler: object) -> object:
        reply = super().resolve(request, handler)
        for record in list(reply.rr):
            if record.rtype == 5:
                reply.add_answer(*(each[2] for each in self.zone if each[0] == record.rdata.label))
        return reply


@pytest.fixture(scope="package")
def dns() -> Iterator[str]:
    """A DNS server on loopback, as HOST:PORT."""
    server = DNSServer(Chain(ZONE), address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-truncated,-error"))
    server.start_thread()
    yield f"127.0.0.1:{server.server.server_address[1]}"
    server.stop()
    server.server.server_close()


@pytest.fixture(scope="package")
def smtp() -> Iterator[int]:
    """The port of a mail server on loopback."""
    server = MailServer()
    yield server.port
    server.close()


@pytest.fixture(scope="package")
def history(server: Server) -> Iterator[DagsterHistory]:
    with cloned_database(server, "template0") as url, history_in(url) as made:
        yield made


class Installation:
    """Its database, its settings, and the command in it."""

    def __init__(self, url: str, home: Path, history: DagsterHistory, smtp: int, dns: str) -> None:
        self.warehouse = Warehouse(url)
        self.history = history
        self.dns = dns
        self.settings = {
            "DATABASE_URL": url,
            "DAGSTER_POSTGRES_URL": history.url,
            "EARSHOT_HOME": str(home),
            "EARSHOT_KEYRING": str(home / "keyring.json"),
            "EARSHOT_MAIL_TRANSPORT": "smtp",
            "EARSHOT_MAIL_FROM": "reports@signal.example",
            "EARSHOT_ALERT_MAIL": "ops@signal.example",
            "EARSHOT_DKIM_SELECTORS": "s1",
            "EARSHOT_DISK_FREE_PERCENT": "0",
            "SMTP_PORT": str(smtp),
            "SMTP_SECURITY": "none",
        }

    def doctor(self, *arguments: str, **changes: str) -> Result:
        return CliRunner().invoke(
            main, ["doctor", "--dns", self.dns, *arguments], env={**self.settings, **changes}, catch_exceptions=False
        )

    def execute(self, query: str, *values: object) -> None:
        with self.warehouse.transaction("earshot_owner") as connection:
            connection.execute(query.encode(), values)


@pytest.fixture
def installation(
    database_url: str, tmp_path: Path, history: DagsterHistory, smtp: int, dns: str
) -> Iterator[Installation]:
    from assets.listening.identity.keys import Keyring

    Keyring.create(tmp_path / "keyring.json")
    made = Installation(database_url, tmp_path, history, smtp, dns)
    history.clear()
    history.beat(datetime.now(UTC))
    add_tenant(made.warehouse, "harbor", "UTC", "USD")
    last = last_due(datetime.now(UTC))
    made.execute(
        "INSERT INTO rollup_ledger (asset, day, tenant_id, run_id, rows, status)"
        " SELECT asset, day::date, %s, gen_random_uuid(), 1, 'final'"
        " FROM unnest(%s::text[]) AS asset, generate_series(%s::date, %s::date, interval '1 day') AS day",
        *(named("harbor"), [*DAILY_ASSETS, VERDICT], last - LOOKED_BACK + timedelta(days=5), last),
    )
    yield made
    made.warehouse.close()
