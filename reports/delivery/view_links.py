"""View links: where a platform shows a report, for the "view online" button.

Here: the link of one report, with a token where a secret is set.
Not here: the token's format and its check (tokens.py), the page itself: Earshot serves none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from reports.delivery.tokens import LIFETIME, Claims, sign_token


@dataclass(frozen=True, slots=True)
class ViewLinks:
    """base_url: the platform's address of reports. token_secret: signs the links; None: they are not signed."""

    base_url: str
    token_secret: str | None = field(default=None, repr=False)

    def link(self, tenant_id: UUID, report_id: UUID, as_of: datetime) -> str:
        """The link of a report: base_url/<report id>, with a token of the purpose "view" where there is a secret.

        It ends LIFETIME after the beginning of as_of's month, so that a draft of the same month has the same link.
        Raises TokenError for a secret that is too short.
        """
        parts = urlsplit(self.base_url)
        page = parts._replace(path=f"{parts.path.rstrip('/')}/{report_id}")
        if self.token_secret is None:
            return page.geturl()
        end = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + LIFETIME
        token = urlencode({"token": sign_token(Claims("view", tenant_id, report_id, end), self.token_secret)})
        return page._replace(query=f"{page.query}&{token}" if page.query else token).geturl()
