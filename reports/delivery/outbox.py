"""The outbox: sends what is due, each mail at most once, and records what became of it.

Here: the order of the steps. Claim one row and commit; only then call the provider; then record its answer. A
worker that dies in between leaves a claim that expires to unknown and is never sent again by itself. Nothing may retry
a call to a provider: run the outbox again instead.
Not here: the rows (queue.py), the mail (message.py), what answers mean (outcomes.py).
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from psycopg.rows import class_row

from reports.delivery import queue
from reports.delivery.message import FrozenFile, Mail, assemble, envelope_of
from reports.delivery.outcomes import Outcome, Verdict, given_up, of_unassembled, of_unexpected
from reports.delivery.queue import Delivery, DeliveryContext
from reports.delivery.transports.base import Transport
from reports.delivery.unsubscribe import Sender, stop_link
from reports.mail_settings import AT_ONCE
from sql.connections.connecting import DatabaseUnavailableError
from sql.events import note_event
from sql.failures import FailureLog, cause_of, is_database_away, is_isolatable
from sql.statements import statement
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse

logger = logging.getLogger(__name__)

# Seconds between attempts to write an end down: a restart of the database, well within the time of a claim.
RECORD_PAUSES = (1.0, 5.0, 20.0)
# Mails in doubt in a row that end a run: behind a provider that is down, every further one would need a person too.
MOST_DOUBTS = 3
Progress = Callable[[str], None]


@dataclass(slots=True)
class DeliverySummary:
    """What a run did, counted by result; paused: why it stopped early; notes: what a person should look at."""

    results: Counter[str] = field(default_factory=Counter)
    expired: int = 0
    released: int = 0
    paused: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.results["accepted"]

    @property
    def handled(self) -> int:
        return self.results.total()

    def __str__(self) -> str:
        parts = [f"{count} {name}" for name, count in sorted(self.results.items())] or ["nothing was due"]
        parts += [f"{self.expired} expired to unknown"] if self.expired else []
        parts += [f"{self.released} released"] if self.released else []
        return ", ".join(parts) + (f"; stopped early: {self.paused}" if self.paused else "")


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one row."""

    delivery: Delivery
    verdict: str
    detail: str


@dataclass(frozen=True, slots=True)
class FrozenReport:
    """A frozen report as the mail needs it."""

    subject: str
    files: tuple[FrozenFile, ...]


