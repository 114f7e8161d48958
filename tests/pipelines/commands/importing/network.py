"""A network whose logs are imported: its rows.

Here: one tenant with a show of two episodes, and sources of its logs.
Not here: logs (docs/examples), the fixture (conftest.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

from assets.importing.sources.configured import Source
from assets.importing.sources.places import Place
from sql.warehouse import Warehouse

TENANT = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6a001")
PODCAST = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6b001")
EPISODES = [UUID(f"6f1c1a34-0d5e-4a53-9a2e-5a6de1f6c{number:03}") for number in (40, 41)]
PATHS = ["/harbour-hours/040-ferry days.mp3", "/harbour-hours/041-the-lock-keeper.mp3"]
PUBLISHED = datetime(2026, 10, 1, 4, tzinfo=UTC)


def source_at(place: Place | Path, **changes: Any) -> Source:
    """A source of the tenant's logs, in the combined format if nothing else is said."""
    usual: dict[str, Any] = {
        "tenant": TENANT,
        "tenant_slug": "north",
        "name": "cdn",
        "kind": "requests",
        "place": place if isinstance(place, Place) else Place(str(place)),
        "format_name": "combined",
        "entered_by": "ann",
    }
    return Source(**(usual | changes))


def fill_network(warehouse: Warehouse) -> None:
    """One tenant with a show of two episodes."""
    ids = [TENANT.bytes, TENANT.bytes]
    episodes = [each.bytes for each in EPISODES]
    warehouse.insert(
        "tenants", pl.DataFrame({"tenant_id": ids[:1], "slug": ["north"], "name": ["North"], "brand_name": ["North"]})
    )
    warehouse.insert(
        "podcasts",
        pl.DataFrame(
            {
                "tenant_id": ids[:1],
                "podcast_id": [PODCAST.bytes],
                "slug": ["harbour-hours"],
                "title": ["Harbour Hours"],
            }
        ),
    )
    warehouse.insert(
        "episodes",
        pl.DataFrame(
            {
                "tenant_id": ids,
                "episode_id": episodes,
                "podcast_id": [PODCAST.bytes] * 2,
                "guid": ["7d0c2a1e-6c1e-11ef-8f41-3b5e7a9c0d40", "7d0c2a1e-6c1e-11ef-8f41-3b5e7a9c0d41"],
                "title": ["Ferry days", "The lock keeper"],
                "published_at": [PUBLISHED] * 2,
            }
        ),
    )
    warehouse.insert(
        "media_assets",
        pl.DataFrame(
            {
                "tenant_id": ids,
                "asset_id": episodes,
                "episode_id": episodes,
                "path": PATHS,
                "file_bytes": [19_200_000, 28_411_200],
                "duration_s": [1920.0, 2840.0],
            }
        ),
    )
