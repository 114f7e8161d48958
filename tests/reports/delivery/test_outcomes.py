"""What an answer of a provider means: the whole table."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.delivery.outcomes import (
    LONGEST_PAUSE,
    MOST_ATTEMPTS,
    Outcome,
    Stage,
    Verdict,
    given_up,
    next_attempt,
    of_http,
    of_lost_connection,
    of_smtp,
    of_unexpected,
    provider_text,
)

NOW = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
DELIVERY = UUID("7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10")
WITH_ID = {"X-Message-Id": "abc"}


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "stops"),
    [
        (202, WITH_ID, Verdict.ACCEPTED, False),
        (202, {}, Verdict.UNKNOWN, False),
        (200, WITH_ID, Verdict.UNKNOWN, False),
        (204, {}, Verdict.UNKNOWN, False),
        (301, {}, Verdict.UNKNOWN, True),
        (302, WITH_ID, Verdict.UNKNOWN, True),
        (307, {}, Verdict.UNKNOWN, True),
        (400, {}, Verdict.FAILED, False),
        (401, {}, Verdict.PAUSED, True),
        (403, {}, Verdict.PAUSED, True),
        (404, {}, Verdict.FAILED, False),
        (407, {}, Verdict.PAUSED, True),
        (408, {}, Verdict.UNKNOWN, False),
        (409, {}, Verdict.UNKNOWN, False),
        (413, {}, Verdict.FAILED, False),
        (429, {}, Verdict.RETRY, True),
        (500, {}, Verdict.UNKNOWN, False),
        (502, {}, Verdict.UNKNOWN, False),
        (503, {}, Verdict.UNKNOWN, False),
        (504, {}, Verdict.UNKNOWN, False),
        (520, {}, Verdict.UNKNOWN, False),
    ],
)
def test_each_http_answer_has_its_verdict(status: int, headers: dict[str, str], verdict: Verdict, stops: bool) -> None:
    outcome = of_http(status, headers, b"", NOW)
    assert (outcome.verdict, outcome.stop_run, outcome.status_code) == (verdict, stops, status)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "600"}, 600),
        ({"retry-after": format_datetime(NOW + timedelta(minutes=10), usegmt=True)}, 600),
        ({"Retry-After": format_datetime(NOW - timedelta(days=10), usegmt=True)}, 1),
        ({"Retry-After": "99999999999"}, 86_400),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 60), "Retry-After": "600"}, 60),
        ({"Retry-After": "soon"}, None),
        ({"X-RateLimit-Reset": "9" * 5000}, None),
    ],
)
def test_a_rate_limit_is_waited_for_as_the_provider_says(headers: dict[str, str], pause: int | None) -> None:
    until = of_http(429, headers, b"", NOW).not_before
    assert (until is None) == (pause is None)
    assert until is None or abs((until - NOW).total_seconds() - (pause or 0)) <= 1


@pytest.mark.parametrize(
    "body", [b"[" * 20_000, b'{"errors":' * 2_000, b"\xff\x00{", b'{"errors": [null]}', b"9" * 5_000]
)
def test_the_status_decides_whatever_the_text_is(body: bytes) -> None:
    assert of_http(202, WITH_ID, body, NOW).verdict is Verdict.ACCEPTED
    assert of_http(202, {"X-Message-Id": " \x00"}, body, NOW).verdict is Verdict.UNKNOWN
    assert of_http(400, {}, body, NOW).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("code", "stage", "verdict", "stops"),
    [
        (250, Stage.ANSWER, Verdict.ACCEPTED, False),
        (421, Stage.ENVELOPE, Verdict.RETRY, True),
        (450, Stage.ENVELOPE, Verdict.RETRY, False),
        (451, Stage.ANSWER, Verdict.RETRY, False),
        (454, Stage.GREETING, Verdict.RETRY, True),
        (535, Stage.GREETING, Verdict.PAUSED, True),
        (550, Stage.ENVELOPE, Verdict.FAILED, False),
        (554, Stage.CONNECTING, Verdict.PAUSED, True),
        (554, Stage.ANSWER, Verdict.FAILED, False),
        (-1, Stage.ANSWER, Verdict.UNKNOWN, False),
        (354, Stage.ANSWER, Verdict.UNKNOWN, False),
        (421, Stage.ANSWER, Verdict.UNKNOWN, True),
        (-1, Stage.ENVELOPE, Verdict.RETRY, False),
        (250, Stage.CONNECTING, Verdict.RETRY, True),
        (250, Stage.ENVELOPE, Verdict.RETRY, False),
    ],
)
def test_each_smtp_reply_has_its_verdict(code: int, stage: Stage, verdict: Verdict, stops: bool) -> None:
    outcome = of_smtp(code, "words", stage)
    assert (outcome.verdict, outcome.stop_run) == (verdict, stops)


@pytest.mark.parametrize(
    ("stage", "verdict"),
    [
        (Stage.CONNECTING, Verdict.RETRY),
        (Stage.GREETING, Verdict.RETRY),
        (Stage.ENVELOPE, Verdict.RETRY),
        (Stage.SENDING, Verdict.RETRY),
        (Stage.ANSWER, Verdict.UNKNOWN),
    ],
)
def test_a_lost_connection_is_in_doubt_only_once_the_mail_was_sent(stage: Stage, verdict: Verdict) -> None:
    assert of_lost_connection(ConnectionResetError("reset by peer"), stage).verdict is verdict
    assert of_unexpected(RuntimeError("a bug"), stage).verdict is verdict


def test_a_sandbox_answer_states_that_nothing_was_mailed() -> None:
    outcome = of_http(200, {}, b"", NOW, sandbox=True)
    assert outcome.verdict is Verdict.ACCEPTED
    assert "nothing was mailed" in outcome.detail


def test_the_message_id_is_found_whatever_the_case_of_its_header() -> None:
    assert of_http(202, {"x-message-ID": "abc.1"}, b"", NOW).provider_message_id == "abc.1"


def test_a_rate_limit_waits_for_the_moment_that_the_provider_names() -> None:
    reset = NOW + timedelta(minutes=7)
    outcome = of_http(429, {"X-RateLimit-Reset": str(int(reset.timestamp()))}, b"", NOW)
    assert next_attempt(1, NOW, DELIVERY, outcome) == reset


@given(st.text(max_size=30))
def test_a_rate_limit_never_waits_longer_than_a_day_or_less_than_a_second(header: str) -> None:
    again = next_attempt(1, NOW, DELIVERY, of_http(429, {"X-RateLimit-Reset": header}, b"", NOW))
    assert NOW + timedelta(seconds=1) <= again <= NOW + timedelta(days=1)


def test_the_providers_text_is_kept_in_one_line() -> None:
    body = b'{"errors": [{"message": "does not contain a valid address.", "field": "to.email"}, {"message": "no"}]}'
    assert provider_text(body) == "does not contain a valid address. (to.email); no"
    assert provider_text(b"<html>\r\nBad\x00 gateway</html>") == "<html> Bad gateway</html>"


@given(st.binary(max_size=300), st.integers(100, 599), st.booleans())
def test_no_answer_breaks_the_table_or_fills_the_page(body: bytes, status: int, sandbox: bool) -> None:
    outcome = of_http(status, {"location": body.decode("latin-1")}, body, NOW, sandbox=sandbox)
    assert len(outcome.detail) <= 500
    assert not {unicodedata.category(letter) for letter in outcome.detail} & {"Cc", "Zl", "Zp", "Cs"}


@given(st.integers(1, 200), st.uuids())
def test_pauses_grow_to_a_limit_and_are_spread_by_at_most_a_quarter(attempts: int, delivery: UUID) -> None:
    retry = Outcome(Verdict.RETRY, "busy")
    pause = next_attempt(attempts, NOW, delivery, retry) - NOW
    assert timedelta(minutes=1) <= pause <= LONGEST_PAUSE * 1.25
    assert next_attempt(attempts + 1, NOW, delivery, retry) - NOW >= pause


def test_a_retry_ends_after_days_not_after_minutes() -> None:
    retry = Outcome(Verdict.RETRY, "busy")
    assert given_up(retry, MOST_ATTEMPTS - 1) is retry
    assert given_up(retry, MOST_ATTEMPTS).verdict is Verdict.FAILED
    waited = sum((next_attempt(each, NOW, UUID(int=0), retry) - NOW for each in range(1, MOST_ATTEMPTS)), timedelta(0))
    assert timedelta(days=4) <= waited <= timedelta(days=5)


def test_only_retries_are_given_up() -> None:
    paused = Outcome(Verdict.PAUSED, "key refused")
    assert given_up(paused, 10_000) is paused
