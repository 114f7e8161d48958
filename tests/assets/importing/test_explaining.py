"""How a log would be read, before anything of it is stored."""

from __future__ import annotations

import io
import json

import pytest

from assets.importing import FORMATS, MediaPaths, open_log
from assets.importing.explaining import explain
from assets.importing.mappings.mapping import LogMapping
from sql.values import PermanentError
from tests.assets.importing.reading import EXAMPLES, FILES
from tests.assets.importing.test_events import MEDIA, combined


def explained(content: bytes, mapping: LogMapping | None = None, media: MediaPaths | None = None) -> str:
    return "\n".join(explain(open_log("access.log", io.BytesIO(content)), "access.log", mapping, media=media))


@pytest.mark.parametrize("name", ["cloudfront", "caddy", "op3", "s3"])
def test_an_example_is_explained_by_its_format_its_first_rows_and_what_is_lost(name: str) -> None:
    shown = explained((EXAMPLES / FILES[name]).read_bytes())

    assert f"Read as {name}: {FORMATS[name].title}" in shown
    assert f"  {name:20} reads" in shown
    assert "occurred_at 2026-10-14" in shown
    assert "What would be lost:\n  1 lines, the first of them line" in shown


def test_what_a_log_does_not_say_and_what_is_not_read_of_it_is_named() -> None:
    record = {
        "time_iso8601": "2026-10-14T06:12:41Z",
        "remote_addr": "203.0.113.7",
        "request_uri": "/a.mp3",
        "status": 206,
    }

    shown = explained(json.dumps({**record, "body_bytes_sent": 5, "upstream": "x"}).encode())

    assert "Fields that are not read: upstream" in shown
    assert "nothing in this log says: " in shown
    assert "range_start" in shown
    assert "1 answers are a part of a file and do not say which" in shown


def test_paths_are_compared_with_a_catalogue_only_where_there_is_one() -> None:
    line = combined(path="/harbour-hours/041-the-lock-keper.mp3").encode()

    assert "catalogue" not in explained(line)
    assert "the nearest there is /harbour-hours/041-the-lock-keeper.mp3" in explained(line, media=MEDIA)


def test_a_named_format_is_shown_with_what_it_rejects_and_letters_are_none() -> None:
    assert "it does not read: " in explained(b"Dear listener,\n", FORMATS["combined"])
    with pytest.raises(PermanentError, match="none of the formats"):
        explained(b"Dear listener,\n")


def test_what_an_import_would_refuse_is_said_with_the_reason() -> None:
    line = combined(path="/a.mp3")
    exchanged = "\n".join([line.replace('"-" "AntennaPod/3.4.0"', '"AntennaPod/3.4.0" "-"')] * 20)

    assert "as an import refuses it: nearly all of its first 20 requests have an agent where the referrer is" in (
        explained(exchanged.encode())
    )
    assert "refuses" not in explained("\n".join([line] * 20).encode())
    assert "refuses it: 2 of its first 3 lines" in explained(f"{line}\nx\ny\n".encode(), FORMATS["combined"])
