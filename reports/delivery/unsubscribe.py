"""How a recipient stops the mails: a mailbox by default, a signed link where the platform offers an endpoint.

Here: the stop link of one delivery and the headers that go with it.
Not here: the token's format (tokens.py), or what a stop does (suppressions.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from reports.delivery.addresses import clean_address
from reports.delivery.tokens import LIFETIME, Claims, sign_token
from sql.values import PermanentError

LINK_LIFETIME = LIFETIME


@dataclass(frozen=True, slots=True)
class StopLink:
    """What the reader clicks, and what the mail program reads."""

    link: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mails come from and how they are stopped; the same for all tenants of an installation."""

    mail_from: str = "reports@earshot.invalid"
    unsubscribe_url: str | None = None
    token_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        clean_address(self.mail_from)
        if self.unsubscribe_url is None:
            return
        if urlsplit(self.unsubscribe_url).scheme != "https":
            raise PermanentError("EARSHOT_UNSUBSCRIBE_URL must begin with https:// (RFC 8058); unset it for a mailbox")
        if not self.token_secret:
            raise PermanentError("EARSHOT_UNSUBSCRIBE_URL needs EARSHOT_TOKEN_SECRET to sign links; set both or none")


def stop_link(sender: Sender, mailbox: str, tenant_id: UUID, delivery_id: UUID, queued_at: datetime) -> StopLink:
    """The stop link of one delivery. The mail's subject or the token names the delivery, never the person."""
    mail = f"mailto:{clean_address(mailbox)}?subject={quote(f'unsubscribe {delivery_id}')}"
    if sender.unsubscribe_url is None or sender.token_secret is None:
        return StopLink(mail, {"List-Unsubscribe": f"<{mail}>"})
    claims = Claims("unsubscribe", tenant_id, delivery_id, queued_at + LINK_LIFETIME)
    joint = "&" if urlsplit(sender.unsubscribe_url).query else "?"
    link = f"{sender.unsubscribe_url}{joint}{urlencode({'token': sign_token(claims, sender.token_secret)})}"
    headers = {
        "List-Unsubscribe": f"<{link}>, <{mail}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return StopLink(link, headers)
