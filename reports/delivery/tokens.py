"""Signed tokens for the links in a mail.

Here: making and checking a token that states what it is for and until when. It carries ids, never an address.
Not here: a web page that receives it. Earshot serves none; the platform's own endpoint calls `verify_token`.

An endpoint for one-click unsubscribing (RFC 8058) takes the POST, calls

    claims = verify_token(token, secret, purpose="unsubscribe", now=datetime.now(UTC))

and hands the claims to `reports.delivery.suppressions.stop_recipient`, which ends further mail to that recipient.
A GET must change nothing: mail scanners follow links.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sql.values import PermanentError

Purpose = Literal["unsubscribe"]
SHORTEST_SECRET = 32  # RFC 2104 section 3: at least the length of the hash, 32 bytes for SHA-256
_VERSION = 1


class TokenError(PermanentError):
    """A token that must not be honoured."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token states."""

    purpose: Purpose
    tenant_id: UUID
    delivery_id: UUID
    expires_at: datetime


def sign_token(claims: Claims, secret: str) -> str:
    """A URL-safe token. Raises TokenError for a secret that is too short."""
    body = {
        "v": _VERSION,
        "for": claims.purpose,
        "t": claims.tenant_id.hex,
        "d": claims.delivery_id.hex,
        "exp": int(claims.expires_at.timestamp()),
    }
    payload = _encode(json.dumps(body, separators=(",", ":")).encode())
    return f"{payload}.{_encode(_signature(payload, secret))}"


def verify_token(token: str, secret: str, *, purpose: Purpose, now: datetime) -> Claims:
    """The claims of a token that this secret signed for this purpose and that has not expired; else TokenError.

    The signature is compared in constant time and before anything in the token is used. The message never shows
    which secret or signature was expected.
    """
    payload, _, signature = token.partition(".")
    if not hmac.compare_digest(_signature(payload, secret), _decode(signature)):
        raise TokenError("the link was not signed by this installation, or was changed on its way")
    try:
        body = json.loads(_decode(payload))
        version, stated = body["v"], body["for"]
        tenant_id, delivery_id = UUID(hex=body["t"]), UUID(hex=body["d"])
        expires_at = datetime.fromtimestamp(body["exp"], UTC)
    except (ValueError, KeyError, TypeError) as error:
        raise TokenError("the link is signed but cannot be read; it may come from a newer version") from error
    if version != _VERSION or stated != purpose:
        raise TokenError(f"the link was made for {stated!r} and cannot be used for {purpose!r}")
    if now >= expires_at:
        raise TokenError(f"the link expired on {expires_at:%Y-%m-%d}; use the one in a newer mail")
    return Claims(purpose, tenant_id, delivery_id, expires_at)


def _signature(payload: str, secret: str) -> bytes:
    if len(secret.encode()) < SHORTEST_SECRET:
        raise TokenError(f"the token secret is shorter than {SHORTEST_SECRET} bytes: set a longer EARSHOT_TOKEN_SECRET")
    return hmac.new(secret.encode(), payload.encode("utf-8", "replace"), hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
