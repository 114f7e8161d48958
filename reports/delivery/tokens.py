"""Signed tokens for the links in a mail.

Here: making and checking a token that is for one purpose and until one moment. It carries ids, never an address. The
format, the signature and the expiry are those of itsdangerous (URLSafeTimedSerializer, HMAC-SHA256); the purpose is its
salt, so that a token of another purpose has another key.
Not here: a web page that receives it. Earshot serves none; the platform's own endpoint calls `verify_token`.

An endpoint for one-click unsubscribing (RFC 8058) takes the POST, calls

    claims = verify_token(token, secret, purpose="unsubscribe", now=datetime.now(UTC))

and hands the claims to `reports.delivery.suppressions.stop_recipient`, which ends further mail to that recipient.
A GET must change nothing: mail scanners follow links. An endpoint that shows a report ("view online") calls

    claims = verify_token(token, secret, purpose="view", now=datetime.now(UTC))

and shows the report `claims.report_id` of the tenant `claims.tenant_id`, and no other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from sql.values import PermanentError

Purpose = Literal["unsubscribe", "view"]
SHORTEST_SECRET = 32  # RFC 2104 section 3: at least the length of the hash, 32 bytes for SHA-256
# A mailbox keeps a mail for long; a link older than this is answered with the one of a newer mail.
LIFETIME = timedelta(days=400)


class TokenError(PermanentError):
    """A token that must not be honoured."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token states. subject_id: the delivery of "unsubscribe", the report of "view".

    expires_at: in whole seconds; at most LIFETIME after the token was made.
    """

    purpose: Purpose
    tenant_id: UUID
    subject_id: UUID
    expires_at: datetime

    @property
    def delivery_id(self) -> UUID:
        """The mail whose recipient stops. Raises TokenError for another purpose."""
        return self._subject_of("unsubscribe")

    @property
    def report_id(self) -> UUID:
        """The report that may be shown. Raises TokenError for another purpose."""
        return self._subject_of("view")

    def _subject_of(self, purpose: Purpose) -> UUID:
        if self.purpose != purpose:
            raise TokenError(f"the link was made for {self.purpose!r} and cannot be used for {purpose!r}")
        return self.subject_id


def sign_token(claims: Claims, secret: str) -> str:
    """A URL-safe token, the same for the same claims. Raises TokenError for a secret that is too short.

    The library states when a token was made, and an age that it may have: it is made LIFETIME before its end.
    """
    body = {"t": claims.tenant_id.hex, "s": claims.subject_id.hex}
    return str(_serializer(secret, claims.purpose, claims.expires_at - LIFETIME).dumps(body))


def verify_token(token: str, secret: str, *, purpose: Purpose, now: datetime) -> Claims:
    """The claims of a token that this secret signed for this purpose and that has not expired; else TokenError.

    The signature is compared in constant time and before anything in the token is used. The message never shows
    which secret or signature was expected.
    """
    serializer = _serializer(secret, purpose, now)
    try:
        # A token is refused from its last second on.
        age_s = int(LIFETIME.total_seconds()) - 1
        body, made_at = serializer.loads(token.encode("utf-8", "replace"), max_age=age_s, return_timestamp=True)
        tenant_id, subject_id = UUID(hex=body["t"]), UUID(hex=body["s"])
    except SignatureExpired as error:
        end = (error.date_signed or now) + LIFETIME
        raise TokenError(f"the link expired on {end:%Y-%m-%d}; use the one in a newer mail") from None
    except BadData:
        message = f"the link was not signed by this installation for {purpose!r}, or was changed on its way"
        raise TokenError(message) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenError("the link is signed but cannot be read; it may come from a newer version") from error
    return Claims(purpose, tenant_id, subject_id, made_at + LIFETIME)


def _serializer(secret: str, purpose: Purpose, moment: datetime) -> URLSafeTimedSerializer:
    """The library's serializer at a given moment, so that the same mail has the same bytes at every attempt."""
    if len(secret.encode()) < SHORTEST_SECRET:
        raise TokenError(f"the token secret is shorter than {SHORTEST_SECRET} bytes: set a longer EARSHOT_TOKEN_SECRET")

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(moment.timestamp())

    keys = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, salt=f"earshot {purpose}", signer=Signer, signer_kwargs=keys)
