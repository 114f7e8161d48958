"""Delivery: mails through every kind of fault, by workers that are killed meanwhile, and what events then prove.

    python -m tests.trials.delivery [--mails 200] [--workers 3] [--kills 15] [--faults 35] [--seed 1]

Once through a provider's HTTP API and once by SMTP. Exit status 1 where an address got two mails before a person sent
any again, where a mail is in no state that is true, or where one is still in doubt after the provider's events and
after those without any were sent again.

Here: the trial on real processes, and its figures. Not here: the faults (mail_faults.py), the small forms of the suite
(tests/reports/delivery/test_kills.py, test_outbox_faults.py).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from reports.delivery import Outbox, make_transport
from reports.delivery.history import resend
from reports.delivery.queue import CLAIM_FOR
from reports.delivery.reconcile import read_events, reconcile
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.reports.delivery.conftest import NOON, Office
from tests.reports.delivery.test_kills import WORKER
from tests.trials.mail_faults import TIMEOUT_S, HttpProvider, Provider, SmtpProvider
from tests.trials.table import Table, trial_server

WAITING = {"queued", "sending"}
DUE = "SELECT count(*) FROM report_deliveries WHERE tenant_id = %s AND state = 'queued' AND not_before <= '{now}'"
LAST = "SELECT max(not_before) FROM report_deliveries WHERE tenant_id = %s AND state = 'queued'"


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.delivery", description=__doc__.partition("\n")[0])
    for name, default in (("mails", 200), ("workers", 3), ("kills", 15), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--faults", type=float, default=35, help="percent of the calls that meet a fault")
    options = parser.parse_args(given)
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    table = Table()
    with trial_server() as (server, template, folder):
        for kind in (HttpProvider, SmtpProvider):
            with ExitStack() as stack:
                url = stack.enter_context(cloned_database(server, template))
                provider = kind(options.faults / 100, options.seed)
                stack.callback(provider.close)
                warehouse = Warehouse(url)
                stack.callback(warehouse.close)
                deliver(table, provider, Office(warehouse), url, folder / f"{kind.kind}.log", options)
    return table.end()


def deliver(table: Table, provider: Provider, office: Office, url: str, log: Path, options: argparse.Namespace) -> None:
    """All mails by one transport, to the end of each."""
    table.head(f"{provider.kind}: {options.mails} mails, {options.workers} workers, {options.kills} kills")
    office.queue(*(f"reader{number}@acme.example" for number in range(options.mails)))
    began = time.monotonic()
    workers = Workers(provider, url, log, options.workers, Random(options.seed))
    now = workers.work(office, options.kills)

    states = office.states()
    taken = provider.taken()
    by_state = {state: {name for name, each in states.items() if each == state} for state in set(states.values())}
    table.say("workers started", workers.started)
    table.say("killed", workers.killed, holds=workers.killed == options.kills)
    missing = [fault for fault in provider.draws.met if not provider.draws.met[fault]]
    table.say("kinds of faults met", len(provider.draws.met), holds=not missing)
    table.say("faults met", provider.draws.met.total())
    for state, names in sorted(by_state.items()):
        table.say(f"    {state}", f"{len(names)} ({len(names & set(taken))} taken)")
    doubled = [name for name, number in taken.items() if number > 1]
    table.say("addresses that got two mails", len(doubled), holds=not doubled)
    odd = set(states.values()) - {"accepted", "unknown", "failed"}
    table.say("mails without an end", sum(states[name] in odd for name in states), holds=not odd)
    untrue = (by_state.get("accepted", set()) - set(taken)) | (by_state.get("failed", set()) & set(taken))
    table.say("mails whose state is untrue", len(untrue), holds=not untrue)
    named = provider.ids()
    ids = {name: str(each) for name, each in office.column("delivery_id").items()}
    foreign = [name for name in taken if named.get(name) != {ids[name]}]
    table.say("mails that name another delivery than their own", len(foreign), holds=not foreign)
    table.say("bodies that the provider's contract refuses", len(provider.violations), holds=not provider.violations)
    reconcile_mails(table, provider, office, ids, now, by_state.get("unknown", set()))
    _say_words(table, log)
    table.say("seconds", round(time.monotonic() - began))


class Workers:
    """Workers in processes of their own, which are killed at random moments and replaced."""

    def __init__(self, provider: Provider, url: str, log: Path, size: int, dice: Random) -> None:
        self._provider, self._url, self._log, self._size, self._dice = provider, url, log, size, dice
        self._workers: list[subprocess.Popen[bytes]] = []
        self.started = self.killed = 0

    def work(self, office: Office, kills: int) -> datetime:
        """Until no mail waits; returns what time it is then. The clock goes on when nothing is left to do by it.

        Never while a worker is at work: to one with a later clock its claims would have run out.
        """
        now = NOON + timedelta(minutes=1)
        while True:
            due = int(office.rows(DUE.format(now=now.isoformat()))[0][0])
            self._fill(now, min(self._size, due))
            time.sleep(self._dice.uniform(0.05, 0.6))
            self._workers = [worker for worker in self._workers if worker.poll() is None]
            if self.killed < kills and self._workers and self._sends(office):
                self._kill()
            if self._workers or due:
                continue
            if not WAITING & set(office.states().values()):
                return now
            # Claims of those that were killed run out by this clock; whoever starts next sees to them.
            # A provider that names a time to come back names one of its own clock.
            now = max(now + CLAIM_FOR + timedelta(hours=1), office.rows(LAST)[0][0] or now)
            self._fill(now, 1)

    def _sends(self, office: Office) -> bool:
        return "sending" in office.states().values()

    def _fill(self, now: datetime, size: int) -> None:
        while len(self._workers) < size:
            command = [sys.executable, "-c", WORKER.replace("timeout_s=3", f"timeout_s={TIMEOUT_S}"), self._url]
            command += [now.isoformat(), self._provider.kind, self._provider.where]
            with self._log.open("ab") as log:
                worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
            self._workers.append(worker)
            self.started += 1

    def _kill(self) -> None:
        victim = self._dice.choice(self._workers)
        victim.send_signal(signal.SIGKILL)
        # One that had ended by itself meanwhile was not killed.
        self.killed += victim.wait() == -signal.SIGKILL
        self._workers.remove(victim)


def reconcile_mails(
    table: Table, provider: Provider, office: Office, ids: dict[str, str], now: datetime, doubted: set[str]
) -> None:
    """What the provider reports of the mails that it took; what it knows nothing of is sent again by a person."""
    moment = int(now.timestamp())
    events = [
        {"event": kind, "timestamp": moment, "sg_event_id": f"{kind} {name}", "earshot_delivery": ids[name]}
        for name in provider.taken()
        for kind in ("processed", "delivered")
    ]
    # Late, twice and in any order.
    Random(0).shuffle(events)
    for _ in range(2):
        reconcile(office.warehouse, read_events(json.dumps(events)), now)
    states, taken = office.states(), provider.taken()
    wrong = [name for name in taken if states[name] != "delivered"]
    table.say("mails in doubt that had been taken", len(doubted & set(taken)))
    table.say("    taken, and not delivered after the provider's events", len(wrong), holds=not wrong)
    again = [name for name, state in states.items() if state == "unknown"]
    provider.draws.well_behaved()
    for name in again:
        resend(office.warehouse, UUID(ids[name]), now, "the trial", "the provider has no event of it")
    later = now + timedelta(hours=1)
    while Outbox(office.warehouse).run(make_transport(provider.settings()), later).handled:
        later += timedelta(hours=1)
    sent = Counter(provider.taken())
    sent.subtract(taken)
    lost = [name for name in again if sent[name] != 1]
    table.say("mails in doubt without an event, sent again by a person", len(again))
    table.say("    of them not taken once", len(lost), holds=not lost)
    doubled = [name for name, number in provider.taken().items() if number > 1]
    table.say("addresses that got two mails in the end", len(doubled), holds=not doubled)
    failed = {name for name, state in office.states().items() if state == "failed"}
    forgotten = set(ids) - set(provider.taken()) - failed
    table.say("mails that nobody got, and that did not fail", len(forgotten), holds=not forgotten)


def _say_words(table: Table, log: Path) -> None:
    words = log.read_text(errors="replace")
    table.say("tracebacks of workers", words.count("Traceback"), holds="Traceback" not in words)
    for line in words.splitlines()[-8:] if "Traceback" in words else ():
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
