"""The vectorised measurement against the rules written down one row and one byte at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from assets.listening import Method, count_downloads, dispose, find_delivered_ads, index_catalogue, qualify_requests
from tests.assets.listening.reference_show import EPISODES, MEDIA, PARTS, SEGMENTS, START, Row

Frames = Callable[..., pl.DataFrame]

METHOD = Method(assumed_minute=25)


def expect_verdict(row: Row, crowds: set[tuple[Any, ...]]) -> str | None:
    """Rules 0 to 13, read off the definition."""
    start, end = row["range_start"], row["range_end"]
    is_prefix = row["source"] == "prefix"
    agent = row["user_agent"] or ""
    redirects = (301, 302, 307, 308) if is_prefix else ()
    if row["source"] == "client" or row["event_type"] not in ("download", "stream"):
        return "not_a_request"
    if row["household_key"] is None or (start is None and end is not None) or (row["bytes_sent"] or 0) < 0:
        return "malformed"
    if start is not None and (start < 0 or (end is not None and end < start)):
        return "malformed"
    if row["http_method"] not in ("GET", None):
        return "method_not_get"
    if row["http_status"] == 304:
        return "not_modified"
    if row["http_status"] not in (None, 200, 206, *redirects):
        return "status_not_ok"
    if not is_prefix and (start, end) == (0, 1):
        return "range_probe"
    if not agent.strip():
        return "no_user_agent"
    if (agent.startswith("atc/") and "watchOS" in agent) or "(null)/(null) watchOS" in agent:
        return "watch_duplicate"
    if row["is_bot"]:
        return "bot_agent"
    if row["is_data_centre"] and not row["on_inclusion_list"]:
        return "datacenter_ip"
    if (row["tenant_id"], row["household_key"], row["occurred_at"].date()) in crowds and not row["on_inclusion_list"]:
        return "suspect_ip"
    return expect_late_verdict(row)


def expect_late_verdict(row: Row) -> str | None:
    tenant = row["tenant_id"]
    episode = next((e for e in EPISODES if (e["tenant_id"], e["episode_id"]) == (tenant, row["episode_id"])), None)
    file = next((m for m in MEDIA if (m["tenant_id"], m["asset_id"]) == (tenant, row["asset_id"])), None)
    stands_for = episode or (file and next(e for e in EPISODES if e["episode_id"] == file["episode_id"]))
    if row["is_bad_referrer"]:
        return "bad_referrer"
    if stands_for and row["occurred_at"] < stands_for["published_at"]:
        return "pre_release"
    if (row["episode_id"] and not episode) or (row["asset_id"] and not file) or not stands_for:
        return "unknown_asset"
    if file and file["episode_id"] != stands_for["episode_id"]:
        return "unknown_asset"
    own = [m for m in MEDIA if m["episode_id"] == stands_for["episode_id"] and not m.get("part_of")]
    file = own[0] if row["asset_id"] is None and len(own) == 1 else file
    whole = file and file.get("part_of")
    row["episode"], row["asked"] = stands_for, file
    row["file"] = next(m for m in MEDIA if m["asset_id"] == whole) if whole else file
    return None


def named(row: Row) -> Any:
    """The episode that a row is about, by its own id or by its file's; of an unknown one the name it has."""
    result = tuple((row["tenant_id"], row[name]) for name in ("episode_id", "asset_id"))
    owner = next((e["episode_id"] for e in EPISODES if (e["tenant_id"], e["episode_id"]) == result[0]), None)
    of_file = next((m["episode_id"] for m in MEDIA if (m["tenant_id"], m["asset_id"]) == result[1]), None)
    return owner or of_file or result


def find_crowds(rows: list[Row], limit: int) -> set[tuple[Any, ...]]:
    pairs: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        if limit and not row["on_inclusion_list"] and expect_verdict(dict(row), set()) not in EARLY:
            who = (row["tenant_id"], row["household_key"], row["occurred_at"].date())
            pairs.setdefault(who, set()).add((named(row), row["user_agent"]))
    return {who for who, seen in pairs.items() if len(seen) > limit}


EARLY = {
    "not_a_request",
    "malformed",
    "method_not_get",
    "not_modified",
    "status_not_ok",
    "range_probe",
    "no_user_agent",
    "watch_duplicate",
    "bot_agent",
    "datacenter_ip",
}


