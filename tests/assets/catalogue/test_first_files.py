"""The files that a network that is new begins with: whole, true to what was said, and open about what was not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import yaml

from assets.catalogue.files.structure import check
from assets.catalogue.files.yaml_files import read_yaml
from assets.catalogue.first_files import FirstCampaign, FirstEpisode, campaign_text, network_text

BEGINS = datetime(2026, 3, 1, tzinfo=UTC)
EPISODES = [
    FirstEpisode("tides-1", "/1.mp3", 1_000_000, 600.0, datetime(2025, 1, 1, tzinfo=UTC)),
    FirstEpisode("tides-2", "/2.mp3", 1_000_000, 20.0, datetime(2026, 3, 2, 5, tzinfo=UTC)),
    FirstEpisode("tides-3", "/3.mp3", None, None, datetime(2026, 3, 3, tzinfo=UTC)),
]
NOTHING_SAID = FirstCampaign(
    show="tides",
    recipients=["ann@n.example"],
    first=date(2026, 3, 1),
    last=date(2026, 3, 7),
    begins=BEGINS,
    is_ad_invented=True,
    is_flight_invented=True,
)
ALL_SAID = FirstCampaign(
    show="tides",
    recipients=["ann@n.example"],
    first=date(2026, 3, 1),
    last=date(2026, 3, 7),
    begins=BEGINS,
    sponsor="Kettle: & Co",
    campaign="Spring # 1",
    price=Decimal("500.50"),
    booked=2000,
    code="TIDES10",
    start_s=10,
    end_s=40,
)


def test_the_files_are_what_the_catalogue_reads() -> None:
    texts = [
        network_text("north", "North: & Sons", "Europe/Berlin", "EUR", "north/catalogue"),
        campaign_text("north", NOTHING_SAID, EPISODES, "north/catalogue"),
        campaign_text("north", ALL_SAID, EPISODES, "north/catalogue"),
    ]
    for text in texts:
        raws, problems = read_yaml("a.yaml", text)
        entries, wrong = check(raws)
        assert (problems, wrong) == ([], [])
        assert entries


def test_what_nobody_said_is_named_on_top_and_nothing_else() -> None:
    nothing = campaign_text("north", NOTHING_SAID, EPISODES[:1], "north/catalogue")
    for words in (
        "Invented: the names",
        "ran on the days of the log",
        "0 to 30 s",
        "the price",
        "were booked",
        "codes:",
    ):
        assert words in nothing
    told = campaign_text("north", ALL_SAID, EPISODES[:1], "north/catalogue")
    assert [line for line in told.splitlines() if line.startswith("#")] == [
        "# A first campaign. After an edit: earshot catalogue apply north/catalogue",
        "# Reports wait for your approval (needs_approval), so nothing leaves by itself.",
    ]


def test_an_ad_lies_in_files_that_are_measured_and_long_enough_and_airs_from_the_first_day_on() -> None:
    text = campaign_text("north", ALL_SAID, EPISODES, "north/catalogue")
    assert "1 episode(s) have no span below" in text
    content = yaml.safe_load(text)
    assert content["spans"] == [
        {"file": "/1.mp3", "placement": "spring-1-ad", "start": 10, "end": 40},
        {"file": "/2.mp3", "placement": "spring-1-ad", "start": 10, "end": 20},
    ]
    assert [each["aired_at"] for each in content["airings"]] == [
        BEGINS,
        EPISODES[1].published_at,
        EPISODES[2].published_at,
    ]
    (placement,) = content["placements"]
    assert (placement["price"], placement["booked_impressions"], placement["pricing"]) == (500.5, 2000, "cpm")
    assert [each["needs_approval"] for each in content["subscriptions"]] == [True, True]
