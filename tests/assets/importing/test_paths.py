"""The media file that a request means, by every spelling of its address."""

from __future__ import annotations

import polars as pl
import pytest

from assets.importing import MediaPaths
from assets.importing.paths import clean_path

MEDIA = MediaPaths.of(
    pl.DataFrame(
        {
            "path": ["/harbour-hours/041-the-lock-keeper.mp3", "media.example.com/ferry days.mp3", "/a.mp3"],
            "podcast_id": [b"p" * 16] * 3,
            "episode_id": [b"1" * 16, b"2" * 16, b"3" * 16],
            "asset_id": [b"4" * 16, b"5" * 16, b"6" * 16],
        }
    )
)


@pytest.mark.parametrize(
    "target",
    [
        "/harbour-hours/041-the-lock-keeper.mp3",
        "/harbour-hours/041-the-lock-keeper.mp3?src=feed&x=/a.mp3",
        "/harbour-hours//041%2Dthe-lock-keeper.mp3#t=10",
        "https://media.example.com/harbour-hours/041-the-lock-keeper.mp3",
        "https://op3.dev/e/media.example.com/harbour-hours/041-the-lock-keeper.mp3",
        "https://op3.dev/e/médias.example/harbour-hours/041-the-lock-keeper.mp3",
        "https://op3.dev/e/my_media.xn--p1ai/harbour-hours/041-the-lock-keeper.mp3",
        "https://op3.dev/e/192.0.2.7:8443/harbour-hours/041-the-lock-keeper.mp3",
        "/harbour-hours/041-the-lock-keeper.mp3%3Fsource%3Dfeed",
        "https://op3.dev/e,pg=1/https://dts.podtrac.com/redirect.mp3/media.example.com/harbour-hours/041-the-lock-keeper.mp3",
    ],
)
def test_every_spelling_of_a_files_address_finds_it(target: str) -> None:
    found = MEDIA.find(target)

    assert found is not None
    assert found[1] == b"1" * 16


def test_a_file_in_the_catalogue_with_its_host_is_found_by_its_path() -> None:
    found = MEDIA.find("/ferry%20days.mp3")

    assert found is not None
    assert found[1] == b"2" * 16


@pytest.mark.parametrize(
    "target", ["/b.mp3", "/A.mp3", "/other/a.mp3", "/", "/v1.2/a.mp3", "/redirect.aac/a.mp3", "/1.2.3.4/a.mp3"]
)
def test_another_path_is_another_file(target: str) -> None:
    assert MEDIA.find(target) is None


def test_a_slash_at_the_end_names_the_same_file() -> None:
    assert MEDIA.find("/a.mp3/") == MEDIA.find("/a.mp3") is not None


def test_two_files_that_differ_in_their_host_alone_match_nothing() -> None:
    media = pl.DataFrame(
        {
            "path": ["https://one.example.com/a.mp3", "https://two.example.com/a.mp3", "/b.mp3"],
            "podcast_id": [b"p" * 16] * 3,
            "episode_id": [b"1" * 16, b"2" * 16, b"3" * 16],
            "asset_id": [b"4" * 16, b"5" * 16, b"6" * 16],
        }
    )

    assert MediaPaths.of(media).find("/a.mp3") is None
    assert MediaPaths.of(media).find("/b.mp3") is not None