def received_bytes(row: Row) -> set[int]:
    """The bytes of the file that a request received, one by one; those of a part where they lie in the whole."""
    file = row["file"] or {"file_bytes": None, "header_bytes": 0}
    requested = row["asked"] or file
    offset = requested.get("part_offset_bytes", 0)
    size, sent = requested["file_bytes"], row["bytes_sent"]
    is_whole = row["http_status"] == 200 or (row["http_status"] == 206 and None not in (sent, size) and sent >= size)
    start = row["range_start"] if row["range_start"] is not None else (0 if is_whole else None)
    if start is None or row["source"] == "prefix":
        return set()
    ends = [end for end in (row["range_end"], None if size is None else size - 1) if end is not None]
    if sent is not None:
        ends.append(start + sent - 1)
    last = min(ends) if ends else max(start, file["header_bytes"]) + METHOD.assumed_minute - 1
    moved = range(offset + start, offset + last + 1)
    return {byte for byte in moved if file["file_bytes"] is None or byte < file["file_bytes"]}


def bytes_without_place(row: Row) -> int:
    """The content of an answer with a part of a file that does not say which part."""
    file = row["file"] or {"file_bytes": None, "header_bytes": 0}
    requested = row["asked"] or file
    size, sent = requested["file_bytes"], row["bytes_sent"]
    is_part = row["http_status"] == 206 and row["range_start"] is None and row["source"] != "prefix"
    if not is_part or not sent or (size is not None and sent >= size):
        return 0
    return int(max(0, sent - max(0, header_end(row) - requested.get("part_offset_bytes", 0))))


def header_end(row: Row) -> int:
    """The first byte of the file that is behind its header, and behind that of the part that was asked for."""
    whole, requested = row["file"], row["asked"]
    if not whole or not requested:
        return 0
    return int(max(whole["header_bytes"], requested.get("part_offset_bytes", 0) + requested["header_bytes"]))


def minute_of(row: Row) -> int:
    file = row["file"]
    if file is None or file["file_bytes"] is None:
        return METHOD.assumed_minute
    duration = file["duration_s"] or row["episode"]["duration_s"]
    content = file["file_bytes"] - file["header_bytes"]
    return int(max(1, content if duration is None or duration < 60 else math.ceil(60 * content / duration)))


def cut(rows: list[Row], window: str) -> list[list[Row]]:
    """The groups of one consumer and episode; rows are in order."""
    groups: list[list[Row]] = []
    for row in rows:
        now = row["occurred_at"]
        first, last = (groups[-1][0]["occurred_at"], groups[-1][-1]["occurred_at"]) if groups else (None, None)
        same_day = first is not None and first.date() == now.date()
        within = {
            "calendar_day": same_day,
            "first_touch": first is not None and now - first < timedelta(hours=24),
            "last_touch": last is not None and now - last < timedelta(hours=24),
        }
        if within[window]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def qualify(group: list[Row]) -> Row | None:
    """Give each row of a group its disposition; the download, if it is one."""
    midnight = group[0]["occurred_at"].replace(hour=0, minute=0, second=0, microsecond=0)
    covered: dict[Any, set[int]] = {}
    content: dict[Any, set[int]] = {}
    most: dict[Any, int] = {}
    reached = None
    for number, row in enumerate(group):
        is_open = row["occurred_at"] < midnight + timedelta(hours=72)
        file = row["file"]["asset_id"] if row["file"] else None
        new = received_bytes(row) if is_open else set()
        covered.setdefault(file, set()).update(new)
        before = max(len(content.setdefault(file, set())), most.setdefault(file, 0))
        content[file].update(byte for byte in new if byte >= header_end(row))
        row["placeless"] = bytes_without_place(row) if is_open else 0
        most[file] = max(most[file], row["placeless"])
        row["adds"] = max(len(content[file]), most[file]) > before
        enough = row["source"] == "prefix" or max(len(content[file]), most[file]) >= minute_of(row)
        if reached is None and is_open and enough:
            reached = number
    for number, row in enumerate(group):
        if reached is None:
            row["disposition"] = "below_threshold"
        elif number == 0:
            row["disposition"] = "counted"
        elif number <= reached and (row["adds"] or number == reached):
            row["disposition"] = "contributed"
        else:
            row["disposition"] = "duplicate"
    if reached is None:
        return None
    last = group[reached]
    file = last["file"]["asset_id"] if last["file"] else None
    measured = last["source"] != "prefix"
    of_file = [row for row in group if (row["file"]["asset_id"] if row["file"] else None) == file]
    return {
        "event_id": group[0]["event_id"],
        "qualified_at": last["occurred_at"],
        "covered_bytes": max(len(content[file]), most[file]) if measured else None,
        "is_range_assumed": measured
        and any(row["adds"] and (row["bytes_sent"] is None or row["placeless"]) for row in of_file),
        "ads": sorted(expect_ads(covered)),
    }


