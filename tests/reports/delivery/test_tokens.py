"""Signed tokens: honoured for their purpose, until their end, and not a bit changed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeTimedSerializer

from reports.delivery.tokens import Claims, TokenError, sign_token, verify_token
from reports.delivery.unsubscribe import Sender
from sql.values import PermanentError

SECRET = "an invented secret of more than thirty-two bytes"
NOW = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
CLAIMS = Claims("unsubscribe", UUID(int=7), UUID(int=11), NOW + timedelta(days=30))


def test_a_token_states_what_was_signed() -> None:
    assert verify_token(sign_token(CLAIMS, SECRET), SECRET, purpose="unsubscribe", now=NOW) == CLAIMS


def test_a_token_carries_no_address_and_fits_a_link() -> None:
    token = sign_token(CLAIMS, SECRET)
    assert len(token) < 300
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_an_expired_token_is_refused_from_its_last_second_on() -> None:
    token = sign_token(CLAIMS, SECRET)
    verify_token(token, SECRET, purpose="unsubscribe", now=CLAIMS.expires_at - timedelta(seconds=1))
    with pytest.raises(TokenError, match="expired"):
        verify_token(token, SECRET, purpose="unsubscribe", now=CLAIMS.expires_at)


def test_a_token_for_another_purpose_is_refused() -> None:
    with pytest.raises(TokenError, match="not signed by this installation for 'view'"):
        verify_token(sign_token(CLAIMS, SECRET), SECRET, purpose="view", now=NOW)
    view = Claims("view", UUID(int=7), UUID(int=11), NOW + timedelta(days=30))
    with pytest.raises(TokenError, match="not signed by this installation for 'unsubscribe'"):
        verify_token(sign_token(view, SECRET), SECRET, purpose="unsubscribe", now=NOW)
    assert verify_token(sign_token(view, SECRET), SECRET, purpose="view", now=NOW).report_id == UUID(int=11)


def test_claims_of_one_purpose_name_nothing_of_another() -> None:
    assert CLAIMS.delivery_id == UUID(int=11)
    with pytest.raises(TokenError, match="made for 'unsubscribe' and cannot be used for 'view'"):
        _ = CLAIMS.report_id


def test_the_same_claims_are_the_same_token() -> None:
    assert sign_token(CLAIMS, SECRET) == sign_token(CLAIMS, SECRET)


def test_what_another_program_signed_with_the_same_secret_is_no_token() -> None:
    keys = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    foreign = URLSafeTimedSerializer(SECRET, salt="earshot unsubscribe", signer_kwargs=keys).dumps({"user": 1})
    with pytest.raises(TokenError, match="cannot be read"):
        verify_token(str(foreign), SECRET, purpose="unsubscribe", now=datetime.now(UTC))


def test_a_token_of_another_installation_is_refused() -> None:
    with pytest.raises(TokenError, match="not signed"):
        verify_token(sign_token(CLAIMS, SECRET), SECRET + "!", purpose="unsubscribe", now=NOW)


@given(st.integers(0, 200), st.sampled_from("AZaz09-_."))
def test_a_changed_letter_breaks_a_token(place: int, letter: str) -> None:
    token = sign_token(CLAIMS, SECRET)
    place %= len(token) - 1
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(TokenError):
        verify_token(changed, SECRET, purpose="unsubscribe", now=NOW)


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(TokenError):
        verify_token(text, SECRET, purpose="unsubscribe", now=NOW)


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(TokenError, match="shorter than 32"):
        sign_token(CLAIMS, "short")


def test_an_endpoint_needs_https_and_a_secret() -> None:
    with pytest.raises(PermanentError, match="https"):
        Sender("reports@signal.example", "http://platform.example/stop", SECRET)
    with pytest.raises(PermanentError, match="EARSHOT_TOKEN_SECRET"):
        Sender("reports@signal.example", "https://platform.example/stop", None)
    assert SECRET not in repr(Sender("reports@signal.example", "https://platform.example/stop", SECRET))
