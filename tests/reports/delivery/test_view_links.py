"""View links: for one report, for a while, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from reports.delivery.tokens import TokenError, verify_token
from reports.delivery.view_links import ViewLinks

SECRET = "an invented secret of more than thirty-two bytes"
BUILT = datetime(2026, 10, 12, 6, 17, tzinfo=UTC)
TENANT, REPORT = UUID(int=7), UUID(int=11)


def test_a_link_opens_one_report_until_its_end() -> None:
    link = ViewLinks("https://platform.example/reports/", SECRET).link(TENANT, REPORT, BUILT)
    parts = urlsplit(link)
    (token,) = parse_qs(parts.query)["token"]
    claims = verify_token(token, SECRET, purpose="view", now=BUILT)
    assert parts.path == f"/reports/{REPORT}"
    assert (claims.tenant_id, claims.report_id) == (TENANT, REPORT)
    assert BUILT + timedelta(days=370) < claims.expires_at <= BUILT + timedelta(days=400)
    with pytest.raises(TokenError, match="expired"):
        verify_token(token, SECRET, purpose="view", now=BUILT + timedelta(days=400))
    with pytest.raises(TokenError, match="not signed"):
        verify_token(token, SECRET, purpose="unsubscribe", now=BUILT)


def test_a_draft_and_the_later_mail_have_the_same_link() -> None:
    links = ViewLinks("https://platform.example/reports?lang=en", SECRET)
    assert links.link(TENANT, REPORT, BUILT) == links.link(TENANT, REPORT, BUILT + timedelta(days=2, hours=3))
    assert "?lang=en&token=" in links.link(TENANT, REPORT, BUILT)


def test_without_a_secret_a_link_is_plain_and_a_secret_is_not_shown() -> None:
    assert (
        ViewLinks("https://platform.example/r/").link(TENANT, REPORT, BUILT) == f"https://platform.example/r/{REPORT}"
    )
    assert SECRET not in repr(ViewLinks("https://platform.example/r/", SECRET))
