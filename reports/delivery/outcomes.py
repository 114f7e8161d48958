"""Outcomes: what an answer of a mail provider means for a delivery.

Here: the table from HTTP statuses, SMTP replies and lost connections to a verdict, and when to try again. Pure.
Not here: making the call (transports), or writing the verdict down (outbox.py).

The rule behind the table: a mail is tried again only on proof that the provider has not taken it. Proof is a call whose
last byte was never sent, and an answer that its standard or the provider's documentation defines as "nothing was done".
After anything else the verdict is unknown, and the provider's own events or a person decide; a sponsor never gets the
same report twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from uuid import UUID

from reports.delivery.addresses import header_text

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=4)
# RFC 5321 section 4.5.4.1: give up after four to five days. 1+2+4+...+128 minutes, then every four hours.
MOST_ATTEMPTS = 32
LONGEST_RATE_LIMIT = timedelta(hours=24)
DETAIL_LIMIT = 500


class Verdict(StrEnum):
    """What happens to the row: accepted, failed and unknown are states; retry and paused go back to queued."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    PAUSED = "paused"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How far a call came. Before ANSWER the mail's last byte was not sent, so the provider cannot have taken it.

    An HTTP body that lacks its end is no valid request (RFC 9112 section 8), and a mail without its final dot is
    discarded (RFC 5321 section 4.1.1.10).
    """

    CONNECTING = "connecting"
    GREETING = "greeting"
    ENVELOPE = "envelope"
    SENDING = "sending"
    ANSWER = "answer"


# Answers that refuse a request as it is, and so have not acted on it: RFC 9110 section 15.5 and RFC 6585; of these,
# SendGrid documents 400, 404, 405 and 413. Not here: 408, 409, 425 and 499, which a proxy may give after the provider
# has the mail.
REFUSALS = frozenset({400, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one attempt; stop_run: the next mail would meet the same trouble."""

    verdict: Verdict
    detail: str
    status_code: int | None = None
    provider_message_id: str | None = None
    not_before: datetime | None = None
    stop_run: bool = False


def of_http(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, sandbox: bool = False) -> Outcome:
    """The verdict on an answer of SendGrid's mail send; header names in any case."""
    fields = {name.lower(): value for name, value in headers.items()}
    text = provider_text(body)
    if status == 202 or (sandbox and status == 200):
        return _accepted(status, fields.get("x-message-id"), sandbox and status == 200)
    if status == 429:
        reset = _rate_limit_reset(fields.get("x-ratelimit-reset"), fields.get("retry-after"), now)
        return Outcome(Verdict.RETRY, f"rate limit reached. {text}".strip(), status, not_before=reset, stop_run=True)
    if status in (401, 403, 407):
        detail = f"the provider refused the key ({status}). {text} Check the API key and its mail send permission."
        return Outcome(Verdict.PAUSED, header_text(detail, DETAIL_LIMIT), status, stop_run=True)
    if status in REFUSALS:
        return Outcome(Verdict.FAILED, f"the provider refused the mail ({status}). {text}".strip(), status)
    if 300 <= status < 400:
        # Web services answer a request that they have carried out with 302 and 303 too.
        where = header_text(fields.get("location", "nowhere"), 200)
        detail = f"redirected ({status}) to {where}; not followed, it may have been sent or not. Check the host."
        return Outcome(Verdict.UNKNOWN, detail, status, stop_run=True)
    return Outcome(Verdict.UNKNOWN, f"answered {status}: it may have been sent or not. {text}".strip(), status)


def _accepted(status: int, message_id: str | None, sandbox: bool) -> Outcome:
    message_id = header_text(message_id or "", 200)
    if sandbox:
        return Outcome(
            Verdict.ACCEPTED, "checked by the provider's sandbox; nothing was mailed", status, message_id or None
        )
    if not message_id:
        return Outcome(Verdict.UNKNOWN, "answered 202 without a message id, so it cannot be followed up", status)
    return Outcome(Verdict.ACCEPTED, "accepted by the provider", status, message_id)


def _rate_limit_reset(moment: str | None, pause: str | None, now: datetime) -> datetime | None:
    """When to come back: SendGrid's moment (Unix seconds), else Retry-After (RFC 9110 section 10.2.3: seconds or a
    date); never in the past and at most a day ahead. None if neither is there."""
    for seconds in (_whole(moment), _pause_end(pause, now)):
        if seconds is not None:
            latest = int((now + LONGEST_RATE_LIMIT).timestamp())
            return max(datetime.fromtimestamp(min(seconds, latest), UTC), now + timedelta(seconds=1))
    return None


def _pause_end(pause: str | None, now: datetime) -> int | None:
    seconds = _whole(pause)
    if seconds is not None:
        return math.ceil(now.timestamp()) + seconds
    try:
        return math.ceil(parsedate_to_datetime(pause or "").timestamp())
    except (ValueError, OverflowError):
        return None


