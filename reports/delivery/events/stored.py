"""One stored request of the provider's webhook: its form, and whether it is to be believed.

Here: writing and reading the form, the signature and the age.
Not here: where stored requests lie (sources.py), what their events mean (delivery/reconcile.py).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sendgrid.helpers.eventwebhook import EventWebhookHeader

from reports.delivery.addresses import header_text
from reports.delivery.reconcile import check_signature
from sql.safety.private import private_folder, write_private
from sql.values import PermanentError

# The provider sends up to 768 kB in a request.
MOST_BYTES = 4_000_000
# Clocks differ a little.
AHEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What came in: the two headers that sign it, and the body. timestamp: Unix seconds, as the header has them."""

    signature: str
    timestamp: str
    body: bytes

    def check(self, public_key: str, max_age: timedelta, now: datetime) -> None:
        """Raises PermanentError unless the provider signed exactly this, no longer ago than max_age."""
        try:
            check_signature(self.body, public_key, self.signature, self.timestamp)
        except PermanentError as error:
            raise PermanentError(
                f"{error}. Another account's key in SENDGRID_WEBHOOK_KEY, or a body that was changed, does this too"
            ) from None
        signed_at = datetime.fromtimestamp(int(self.timestamp), UTC)
        if signed_at < now - max_age:
            raise PermanentError(
                f"it was signed on {signed_at:%Y-%m-%d %H:%M} UTC, more than {max_age / timedelta(hours=1):g} hours "
                "ago (EARSHOT_EVENTS_MAX_AGE_H): nothing was applied. To have it read all the same, raise that and "
                "touch the file"
            )
        if signed_at > now + AHEAD:
            raise PermanentError(
                f"it was signed on {signed_at:%Y-%m-%d %H:%M} UTC, which is yet to come: compare clocks"
            )


def read_request(content: bytes) -> StoredRequest:
    """The request in one stored file or line. Raises PermanentError for another form; nothing of it is shown."""
    if len(content) > MOST_BYTES:
        raise PermanentError(f"it is longer than {MOST_BYTES:,} bytes: no request of the provider is")
    try:
        stored = json.loads(content)
        headers = {str(name).lower(): _one(value) for name, value in dict(stored["headers"]).items()}
        body = base64.b64decode(stored["body_base64"], validate=True)
        signature = headers[EventWebhookHeader.SIGNATURE.lower()]
        timestamp = headers[EventWebhookHeader.TIMESTAMP.lower()]
    except KeyError as error:
        raise PermanentError(f"it lacks {header_text(str(error), 80)}: nothing was applied") from None
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise PermanentError(
            f"it is no stored request (headers and body_base64 in one JSON object; {type(error).__name__}): nothing "
            "was applied"
        ) from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise PermanentError("its timestamp is no number of seconds: nothing was applied")
    return StoredRequest(signature, timestamp, body)


def store_request(folder: Path, headers: Mapping[str, str], body: bytes) -> Path:
    """What an endpoint in Python calls with a request as it came, before it answers. Returns the file.

    Only the two headers of the signature are kept. The file is whole once it has its name; the same request twice is
    one file.
    """
    wanted = {EventWebhookHeader.SIGNATURE.lower(), EventWebhookHeader.TIMESTAMP.lower()}
    signature = {name: value for name, value in headers.items() if name.lower() in wanted}
    if {name.lower() for name in signature} != wanted:
        raise PermanentError("the request is not signed: switch the signed event webhook on in the provider's settings")
    content = json.dumps({"headers": signature, "body_base64": base64.b64encode(body).decode()})
    name = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
    moment = next(value for key, value in signature.items() if key.lower() == EventWebhookHeader.TIMESTAMP.lower())
    stamp = moment if moment.isascii() and moment.isdigit() and len(moment) <= 11 else "0"
    return write_private(private_folder(folder, tighten=False) / f"{stamp}-{name}.json", content)


def _one(value: Any) -> str:
    """The value of a header; some frameworks keep a list of them."""
    return str(value[0] if isinstance(value, list) and len(value) == 1 else value).strip()