def expect_ads(covered: dict[Any, set[int]]) -> set[tuple[str, int]]:
    ads = set()
    for file, received in covered.items():
        turns: dict[str, int] = {}
        for segment in SEGMENTS if file and file.endswith(("long-a", "long-c")) else []:
            turn = turns.get(segment["placement_id"], 0)
            turns[segment["placement_id"]] = turn + 1
            if set(range(segment["first_byte"], segment["last_byte"] + 1)) <= received:
                ads.add((segment["placement_id"], turn))
    return ads


def expect(rows: list[Row], windows: dict[str, str], limit: int) -> tuple[dict[str, str], dict[str, Row]]:
    rows = [dict(row) for row in rows]
    crowds = find_crowds(rows, limit)
    pairs: dict[tuple[Any, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda each: (each["occurred_at"], each["event_id"])):
        row["disposition"] = expect_verdict(row, crowds)
        if row["disposition"] is None:
            pairs.setdefault((row["tenant_id"], row["consumer_key"], row["episode"]["episode_id"]), []).append(row)
    downloads = {}
    for (tenant, *_), of_pair in pairs.items():
        for group in cut(of_pair, windows[tenant]):
            download = qualify(group)
            if download:
                downloads[download["event_id"]] = download
    return {row["event_id"]: row["disposition"] for row in rows}, downloads


@cache
def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value nearly always, so that most rows come as far as the threshold."""
    return st.sampled_from((usual,) * 24 + others)


# Made once, as those above are: making a strategy for each value of each row takes as long as measuring the rows.
STARTS = st.one_of(st.none(), st.integers(0, 110), st.integers(0, 40))
HOURS = st.integers(0, 24) | st.integers(0, 110)
BYTES = st.none() | st.integers(0, 120)


@st.composite
def raw_rows(draw: st.DrawFn, count: int = 30) -> list[Row]:
    number = draw(st.integers(0, count) | st.just(count))
    rows = []
    for place in range(number):
        tenant = draw(mostly("quayside", "millbrook", "millbrook"))
        of = draw(mostly("long", "short", "new"))
        name = draw(mostly(f"{of}-a", f"{of}-b", "long-b", "long-c", *PARTS, None))
        start = draw(STARTS)
        length = draw(st.integers(0, 9) if draw(st.booleans()) else st.integers(0, 60))
        household = draw(mostly(1, 2, 2, None))
        rows.append(
            {
                "tenant_id": tenant,
                "event_id": f"e{place:03}",
                "occurred_at": START + timedelta(hours=draw(HOURS), minutes=draw(st.sampled_from((0, 15)))),
                "source": draw(mostly("server_log", "prefix", "client")),
                "event_type": draw(mostly("download", "stream", "listen_start")),
                "episode_id": draw(mostly(f"{tenant}-{of}", None, "lost", f"{tenant}-short")),
                "asset_id": None if name is None else draw(mostly(f"{tenant}-{name}", "lost")),
                "http_method": draw(mostly("GET", "HEAD", None)),
                "http_status": draw(mostly(206 if start is not None else 200, *[206] * 8, 304, 302, 404, None)),
                "range_start": start,
                "range_end": None if start is None else draw(mostly(start + length, None, 1, -1)),
                "bytes_sent": draw(BYTES if draw(st.booleans()) else mostly(4, None, 12, -1)),
                "user_agent": draw(mostly("Overcast/3.0", "AntennaPod/3", "", None, "atc/1.0 watchOS/10")),
                "consumer_key": household,
                "household_key": household,
                "is_bot": draw(mostly(False, True)),
                "is_data_centre": draw(mostly(False, True)),
                "on_inclusion_list": draw(mostly(False, True)),
                "is_bad_referrer": draw(mostly(False, True)),
            }
        )
        if start is None:
            rows[-1]["range_end"] = draw(mostly(None, 9))
    return rows


windows = st.fixed_dictionaries(
    {name: st.sampled_from(["calendar_day", "first_touch", "last_touch"]) for name in ("quayside", "millbrook")}
)
modest = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Show:
    """The frames of the reference show, ready to measure rows with."""

    def __init__(self, requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> None:
        self.requests, self.methods = requests, methods
        self.episodes, self.media = episodes(EPISODES), media(MEDIA)

    def method_frame(self, chosen: dict[str, str], limit: int) -> pl.DataFrame:
        return self.methods(
            *({"tenant_id": name, "download_window": window, "suspect_pairs": limit} for name, window in chosen.items())
        )

    def dispose(self, rows: list[Row], chosen: dict[str, str], limit: int = 500) -> pl.DataFrame:
        return dispose(self.requests(*rows), self.episodes, self.media, self.method_frame(chosen, limit), METHOD)


@pytest.fixture(scope="module")
def show(requests: Frames, episodes: Frames, media: Frames, methods: Frames) -> Show:
    return Show(requests, episodes, media, methods)


@modest
@given(rows=raw_rows(), chosen=windows, limit=st.sampled_from([0, 1, 2, 500]))
def test_every_row_gets_the_disposition_of_the_definition(
    show: Show, rows: list[Row], chosen: dict[str, str], limit: int
) -> None:
    expected, _ = expect(rows, chosen, limit)
    found = show.dispose(rows, chosen, limit)
    assert found.height == len(rows)
    assert dict(found.select("event_id", "disposition").iter_rows()) == expected


@modest
@given(rows=raw_rows(), chosen=windows)
def test_downloads_and_their_ads_are_those_of_the_definition(
    show: Show, rows: list[Row], chosen: dict[str, str]
) -> None:
    _, expected = expect(rows, chosen, 500)
    catalogue = index_catalogue(show.episodes, show.media, show.method_frame(chosen, 500), METHOD)
    segments = pl.DataFrame(
        [
            {"tenant_id": m["tenant_id"], "asset_id": m["asset_id"], **segment}
            for m in MEDIA
            if m["asset_id"].endswith(("long-a", "long-c"))
            for segment in SEGMENTS
        ]
    ).with_columns(insertion=pl.lit("dynamic"), campaign_id=pl.lit("c"), sponsor_id=pl.lit("s"))
    _, candidates = qualify_requests(show.requests(*rows), catalogue, METHOD)
    downloads = count_downloads(candidates, catalogue)
    ads = find_delivered_ads(candidates, downloads, segments, catalogue)
    assert ads["exposure_id"].n_unique() == ads.height
    assert ads.height == sum(len(each["ads"]) for each in expected.values())
    found = {row["event_id"]: row for row in downloads.iter_rows(named=True)}
    assert found.keys() == expected.keys()
    for event, download in expected.items():
        assert found[event]["qualified_at"] == download["qualified_at"]
        assert found[event]["covered_bytes"] == download["covered_bytes"]
        assert found[event]["is_range_assumed"] == download["is_range_assumed"]


@modest
@given(rows=raw_rows(), chosen=windows, random=st.randoms(use_true_random=False))
def test_the_order_of_the_raw_rows_changes_nothing(
    show: Show, rows: list[Row], chosen: dict[str, str], random: Any
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert_frame_equal(show.dispose(shuffled, chosen), show.dispose(rows, chosen))


@modest
@given(rows=raw_rows(), chosen=windows)
def test_the_rows_of_another_tenant_change_nothing(show: Show, rows: list[Row], chosen: dict[str, str]) -> None:
    own = [row for row in rows if row["tenant_id"] == "quayside"]
    together = show.dispose(rows, chosen, limit=2).filter(pl.col("tenant_id") == "quayside")
    assert_frame_equal(together, show.dispose(own, chosen, limit=2))


@modest
@given(
    start=st.integers(0, 102),
    length=st.integers(2, 60),
    at=st.floats(0, 1),
    others=st.lists(st.tuples(st.integers(0, 102), st.integers(1, 30)), max_size=5),
)
def test_a_request_split_in_two_covers_the_same(
    show: Show, start: int, length: int, at: float, others: list[tuple[int, int]]
) -> None:
    def covered(ranges: list[tuple[int, int]]) -> list[Any]:
        rows = [
            {
                "episode_id": "quayside-long",
                "asset_id": "quayside-long-a",
                "http_status": 206,
                "range_start": first,
                "range_end": first + size - 1,
                "bytes_sent": size,
            }
            for first, size in ranges
        ]
        catalogue = index_catalogue(show.episodes, show.media, show.method_frame({"quayside": "calendar_day"}, 0))
        _, candidates = qualify_requests(show.requests(*rows), catalogue)
        return [int(candidates["new_bytes"].sum()), count_downloads(candidates, catalogue)["covered_bytes"].to_list()]

    split = 1 + int(at * (length - 2))
    assert covered([(start, split), (start + split, length - split), *others]) == covered([(start, length), *others])
