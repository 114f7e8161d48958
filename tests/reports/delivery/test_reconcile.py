"""The provider's events: late, twice, in any order, and the same truth in the end."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reports.delivery.outcomes import Verdict
from reports.delivery.reconcile import (
    PROOFS,
    RANKS,
    EventsFound,
    check_signature,
    event_text,
    moved_state,
    read_events,
    reconcile,
)
from sql.values import PermanentError

if TYPE_CHECKING:
    from tests.reports.delivery.conftest import Office

# What no provider sends as a time.
NO_MOMENTS: tuple[Any, ...] = ("soon", 10**30, 1e308, [], -(10**14))
DELIVERY = "7d4fbb7e-8c6b-4a55-9c8a-1f6c8f8f2b10"
Raw = dict[str, Any]


def event(kind: str, delivery: object = DELIVERY, number: int = 1, **more: object) -> Raw:
    return {
        "email": "alex@acme.example",
        "ip": "192.0.2.1",
        "timestamp": 1791806400 + number,
        "event": kind,
        "sg_event_id": f"event-{number}-{kind}",
        "sg_message_id": "id-1.recvd",
        "earshot_delivery": str(delivery),
        **more,
    }


@pytest.fixture
def delivery_id(office: Office) -> str:
    office.queue("alex@acme.example")
    return str(office.column("delivery_id")["alex@acme.example"])


@pytest.fixture
def apply(office: Office, noon: datetime) -> Callable[..., str]:
    """Applies events and says what was done."""

    def run(*raw: Raw) -> str:
        found = read_events(json.dumps(raw))
        return str(reconcile(office.warehouse, found, noon))

    return run


def state_of(office: Office, *, become: str | None = None) -> str:
    if become:
        office.change("UPDATE report_deliveries SET state = %s WHERE tenant_id = %s", become, office.tenant_id)
    return office.states()["alex@acme.example"]


def test_a_mail_in_doubt_gets_its_true_end(office: Office, delivery_id: str, apply: Callable[..., str]) -> None:
    state_of(office, become=str(Verdict.UNKNOWN))
    assert apply(event("delivered", delivery_id)) == "1 delivered; 0 address(es) suppressed"
    assert state_of(office) == "delivered"


def test_a_mail_that_the_provider_took_despite_an_error_is_not_sent_again(
    office: Office, delivery_id: str, apply: Callable[..., str]
) -> None:
    apply(event("processed", delivery_id))
    assert state_of(office) == "accepted"


def test_a_repeated_event_changes_nothing(office: Office, delivery_id: str, apply: Callable[..., str]) -> None:
    apply(event("delivered", delivery_id))
    assert apply(event("delivered", delivery_id)) == "no new events, 1 repeated; 0 address(es) suppressed"
    assert len(office.rows("SELECT 1 FROM delivery_events WHERE tenant_id = %s")) == 1


@pytest.mark.parametrize(
    ("kind", "more", "state", "reason"),
    [
        ("bounce", {"type": "bounce", "reason": "550 no such user"}, "bounced", "bounce"),
        ("bounce", {"type": "blocked", "reason": "greylisted too long"}, "bounced", None),
        ("spamreport", {}, "delivered", "spam_report"),
        ("unsubscribe", {}, "delivered", "unsubscribe"),
        ("dropped", {"reason": "Invalid"}, "dropped", None),
    ],
)
def test_what_stops_further_mail(
    office: Office,
    delivery_id: str,
    apply: Callable[..., str],
    kind: str,
    more: Raw,
    state: str,
    reason: str | None,
) -> None:
    apply(event(kind, delivery_id, **more))
    suppressed = office.rows("SELECT address, reason FROM suppressions WHERE tenant_id = %s")
    assert state_of(office) == state
    assert suppressed == ([("alex@acme.example", reason)] if reason else [])


def test_nothing_personal_is_kept_of_an_event(office: Office, delivery_id: str, apply: Callable[..., str]) -> None:
    apply(event("open", delivery_id, useragent="Mail/1.0"))
    ((payload,),) = office.rows("SELECT payload FROM delivery_events WHERE tenant_id = %s")
    assert not {"email", "ip", "useragent"} & set(payload)
    assert payload["sg_message_id"] == "id-1.recvd"


def test_events_of_others_are_counted_and_left_alone(office: Office, apply: Callable[..., str]) -> None:
    assert apply(event("delivered")) == "no new events, 1 of unknown deliveries; 0 address(es) suppressed"
    foreign = event("delivered")
    del foreign["earshot_delivery"]
    assert read_events(json.dumps([foreign])) == EventsFound([], 1, 0)


@given(st.sampled_from(sorted(RANKS)), st.lists(st.sampled_from(sorted([*PROOFS, "something_new"]))), st.randoms())
def test_the_order_and_repetition_of_events_do_not_matter(state: str, kinds: list[str], chance: Any) -> None:
    def end(order: list[str]) -> str:
        now = state
        for kind in order:
            now = moved_state(now, kind)
        return now

    shuffled = kinds * 2
    chance.shuffle(shuffled)
    assert end(shuffled) == end(kinds)


@pytest.mark.parametrize("state", ["suppressed", "held"])
def test_a_mail_that_never_left_has_no_events(state: str) -> None:
    assert moved_state(state, "delivered") == state


@pytest.mark.parametrize("layout", ["list", "indented list", "lines", "lists in lines"])
def test_an_export_may_be_a_list_or_lines(layout: str) -> None:
    first, second = event("processed"), event("delivered", number=2)
    text = {
        "list": json.dumps([first, second]),
        "indented list": json.dumps([first, second], indent=2),
        "lines": f"{json.dumps(first)}\n{json.dumps(second)}\n",
        "lists in lines": f"{json.dumps([first])}\n{json.dumps([second])}\n",
    }[layout]
    found = read_events(text)
    assert ([each.event for each in found.events], found.foreign, found.bad) == (["processed", "delivered"], 0, 0)


GOOD = json.dumps(event("bounce"))


@pytest.mark.parametrize(
    "bad",
    [
        *("{", '"text"', GOOD[:-9], '{"a":' * 50_000, "9" * 9_000, "no json at all", '{"a": nul}'),
        json.dumps(event("delivered", "no-uuid")),
        *(json.dumps(event("x", timestamp=moment)) for moment in [*NO_MOMENTS, float("inf")]),
    ],
)
@pytest.mark.parametrize("layout", ["[{}, {}]", "{1}\n{0}\n", "[{0}]\n[{1}]\n", "{1}\n{0}"])
def test_what_cannot_be_read_loses_itself_alone(bad: str, layout: str) -> None:
    found = read_events(layout.format(bad, GOOD))
    assert [each.event for each in found.events] == ["bounce"]
    assert found.bad >= 1


@pytest.mark.parametrize("text", ["{", '["text"]', "[" * 100_000 + "x", "no json", GOOD[:-9]])
def test_a_file_without_any_event_that_can_be_read_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="nothing was applied"):
        read_events(text)


@pytest.mark.parametrize("strange", ["\\ud800", "\\u0000", "\x00", "\x07", "\udcff"])
def test_an_event_with_characters_that_cannot_be_kept_stays(strange: str) -> None:
    body = GOOD.replace("bounce", f'bounce", "reason": "a{strange}b').encode("utf-8", "surrogateescape")
    (kept,) = read_events(event_text(body)).events
    assert kept.event == "bounce"
    assert str(kept.payload["reason"]).encode().startswith(b"a")


def test_what_no_database_can_keep_is_left_out_of_an_event(
    office: Office, delivery_id: str, apply: Callable[..., str]
) -> None:
    apply(event("bounce", delivery_id, reason="550 \0 no", type="blo\0cked", more=[{"\0key": "\0"}]))
    ((payload,),) = office.rows("SELECT payload FROM delivery_events WHERE tenant_id = %s")
    assert (payload["reason"], payload["more"]) == ("550  no", [{"key": ""}])
    assert state_of(office) == "bounced"


def test_only_what_the_provider_signed_is_believed() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    body, timestamp = json.dumps([event("delivered")]).encode() + b" \xff", "1791806400"
    signed = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    signature = base64.b64encode(signed).decode()
    check_signature(body, public, signature, timestamp)
    with pytest.raises(PermanentError, match="not what the provider signed"):
        check_signature(body.replace(b"delivered", b"bounce"), public, signature, timestamp)
    with pytest.raises(PermanentError, match="not base64"):
        check_signature(body, "no key", signature, timestamp)
