"""What a log says about itself."""

from __future__ import annotations

import polars as pl

from assets.importing.checks.notices import Notices
from tests.assets.importing.test_events import MEDIA, combined, make


def test_a_log_without_anything_odd_says_nothing() -> None:
    notices = Notices()
    notices.add(make([combined()]).events)

    assert list(notices.sentences(MEDIA)) == []


def test_private_addresses_parts_without_place_and_paths_are_counted_over_batches() -> None:
    notices = Notices()
    lines = [
        combined(address="10.0.0.7"),
        combined(1, address="10.0.0.7"),
        combined(address="unknown"),
        combined(path="/harbour-hours/041-the-lock-keper.mp3"),
        combined().replace('" 200 10', '" 206 10'),
        combined().replace('" 200 10', '" 206 10') + ' "bytes=0-9"',
    ]
    for line in lines:
        notices.add(make([line]).events)

    private, unplaced, unmatched = notices.sentences(MEDIA)
    assert "2 requests come from 1 private addresses, most from 10.0.0.7 (2)" in private
    assert "--trusted-proxy" in private
    assert unplaced.startswith("1 answers are a part of a file and do not say which")
    assert unmatched == (
        "1 requests for /harbour-hours/041-the-lock-keper.mp3, which is not in the catalogue; the nearest there is "
        "/harbour-hours/041-the-lock-keeper.mp3"
    )


def test_paths_that_scanners_make_up_do_not_fill_the_memory() -> None:
    notices = Notices()
    events = make([combined(path="/wp-login.php")]).events
    data = [f'{{"path":"/{number}"}}' for number in range(120_000)]
    many = events.select(pl.all().sample(120_000, with_replacement=True)).with_columns(event_data=pl.Series(data))
    notices.add(many)

    assert len(notices.unmatched) == 50_000
