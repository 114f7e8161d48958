"""Small states and entries for the tests of the catalogue's rooms. Here: making them. Not here: assertions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from assets.catalogue.comparing import CataloguePlan, Wanted, compare
from assets.catalogue.files.entries import Problem
from assets.catalogue.files.structure import check
from assets.catalogue.files.yaml_files import read_yaml
from assets.catalogue.resolving import Resolver
from assets.catalogue.state import State, build_state

TENANT = UUID(int=1)
SHOW, EPISODE, FILE, SPONSOR, CAMPAIGN, ORDER, PLACEMENT, CODE = (UUID(int=number) for number in range(10, 18))
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "tenants": [{"tenant_id": TENANT, "slug": "harbor", "name": "Harbor", "currency": "EUR"}],
    "shows": [{"podcast_id": SHOW, "slug": "tides", "title": "Tides", "language": "en"}],
    "episodes": [
        {
            "episode_id": EPISODE,
            "podcast_id": SHOW,
            "guid": "g-1",
            "title": "Low water",
            "published_at": NOON,
            "duration_s": 3600.0,
        }
    ],
    "files": [
        {"asset_id": FILE, "path": "/1.mp3", "episode_id": EPISODE, "file_bytes": 3_601_000, "header_bytes": 1000}
    ],
    "sponsors": [{"sponsor_id": SPONSOR, "name": "Kettle & Co"}],
    "campaigns": [
        {
            "campaign_id": CAMPAIGN,
            "sponsor_id": SPONSOR,
            "name": "Spring",
            "starts_on": date(2026, 3, 1),
            "ends_on": date(2026, 3, 31),
            "currency": "EUR",
        }
    ],
    "orders": [{"insertion_order_id": ORDER, "number": "IO-1", "campaign_id": CAMPAIGN}],
    "placements": [
        {
            "placement_id": PLACEMENT,
            "insertion_order_id": ORDER,
            "campaign_id": CAMPAIGN,
            "podcast_id": SHOW,
            "name": "Host read",
            "kind": "baked_in",
            "position": "pre",
            "cost_minor": 9000,
        }
    ],
    "codes": [
        {
            "promo_code_id": CODE,
            "code": "save10",
            "placement_id": PLACEMENT,
            "sponsor_id": SPONSOR,
            "kind": "code",
            "valid_from": None,
            "valid_until": None,
        }
    ],
}


def state(rows: Mapping[str, Sequence[Mapping[str, Any]]] = ROWS) -> State:
    return build_state(TENANT, "harbor", rows, [])


def resolved(text: str, before: State | None = None) -> tuple[list[Wanted], list[Problem]]:
    """What a YAML text wants of a tenant, and what is wrong with it."""
    raws, problems = read_yaml("f.yaml", text)
    entries, wrong = check(raws)
    resolver = Resolver(before or state())
    wanted = resolver.resolve(entries)
    return wanted, [*problems, *wrong, *resolver.problems]


def planned(text: str, *, prune: bool = False, before: State | None = None) -> CataloguePlan:
    """The plan of a YAML text that is right."""
    own = before or state()
    wanted, problems = resolved(text, own)
    assert problems == []
    return compare(own, wanted, prune=prune)