def media(*paths: str) -> MediaPaths:
    ids = [path.encode() for path in paths]
    return MediaPaths.of(pl.DataFrame({"path": paths, "podcast_id": ids, "episode_id": ids, "asset_id": ids}))


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/100%25.mp3", "/100%25.mp3"),
        ("/100%2525.mp3", "/100%25.mp3"),
        ("/90%25.mp3", "/90%.mp3"),
        ("/90%.mp3", "/90%.mp3"),
        ("/a+b.mp3", "/a+b.mp3"),
        ("/a%2Bb.mp3", "/a+b.mp3"),
        ("/c+d.mp3", "/c d.mp3"),
        ("/show/c+d.mp3", None),
        (r"/a\"b\".mp3", '/a"b".mp3'),
        (r"/a\x22b\x22.mp3", '/a"b".mp3'),
        ("/Episode%20%235.mp3", "/Episode #5.mp3"),
        ("/what%3F.mp3", "/what?.mp3"),
        ("/%u00e9t%u00E9.mp3", "/été.mp3"),
        (r"/\u00e9t\u00e9.mp3", "/été.mp3"),
        (r"/\303\251t\303\251.mp3", "/été.mp3"),
        ("/Ã©tÃ©.mp3", "/été.mp3"),
        ("/grÃ¶ÃŸe â€“ 1.mp3", "/größe – 1.mp3"),
        (r"/\ud800t.mp3", None),
        ("/show/../x/./%C3%A9t%C3%A9.mp3", None),
        ("/show/.././%C3%A9t%C3%A9.mp3", "/été.mp3"),
        ("/%252525252525.mp3", None),
        ("/%E9t%E9.mp3", "/été.mp3"),
        ("/%e9t%C3%A9.mp3", "/été.mp3"),
        ("/%25E9t%25E9.mp3", "/été.mp3"),
        (r"/\xE9t\xE9.mp3", "/été.mp3"),
        ("/e\u0301te\u0301.mp3", "/été.mp3"),
        ("/e%CC%81t%c3%a9.mp3", "/été.mp3"),
        ("/\ufffdt\ufffd.mp3", "/été.mp3"),
        ("/\ufffdt\ufffd\ufffd.mp3", None),
        ("/a\ufffdb.mp3", None),
        ("/Episode #5.mp3", "/Episode #5.mp3"),
        ("/Episode #6.mp3", "/Episode #6.mp3"),
        ("/Episode #7.mp3", None),
        ("/what?.mp3", "/what?.mp3"),
        ("/show/x;y.mp3", "/show/x;y.mp3"),
        ("/show/x%3By.mp3", "/show/x;y.mp3"),
        ("/show/x%3Bz.mp3;jsessionid=0A1B", "/show/x%3Bz.mp3"),
        ("/show/x;z.mp3", "/show/x%3Bz.mp3"),
        ("/90%25.mp3;jsessionid=0A1B?src=feed", "/90%.mp3"),
        ("/show;v=1/x.mp3;t", "/show/x.mp3"),
        (r"\show\x.mp3", "/show/x.mp3"),
        ("/show%5Cx.mp3", "/show/x.mp3"),
        ("//cdn.example//show/./x.mp3/", "/show/x.mp3"),
        ("HTTP://cdn.example:80/show/x.mp3%20", "/show/x.mp3"),
    ],
)
def test_the_catalogue_is_consulted_after_each_decoding_the_form_as_logged_first(
    target: str, found: str | None
) -> None:
    files = media(
        *("/100%25.mp3", "/90%.mp3", "/a+b.mp3", "/c d.mp3", '/a"b".mp3', "/Episode #5.mp3", "/what?.mp3", "/été.mp3"),
        *("/größe – 1.mp3", "/Episode #6.mp3", "/show/x.mp3", "/show/x;y.mp3", "/show/x%3Bz.mp3"),
    )

    ids = files.find(target)

    assert (None if ids is None else ids[2]) == (None if found is None else found.encode())


def test_letters_that_were_lost_lead_to_no_file_where_there_may_be_two() -> None:
    files = media("/für.mp3", "/fär.mp3", "/漢.mp3")

    assert files.find("/f\ufffdr.mp3") is None
    assert files.find("/\ufffd.mp3") is None
    assert files.find("/f%FCr.mp3") == files.find("/für.mp3") is not None


def test_escapes_that_are_no_utf8_are_letters_in_the_catalogue_too() -> None:
    files = media("/f%FCr.mp3", "/f%E4r.mp3")

    assert files.find("/f%fcr.mp3") == files.find("/f%C3%BCr.mp3") == files.find("/f%FCr.mp3") is not None
    assert files.find("/f%e4r.mp3") == files.find("/fär.mp3") == files.find("/f%E4r.mp3") is not None


@pytest.mark.parametrize(
    "target",
    [
        *("/Episode%20%235.mp3", "/Episode #5.mp3", "/what%3F.mp3", "/90%25.mp3", "/a.mp3%3Fsource=feed"),
        *("/f%FCr.mp3", "/f%C3%BCr.mp3", "/f%25FCr.mp3", "/d%2Be.mp3", "/d+e.mp3", "/a.mp3%20", "/a.mp3;jsessionid=1"),
    ],
)
def test_what_is_kept_of_a_target_leads_to_its_file_once_that_is_there(target: str) -> None:
    files = media("/Episode #5.mp3", "/what?.mp3", "/90%.mp3", "/a.mp3", "/für.mp3", "/d+e.mp3")

    assert files.find(clean_path(target)) == files.find(target) is not None


@pytest.mark.parametrize("target", ["/d%2Be.mp3", "/a.mp3%00", "/%93%FA.mp3"])
def test_what_is_kept_of_a_target_leads_to_no_other_file_than_it_did(target: str) -> None:
    files = media("/d e.mp3", "/a.mp3", "/日.mp3")

    assert files.find(clean_path(target)) is files.find(target) is None


def test_a_path_that_matches_nothing_has_its_nearest_file() -> None:
    files = media("/show/041-the-lock-keeper.mp3", "/show/040-ferry-days.mp3")

    assert files.nearest("/show/41-the-lock-keeper.mp3") == "/show/041-the-lock-keeper.mp3"
    assert files.nearest("/wp-login.php") is None