class Outbox:
    """The sending side of the queue. Any number may run at once, in any number of processes.

    at_once: how many mails one run has under way.
    """

    def __init__(self, warehouse: Warehouse, at_once: int = AT_ONCE) -> None:
        self._warehouse = warehouse
        self._at_once = at_once
        self._failures = FailureLog(warehouse, "delivery", logger.error, not_done="mail not sent")

    def run(
        self, transport: Transport, now: datetime, limit: int | None = None, progress: Progress = lambda _: None
    ) -> DeliverySummary:
        """Send what is due at now, at most limit mails. Stops early where the next mail would meet the same trouble."""
        clock = _Clock(now)
        summary = DeliverySummary()
        self._prepare(now, summary)
        doubts, is_empty = 0, False
        with ThreadPoolExecutor(self._at_once, "mails") as pool:
            under_way: set[Future[str | None]] = set()
            while True:
                # One at a time until one was accepted, and after one in doubt: a provider that is down gets few.
                most = self._at_once if summary.accepted and not doubts else 1
                if limit is not None:
                    most = min(most, limit - summary.handled)
                while len(under_way) < most and summary.paused is None and not is_empty:
                    under_way.add(pool.submit(self._next, transport, now, clock, summary))
                if not under_way:
                    return summary
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for result in [each.result() for each in done]:
                    if result is None:
                        is_empty = True
                        continue
                    doubts = doubts + 1 if result == Verdict.UNKNOWN else 0
                    if doubts == MOST_DOUBTS and summary.paused is None:
                        listed = "`earshot deliveries list --state unknown`"
                        summary.paused = f"{doubts} mails in a row ended in doubt; {listed}"
                    summary.results[result] += 1
                    progress(result)

    def _prepare(self, now: datetime, summary: DeliverySummary) -> None:
        """What is done before the first mail. None of it keeps a mail from leaving."""

        def broken(tenant: UUID, error: BaseException) -> None:
            summary.notes.append(f"mails of tenant {tenant} that are held stay held: {cause_of(error)}")

        def expire(connection: Connection) -> None:
            summary.expired = queue.expire_claims(connection, now)

        def release(connection: Connection) -> None:
            summary.released = queue.release_allowed(connection, now, broken)

        def look_for_recipients(connection: Connection) -> None:
            summary.notes += [
                f"{count} report(s) of {slug} have no recipients: add some to their subscription"
                for slug, count in queue.unaddressed(connection)
            ]

        for step in (expire, release, look_for_recipients):
            try:
                with self._warehouse.transaction() as connection:
                    step(connection)
            except BaseException as error:
                if not is_isolatable(error):
                    raise
                summary.notes.append(f"{step.__name__.replace('_', ' ')}: {cause_of(error)}")

    def plan(self, sender: Sender, now: datetime, limit: int = 1000) -> list[Planned]:
        """What a run would do now: every due mail is put together and checked; nothing is claimed or sent."""
        with self._warehouse.transaction() as connection:
            due = queue.due_deliveries(connection, now, limit)
        return [self._planned(delivery, sender) for delivery in due]

    def _planned(self, delivery: Delivery, sender: Sender) -> Planned:
        try:
            with self._warehouse.transaction() as connection:
                context = queue.context_of(connection, delivery)
            stopped = queue.screen(delivery.recipient, context)
            if stopped:
                return Planned(delivery, stopped.state, stopped.detail)
            mail = make_mail(delivery, context, sender, self.read_report(delivery))
        except BaseException as error:
            if not is_isolatable(error):
                raise
            return Planned(delivery, "failed", cause_of(error))
        return Planned(delivery, "send", mail.envelope.subject)

    def _next(self, transport: Transport, now: datetime, clock: _Clock, summary: DeliverySummary) -> str | None:
        """Handle one row and return what became of it; None where none is due."""
        token, started = uuid4(), clock()
        context: DeliveryContext | None = None
        outcome: Outcome | None = None
        with self._warehouse.transaction() as connection:
            # Due is what was due when the run began, so that a mail that just failed is not tried again at once.
            delivery = queue.claim_next(connection, now, started, token, transport.name)
            if delivery is None:
                return None
            try:
                # A part of the transaction: whatever fails in it, the claim stays, and the queue goes on.
                with connection.transaction():
                    context = queue.context_of(connection, delivery)
                    stopped = queue.screen(delivery.recipient, context)
                    if stopped:
                        queue.stop(connection, delivery, token, stopped, started)
                        return stopped.state
            except BaseException as error:
                outcome = self._trouble(delivery, "its address and tenant could not be looked at", error)
        if outcome is None:
            assert context is not None, "nothing failed, so it was read"  # noqa: S101
            outcome = self._attempt(transport, delivery, context)
        outcome = given_up(outcome, delivery.attempts)
        self._write_down(delivery, token, transport.name, outcome, started, clock)
        if outcome.stop_run:
            summary.paused = outcome.detail
        logger.info("delivery %s: %s (%s)", delivery.delivery_id, outcome.verdict, outcome.status_code)
        note_event(
            "mail_tried",
            tenant=delivery.tenant_id,
            delivery=delivery.delivery_id,
            report=delivery.report_id,
            outcome=outcome.verdict,
            status=outcome.status_code,
        )
        return str(outcome.verdict)

    def _trouble(self, delivery: Delivery, what: str, error: BaseException) -> Outcome:
        """The verdict on a mail that could not even be handed over: it waits, and the others of the queue go on.

        Raises the error if it is about more than this mail; a database that went away stops the run.
        """
        if is_database_away(error):
            return Outcome(Verdict.RETRY, f"{what} ({type(error).__name__})", stop_run=True)
        if not is_isolatable(error):
            raise error
        self._failures.add(delivery.tenant_id, error, [subject_of(delivery)])
        return Outcome(Verdict.RETRY, f"{what} ({type(error).__name__}); see the log")

    def _write_down(
        self, delivery: Delivery, token: UUID, transport: str, outcome: Outcome, started: datetime, clock: _Clock
    ) -> None:
        """Record the outcome and finish the claim.

        A database that is away for a moment must not turn a certain end into a doubtful one, and
        text that it refuses must not hold up the queue.
        """
        for pause in (*RECORD_PAUSES, None):
            try:
                with self._warehouse.transaction() as connection:
                    queue.record_outcome(connection, delivery, token, transport, outcome, started, clock())
                return
            except DatabaseUnavailableError:
                if pause is None:
                    logger.exception(
                        "delivery %s ended as %s (%s); this could not be written down and will expire to unknown",
                        delivery.delivery_id,
                        outcome.verdict,
                        outcome.provider_message_id,
                    )
                    raise
                time.sleep(pause)
            except PermanentError as error:
                logger.exception("delivery %s: what was said of it could not be written down", delivery.delivery_id)
                self._failures.add(delivery.tenant_id, error, [subject_of(delivery)])
                with self._warehouse.transaction() as connection:
                    plain = replace(outcome, detail="what was said of it could not be written down; the log has it")
                    queue.record_outcome(connection, delivery, token, transport, plain, started, clock())
                return

    def _attempt(self, transport: Transport, delivery: Delivery, context: DeliveryContext) -> Outcome:
        """Put the mail together and hand it over, once. What cannot be put together has not been sent."""
        try:
            frozen = self.read_report(delivery)
        except BaseException as error:
            return self._trouble(delivery, "the report could not be read", error)
        try:
            mail = make_mail(delivery, context, transport.sender, frozen)
        except PermanentError as error:
            return Outcome(Verdict.FAILED, str(error))
        except BaseException as error:
            self._trouble(delivery, "the mail could not be put together", error)
            return of_unassembled(error)
        if delivery.attempts > 1:
            self._failures.clear([delivery.tenant_id], [subject_of(delivery)])
        try:
            return transport.send(mail)
        except BaseException as error:
            if not is_isolatable(error) and not isinstance(error, Exception):
                raise
            logger.exception("delivery %s ended in an error that the transport does not know", delivery.delivery_id)
            return of_unexpected(error)

    def read_report(self, delivery: Delivery) -> FrozenReport:
        """The report of a delivery, read under its tenant's own row-level security."""
        ids = {"tenant": delivery.tenant_id, "report": delivery.report_id}
        with self._warehouse.transaction(role="earshot_report", tenant=delivery.tenant_id) as connection:
            found = connection.execute(statement("read_mail_subject").text, ids).fetchone()
            with connection.cursor(row_factory=class_row(FrozenFile), binary=True) as cursor:
                files = cursor.execute(statement("read_mail_artefacts").text, ids).fetchall()
        return FrozenReport(str(found[0] or "") if found else "", tuple(files))


def make_mail(
    delivery: Delivery, context: DeliveryContext, sender: Sender, frozen: FrozenReport, mark: str = ""
) -> Mail:
    """The mail of one delivery; a mark goes before its subject. Raises PermanentError if it is not whole. Pure."""
    mailbox = context.reply_to or sender.mail_from
    envelope = envelope_of(
        delivery_id=delivery.delivery_id,
        recipient=delivery.recipient,
        sender=sender.mail_from,
        brand=context.brand_name,
        reply_to=context.reply_to,
        subject=f"{mark} {frozen.subject}" if frozen.subject else "",
        queued_at=delivery.created_at,
        stop=stop_link(sender, mailbox, delivery.tenant_id, delivery.delivery_id, delivery.created_at),
    )
    return assemble(envelope, frozen.files)


def subject_of(delivery: Delivery) -> str:
    """What a mail is called in tenant_failures."""
    return f"mail {delivery.delivery_id}"


class _Clock:
    """Starts at a given moment and moves with real time, so that a long run gives its last claims their full time."""

    def __init__(self, start: datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)
