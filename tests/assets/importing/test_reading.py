"""From the batches of a source to rows, by one format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from assets.importing import FORMATS, Batch, MediaPaths, open_log
from assets.importing.addresses import TrustedProxies
from assets.importing.reading import Reading, made_batches, recognise
from sql.values import PermanentError
from tests.assets.importing.files.test_archives import tar
from tests.assets.importing.reading import EXAMPLES, FILES
from tests.assets.importing.test_events import MEDIA, combined

TENANT = UUID(int=1)


def events(content: bytes, name: str = "combined", trusted: tuple[str, ...] = ()) -> pl.DataFrame:
    reading = Reading("a log", FORMATS[name], trusted=TrustedProxies.of(trusted))
    found = made_batches(reading, open_log("a log", io.BytesIO(content)), TENANT, MEDIA)
    return pl.concat(made.events for _, made in found)


def test_the_format_is_recognised_and_no_batch_is_lost() -> None:
    content = (EXAMPLES / FILES["op3"]).read_bytes()

    mapping, batches = recognise(open_log("a log", io.BytesIO(content), 100), "a log")

    assert mapping.name == "op3"
    assert sum(batch.lines.height for batch in batches) == 6


def test_a_source_without_lines_says_what_is_wrong_with_it() -> None:
    with pytest.raises(PermanentError, match="a log holds no lines; x is damaged"):
        recognise(
            [Batch(pl.DataFrame(schema={"line_number": pl.Int64, "line": pl.String}), 0, "", "x is damaged")], "a log"
        )


def test_each_file_of_an_archive_has_its_own_header_and_a_copy_in_it_is_known_again() -> None:
    one = f"{combined()}\n{combined()}\n{combined(1)}\n".encode()

    found = events(tar({"a.log": one, "copy.log": one}))

    assert (found.height, found["event_id"].n_unique()) == (6, 3)
    header = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n"
    turned = b"#Fields: time date c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n"
    rows = b"2026-10-14\t06:12:41\t203.0.113.7\tGET\t/a.mp3\t200\tCastro\n"
    other = b"06:12:41\t2026-10-14\t203.0.113.8\tGET\t/a.mp3\t200\tCastro\n"
    assert events(tar({"a": header + rows, "b": turned + other}), "cloudfront").height == 2


def test_two_requests_under_one_id_stay_two_and_the_same_line_twice_is_one() -> None:
    session = ' "-" 0123456789abcdef0123456789abcdef'
    lines = [combined(0, more=session), combined(1, more=session), combined(1, "/b.mp3", more=session)]
    content = "\n".join([*lines, *lines]).encode()

    found = events(content)

    assert found["event_id"].n_unique() == 3
    assert set(events("\n".join(lines[::-1]).encode())["event_id"]) == set(found["event_id"])


def test_two_ranges_under_one_id_of_an_edge_stay_two() -> None:
    content = (EXAMPLES / FILES["cloudfront"]).read_text().replace("Qm9hdC0wMDAz", "Qm9hdC0wMDAy").encode()

    assert events(content, "cloudfront")["event_id"].n_unique() == 7


def test_a_metric_that_grows_is_the_same_metric() -> None:
    metric = {"id": "m-1", "created_at": "2026-10-14T06:12:41.000Z", "episode_id": "e-1", "ip": "4d", "bytes_sent": 400}
    content = "\n".join(json.dumps({**metric, "bytes_sent": sent}) for sent in (400, 900)).encode()

    assert events(content, "megaphone")["event_id"].n_unique() == 1


def test_listeners_behind_a_named_proxy_are_apart_and_without_its_name_are_one() -> None:
    lines = [combined(number, address="10.0.0.7", more=f' "198.51.100.{number}"') for number in range(3)]
    content = "\n".join(lines).encode()

    assert events(content)["client_ip"].to_list() == ["10.0.0.7"] * 3
    assert events(content, trusted=("10.0.0.0/8",))["client_ip"].to_list() == [f"198.51.100.{n}" for n in range(3)]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.9:4711, [2001:db8::5]:80, 10.0.0.9", "2001:db8::5"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("unknown, 203.0.113.9", "203.0.113.9"),
    ],
)
def test_addresses_with_ports_are_found_at_the_end_of_a_line(forwarded: str, client: str) -> None:
    found = events(combined(address="10.0.0.7", more=f' "{forwarded}"').encode(), trusted=("10.0.0.0/8",))
    assert found["client_ip"].to_list() == [client]


def test_the_events_of_a_log_are_the_same_with_and_without_the_name_of_its_proxy() -> None:
    content = combined(address="10.0.0.7", more=' "198.51.100.1" 0123456789abcdef0123456789abcdef').encode()

    assert events(content)["event_id"].to_list() == events(content, trusted=("10.0.0.7",))["event_id"].to_list()


PATHS = (
    r"/f\xC3\xBCr%20dich.mp3",
    "/f%C3%BCr%20dich.mp3",
    "/f%25C3%25BCr%2520dich.mp3",
    "/für dich.mp3",
    "/f%C3%BCr+dich.mp3",
    "/f%FCr%20dich.mp3",
    "/fu%CC%88r%20dich.mp3",
    "//f%C3%BCr%20dich.mp3?a=b c",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "known", ["/für dich.mp3", "/f%C3%BCr%20dich.mp3", "https://m.example.com/f%C3%BCr%20dich.mp3"]
)
def test_a_path_is_found_however_often_it_was_escaped(path: str, known: str) -> None:
    files = {"path": [known], "podcast_id": [b"p"], "episode_id": [b"e"], "asset_id": [b"a"]}
    reading = Reading("a log", FORMATS["combined"])
    batches = open_log("a log", io.BytesIO(combined(path=path).encode()))

    [(_, made)] = made_batches(reading, batches, TENANT, MediaPaths.of(pl.DataFrame(files)))

    assert made.events["asset_id"].to_list() == [b"a"]


def test_the_wrong_format_is_refused_with_the_right_one() -> None:
    reading = Reading("a log", FORMATS["combined"])
    content = Path(EXAMPLES / FILES["cloudfront"]).read_bytes()

    with pytest.raises(PermanentError, match="looks like a CloudFront standard log: try --format cloudfront"):
        list(made_batches(reading, open_log("a log", io.BytesIO(content)), TENANT, MEDIA))
