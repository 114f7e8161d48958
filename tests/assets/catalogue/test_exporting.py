"""What is written of a catalogue is found again without a difference, in YAML and in CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.catalogue.comparing import CataloguePlan, compare
from assets.catalogue.exporting import csv_text, items_of, yaml_text
from assets.catalogue.files.csv_files import read_csv
from assets.catalogue.files.entries import Problem, Raw
from assets.catalogue.files.structure import check
from assets.catalogue.files.yaml_files import read_yaml
from assets.catalogue.kinds import KINDS
from assets.catalogue.resolving import Resolver
from assets.catalogue.state import State, build_state

TENANT = UUID(int=1)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

# Words that a file could take for something else, and letters of every kind that one line may have.
TITLES = st.one_of(
    st.sampled_from(
        ["no", "12:30", "2026-03-01", "0123", "- a", "a: b", "#1", "'", '"', "yes", "1e3", "é ü", "日本", "[x]"]
    ),
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\x85"), min_size=1, max_size=12),
).filter(lambda text: text not in ("null", "~", "Null", "NULL"))
MOMENTS = st.integers(0, 10**8).map(lambda seconds: NOON + timedelta(seconds=seconds))
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def uid(kind: int, number: int) -> UUID:
    return UUID(int=kind * 1000 + number)


@st.composite
def catalogues(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """The rows of a tenant, each kind with one to three."""
    count = st.integers(1, 3)
    shows = [
        {"podcast_id": uid(1, n), "slug": f"show{n}", "title": draw(TITLES), "language": "en"}
        for n in range(draw(count))
    ]
    episodes = [
        {
            "episode_id": uid(2, n),
            "podcast_id": draw(st.sampled_from(shows))["podcast_id"],
            "guid": f"guid-{n}",
            "title": draw(TITLES),
            "number": draw(maybe(st.integers(1, 99))),
            "published_at": draw(MOMENTS),
            "duration_s": draw(maybe(st.floats(0.001, 1e5))),
        }
        for n in range(draw(count))
    ]
    files = [
        {
            "asset_id": uid(3, n),
            "path": f"/{draw(TITLES)}/{n}.mp3",
            "episode_id": draw(st.sampled_from(episodes))["episode_id"],
            "file_bytes": draw(maybe(st.integers(1, 10**9))),
            "header_bytes": draw(st.integers(0, 9000)),
            "duration_s": None,
            "bitrate_bps": None,
            "part_of": None,
            "part_offset_bytes": None,
        }
        for n in range(draw(count))
    ]
    sponsors = [{"sponsor_id": uid(4, n), "name": draw(TITLES)} for n in range(draw(count))]
    campaigns = [
        {
            "campaign_id": uid(5, n),
            "sponsor_id": draw(st.sampled_from(sponsors))["sponsor_id"],
            "name": draw(TITLES),
            "starts_on": date(2026, 3, 1),
            "ends_on": date(2026, 3, 31),
            "goal_kind": "purchase",
            "currency": draw(st.sampled_from(["EUR", "JPY", "KWD"])),
            "margin": draw(maybe(st.decimals(0, 1, places=3))),
            "stage": "live",
            "target_cpa_minor": draw(maybe(st.integers(1, 10**9))),
            "target_roas": None,
        }
        for n in range(draw(count))
    ]
    orders = [
        {
            "insertion_order_id": uid(6, n),
            "number": f"IO {n}",
            "campaign_id": draw(st.sampled_from(campaigns))["campaign_id"],
            "signed_on": draw(maybe(DAYS)),
        }
        for n in range(draw(count))
    ]
    placements = [
        {
            "placement_id": uid(7, n),
            "insertion_order_id": draw(st.sampled_from(orders))["insertion_order_id"],
            "campaign_id": draw(st.sampled_from(campaigns))["campaign_id"],
            "podcast_id": draw(st.sampled_from(shows))["podcast_id"],
            "name": draw(TITLES),
            "kind": "baked_in",
            "position": "mid",
            "pricing": "cpm",
            "booked_impressions": draw(maybe(st.integers(1, 10**6))),
            "cost_minor": draw(maybe(st.integers(0, 10**10))),
            "flight_start": date(2026, 3, 1),
            "flight_end": date(2026, 3, 31),
        }
        for n in range(draw(count))
    ]
    return {
        "tenants": [
            {"tenant_id": TENANT, "slug": "harbor", "name": draw(TITLES), "currency": "EUR", "recipient_domains": []}
        ],
        "shows": shows,
        "episodes": episodes,
        "files": files,
        "sponsors": sponsors,
        "campaigns": campaigns,
        "attribution": [
            {"campaign_id": uid(5, 0), "version": 3, "window_days": Decimal("14.5"), "include_clicks": True}
        ],
        "orders": orders,
        "placements": placements,
        "airings": [{"placement_id": uid(7, 0), "episode_id": uid(2, 0), "aired_at": draw(MOMENTS)}],
        "spans": [
            {
                "asset_id": uid(3, 0),
                "segment_no": n,
                "placement_id": draw(maybe(st.just(uid(7, 0)))),
                "first_byte": n * 1000,
                "last_byte": n * 1000 + draw(st.integers(0, 999)),
                "position": "mid",
                "insertion": "dynamic",
            }
            for n in range(draw(count))
        ],
        "codes": [
            {
                "promo_code_id": uid(8, n),
                "code": f"save{draw(st.integers(0, 1))}",
                "placement_id": uid(7, 0),
                "sponsor_id": uid(4, 0),
                "kind": "code",
                "valid_from": NOON + timedelta(days=10 * n),
                "valid_until": NOON + timedelta(days=10 * n + 5),
            }
            for n in range(draw(count))
        ],
        "subscriptions": [
            {
                "subscription_id": uid(9, 0),
                "sponsor_id": uid(4, 0),
                "campaign_id": draw(maybe(st.just(uid(5, 0)))),
                "cadence": "weekly",
                "recipients": draw(st.sampled_from([[], ["ann@kettle.example"], ["a@b.example", "c@d.example"]])),
                "locale": draw(maybe(st.just("de_DE"))),
                "empty_policy": "send",
                "needs_approval": draw(st.booleans()),
                "owner_address": None,
                "active": draw(st.booleans()),
            }
        ],
        "inclusions": [{"network": "192.0.2.0/24", "reason": draw(TITLES), "validated_at": draw(MOMENTS)}],
    }


def plan_of(state: State, raws: Sequence[Raw], problems: Sequence[Problem]) -> CataloguePlan:
    assert list(problems) == []
    entries, wrong = check(raws)
    resolver = Resolver(state)
    wanted = resolver.resolve(entries)
    assert (wrong, resolver.problems) == ([], [])
    return compare(state, wanted, prune=True)


def state_of(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> State:
    return build_state(TENANT, "harbor", rows, [])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(catalogues())
def test_a_written_catalogue_changes_nothing(rows: dict[str, list[dict[str, Any]]]) -> None:
    state = state_of(rows)
    lists = {kind.name: items_of(state, kind) for kind in KINDS.values()}
    text = yaml_text(lists, "harbor")
    plan = plan_of(state, *read_yaml("harbor.yaml", text))
    assert plan.changes == ()
    tables = [read_csv(f"{name}.csv", csv_text(name, items)) for name, items in lists.items() if items]
    raws, problems = [raw for found, _ in tables for raw in found], [each for _, wrong in tables for each in wrong]
    assert plan_of(state, raws, problems).changes == ()


def test_what_is_not_known_is_left_out_and_amounts_are_those_of_the_currency() -> None:
    rows = {
        "sponsors": [{"sponsor_id": uid(4, 0), "name": "Kettle & Co"}],
        "campaigns": [
            {
                "campaign_id": uid(5, 0),
                "sponsor_id": uid(4, 0),
                "name": "Spring",
                "currency": "JPY",
                "margin": None,
                "target_cpa_minor": 2500,
            }
        ],
    }
    assert items_of(state_of(rows), KINDS["campaigns"]) == [
        {"id": "spring", "sponsor": "kettle-co", "name": "Spring", "currency": "JPY", "target_cpa": Decimal(2500)}
    ]