def _whole(text: str | None) -> int | None:
    """A number of at most eighteen digits: what a clock may show."""
    bare = (text or "").strip()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 18 else None


def of_smtp(code: int, reply: bytes | str, stage: Stage) -> Outcome:
    """The verdict on a reply of a mail server.

    To the final dot, 4yz and 5yz mean that the server has not taken the mail (RFC 5321 sections 4.2.1 and 6.1), save
    for 421, which is about the connection and not about the mail.
    """
    text = provider_text(reply.encode() if isinstance(reply, str) else reply)
    if stage is Stage.ANSWER:
        if 200 <= code < 300:
            return Outcome(Verdict.ACCEPTED, f"accepted by the mail server. {text}".strip(), code)
        if code == 421 or not 400 <= code < 600:
            detail = f"the mail server answered {code}: the mail may have been taken or not. {text}"
            return Outcome(Verdict.UNKNOWN, detail.strip(), code, stop_run=code == 421)
    before_the_mail = stage in (Stage.CONNECTING, Stage.GREETING)
    if 500 <= code < 600 and before_the_mail:
        detail = f"the mail server refused the login, the sender or the session ({code}). {text}"
        return Outcome(Verdict.PAUSED, f"{detail} Check SMTP user, password and sender.", code, stop_run=True)
    if 500 <= code < 600:
        return Outcome(Verdict.FAILED, f"the mail server refused the mail ({code}). {text}".strip(), code)
    # 421: the server is closing the channel for everyone (RFC 5321 section 3.8).
    stops = code == 421 or before_the_mail
    does = "asks to try later" if 400 <= code < 500 else "does not keep to the protocol"
    return Outcome(Verdict.RETRY, f"the mail server {does} ({code}). {text}".strip(), code, stop_run=stops)


def of_lost_connection(error: BaseException, stage: Stage) -> Outcome:
    """The verdict on a connection that failed or went away: safe to repeat only before the mail was all sent."""
    cause = header_text(f"{type(error).__name__}: {error}", DETAIL_LIMIT - 120)
    if stage is Stage.ANSWER:
        return Outcome(Verdict.UNKNOWN, f"the mail was sent, but its answer did not come ({cause})")
    if stage in (Stage.ENVELOPE, Stage.SENDING):
        return Outcome(Verdict.RETRY, f"the connection was lost before the mail was handed over ({cause})")
    return Outcome(Verdict.RETRY, f"the provider could not be reached ({cause})", stop_run=True)


def of_unexpected(error: BaseException, stage: Stage = Stage.ANSWER) -> Outcome:
    """The verdict on an error that no transport foresaw. Only its kind is kept: its text may hold anything."""
    detail = f"sending ended in an unforeseen {type(error).__name__}; see the log"
    if stage is Stage.ANSWER:
        return Outcome(Verdict.UNKNOWN, detail)
    stops = stage in (Stage.CONNECTING, Stage.GREETING)
    return Outcome(Verdict.RETRY, f"{detail}. Nothing had been handed over", stop_run=stops)


def of_unassembled(error: BaseException) -> Outcome:
    """The verdict on a mail that cannot be put together: it would fail again, so it waits for a person."""
    return Outcome(Verdict.FAILED, f"the mail cannot be put together ({type(error).__name__}); see the log")


def next_attempt(attempts: int, now: datetime, delivery_id: UUID, outcome: Outcome) -> datetime:
    """When to try again: the provider's own moment, else a pause that doubles, spread by up to a quarter.

    The spread comes from the delivery's id, so that a burst which failed together does not return together.
    """
    if outcome.not_before is not None:
        return outcome.not_before
    doublings = min(max(attempts - 1, 0), 16)
    pause = min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
    return now + pause + pause * (delivery_id.int % 256) / 1024


def given_up(outcome: Outcome, attempts: int) -> Outcome:
    """The outcome, or a failure where this was the last attempt that a retry is worth."""
    if outcome.verdict is not Verdict.RETRY or attempts < MOST_ATTEMPTS:
        return outcome
    detail = header_text(f"given up after {attempts} attempts; the last one: {outcome.detail}", DETAIL_LIMIT)
    return Outcome(Verdict.FAILED, detail, outcome.status_code, outcome.provider_message_id)


def provider_text(body: bytes) -> str:
    """The provider's own text, in one line: the messages of SendGrid's error list, else the text itself."""
    text = body[:20_000].decode("utf-8", "replace")
    try:
        errors = json.loads(text)["errors"]
        message = "; ".join(_one_error(error) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # the last: brackets without end
        message = text
    return header_text(message, DETAIL_LIMIT - 150)


def _one_error(error: Mapping[str, object]) -> str:
    where = error.get("field")
    return f"{error.get('message')} ({where})" if where and where != "null" else str(error.get("message"))
