"""An installation in which all is well: a tenant with every day, a daemon, a mail server, and the domain's DNS.

Here: its parts, each real and on loopback. conftest.py has the fixtures.
Not here: what is spoilt in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner, Result
from dnslib.server import DNSLogger, DNSServer
from dnslib.zoneresolver import ZoneResolver

from assets.steps import DAILY_ASSETS, VERDICT
from pipelines.cli import main
from pipelines.doctor.work import LOOKED_BACK, last_due
from sql.warehouse import Warehouse
from tests.pipelines.dagster_history import DagsterHistory
from tests.pipelines.small_network import add_tenant, named

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


@contextmanager
def running_dns() -> Iterator[str]:
    """A DNS server on loopback, as HOST:PORT."""
    server = DNSServer(Chain(ZONE), address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-truncated,-error"))
    server.start_thread()
    yield f"127.0.0.1:{server.server.server_address[1]}"
    server.stop()
    server.server.server_close()


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

    @classmethod
    def complete(cls, url: str, home: Path, history: DagsterHistory, smtp: int, dns: str) -> Installation:
        """All is well in it: a key ring, a daemon, a tenant with every day of the last month."""
        from assets.listening.identity.keys import Keyring

        Keyring.create(home / "keyring.json")
        made = cls(url, home, history, smtp, dns)
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
        return made

    def call(self, *arguments: str, **changes: str) -> Result:
        """A command of Earshot in it."""
        return CliRunner().invoke(main, list(arguments), env={**self.settings, **changes}, catch_exceptions=False)

    def doctor(self, *arguments: str, **changes: str) -> Result:
        return self.call("doctor", "--dns", self.dns, *arguments, **changes)

    def execute(self, query: str, *values: object) -> None:
        with self.warehouse.transaction("earshot_owner") as connection:
            connection.execute(query.encode(), values)
