"""The settings by which a tenant's downloads are measured: their version, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from assets.listening.downloads import method as settings
from assets.listening.downloads.byte_coverage import add_intervals, add_new_bytes
from assets.listening.downloads.method import WINDOWS, Method, MethodError, check_methods, name_method, name_methods

Frames = Callable[..., pl.DataFrame]


def test_every_setting_has_its_part_in_the_version() -> None:
    plain = name_method("calendar_day", 500, 0)
    others = [
        name_method("last_touch", 500, 0),
        name_method("calendar_day", 501, 0),
        name_method("calendar_day", 500, 1),
        name_method("calendar_day", 500, 0, Method(minute_seconds=30)),
        name_method("calendar_day", 500, 0, Method(assumed_minute=1)),
    ]

    assert len({plain, *others}) == 6
    assert name_method("calendar_day", 500, None) == plain
    assert name_method("calendar_day", 500, None, Method(whole_file_slack=1)) == others[2]


def test_the_rule_on_what_requests_show_has_its_part_in_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = name_method("calendar_day", 500, 0)
    monkeypatch.setattr(settings, "COVERAGE_RULE", settings.COVERAGE_RULE + 1)

    assert name_method("calendar_day", 500, 0) != plain


def test_what_requests_show_is_what_the_number_of_the_rule_names() -> None:
    """Each is status, first and last byte of the range, and bytes sent, of a file of 5,000 bytes with 100 of header.

    Where these bytes change, COVERAGE_RULE is raised, and its number and theirs are written here.
    """
    shown = {
        (200, None, None, 5_000): 4_900,
        (200, None, None, None): 4_900,
        (206, None, None, 5_000): 4_900,
        (206, None, None, 2_000): 1_900,
        (206, None, None, None): 0,
        (206, 1_000, 1_999, 1_000): 1_000,
        (206, 1_000, 1_999, 400): 400,
        (206, 0, 1_999, None): 1_900,
    }
    names = ("http_status", "range_start", "range_end", "bytes_sent")
    requests = pl.DataFrame(list(shown), schema=dict.fromkeys(names, pl.Int64), orient="row").with_columns(
        source=pl.lit("server_log"), file_bytes=pl.lit(5_000), header_bytes=pl.lit(100), is_open=pl.lit(True)
    )
    numbered = (
        add_intervals(requests)
        .with_row_index("request_no")
        .with_columns(
            pl.col("request_no").cast(pl.Int64), group_no=pl.col("request_no").cast(pl.Int64), file_no=pl.lit(0)
        )
    )

    assert settings.COVERAGE_RULE == 2
    assert dict(zip(shown, add_new_bytes(numbered)["new_bytes"], strict=True)) == shown


def test_tenants_with_equal_settings_have_one_version(methods: Frames) -> None:
    found = name_methods(methods({"tenant_id": "quayside"}, {"tenant_id": "harbour"}, {"suspect_pairs": 0}))

    first, second, third = found["method_version"]
    assert first == second == name_method("calendar_day", 500, None)
    assert third == name_method("calendar_day", 0, None)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_that_there_is_passes_as_it_is(methods: Frames, window: str) -> None:
    frame = methods({"download_window": window, "suspect_pairs": 0}).with_columns(whole_file_slack=pl.lit(0))

    assert check_methods(frame) is frame


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"download_window": "hourly"}, r"1 tenants measure .* does not exist \(hourly\)"),
        ({"download_window": None}, r"does not exist \(None\)"),
        ({"suspect_pairs": -1}, "suspect_pairs must be 0"),
        ({"suspect_pairs": None}, "suspect_pairs must be 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(methods: Frames, change: dict[str, object], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        check_methods(methods({}, change))


def test_a_file_cannot_lack_less_than_nothing(methods: Frames) -> None:
    with pytest.raises(MethodError, match="whole_file_slack"):
        check_methods(methods().with_columns(whole_file_slack=pl.lit(-1)))
