"""The shows that the reference measures: files of a few bytes, so that they can be counted one by one.

Here: episodes, files, files in parts, and ads, as rows.
Not here: what they are measured by (test_reference.py).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

START = datetime(2026, 11, 2, tzinfo=UTC)

EPISODES: list[Row] = [
    {"tenant_id": tenant, "episode_id": f"{tenant}-{name}", "duration_s": duration, "published_at": published}
    for tenant in ("quayside", "millbrook")
    for name, duration, published in (
        ("long", 600.0, START - timedelta(days=40)),
        ("short", 30.0, START - timedelta(days=40)),
        ("new", None, START + timedelta(hours=5)),
    )
]
MEDIA: list[Row] = [
    {"tenant_id": tenant, "asset_id": f"{tenant}-{name}", "episode_id": f"{tenant}-{episode}", **sizes}
    for tenant in ("quayside", "millbrook")
    for name, episode, sizes in (
        ("long-a", "long", {"file_bytes": 103, "header_bytes": 3, "duration_s": None}),
        ("long-b", "long", {"file_bytes": 90, "header_bytes": 0, "duration_s": 121.5}),
        ("long-c", "long", {"file_bytes": None, "header_bytes": 4, "duration_s": None}),
        ("short-a", "short", {"file_bytes": 40, "header_bytes": 10, "duration_s": None}),
        ("new-a", "new", {"file_bytes": 50, "header_bytes": 60, "duration_s": 100.0}),
        ("new-b", "new", {"file_bytes": 50, "header_bytes": 0, "duration_s": None}),
    )
]
# Parts of files: where each begins in its whole, its size, and its own header.
PARTS = {
    "long-a-init": (0, 3, 3),
    "long-a-1": (3, 30, 0),
    "long-a-2": (33, 45, 2),
    "long-a-3": (78, 40, 0),
    "long-c-1": (0, 12, 0),
    "long-c-2": (10, 20, 0),
}
MEDIA += [
    {
        "tenant_id": "quayside",
        "asset_id": f"quayside-{name}",
        "episode_id": "quayside-long",
        "duration_s": None,
        "part_of": f"quayside-{name[:6]}",
        "part_offset_bytes": at,
        "file_bytes": size,
        "header_bytes": header,
    }
    for name, (at, size, header) in PARTS.items()
]
SEGMENTS: list[Row] = [
    {"first_byte": 5, "last_byte": 14, "segment_no": 1, "placement_id": "p1", "position": "pre"},
    {"first_byte": 30, "last_byte": 34, "segment_no": 2, "placement_id": "p2", "position": "mid"},
    {"first_byte": 60, "last_byte": 64, "segment_no": 3, "placement_id": "p1", "position": "post"},
    {"first_byte": 100, "last_byte": 110, "segment_no": 4, "placement_id": "p3", "position": "post"},
]
