"""Fields by their names, in every spelling."""

from __future__ import annotations

import polars as pl

from assets.importing import FORMATS
from assets.importing.engines.names import Separated, best_separator, found_names, lacking, named_twice, plain_name


def test_a_field_is_read_by_its_name_and_a_short_line_has_none() -> None:
    field = Separated(["ip", "agent"]).read
    lines = pl.DataFrame({"_values": [["10.0.0.1", "Castro"], ["10.0.0.2"], ["-", "-"]]})

    found = lines.select(ip=field("ip"), agent=field("agent"), other=field("referrer"))

    assert found.rows() == [("10.0.0.1", "Castro", None), ("10.0.0.2", None, None), (None, None, None)]


def test_names_that_differ_in_signs_alone_are_one_and_the_exact_one_wins() -> None:
    assert plain_name("cs(User-Agent)") == plain_name("cs_user_agent") == "cs_user_agent"
    assert found_names(["cs(User-Agent)", "x"], ["cs_user_agent"]) == {"cs(User-Agent)": "cs_user_agent"}
    assert found_names(["a-b"], ["a_b", "a-b"]) == {"a-b": "a-b"}


def test_a_name_that_two_columns_may_mean_is_named_twice_unless_one_has_it_exactly() -> None:
    mapping = FORMATS["cloudfront"]

    assert named_twice(mapping, Separated(["c-ip", "c_ip", "x", "x"])) == []
    assert named_twice(mapping, Separated(["c_ip", "C-IP"])) == ["c_ip"]
    assert named_twice(mapping, Separated(["c-ip", "c-ip"])) == ["c-ip"]


def test_what_is_needed_and_lacks_is_named_and_one_of_several_is_enough() -> None:
    names = ["timestamp(ms)", "c-ip", "cs-method", "cs-uri-stem", "sc-status"]

    assert lacking(FORMATS["cloudfront"], Separated(names)) == ["cs(User-Agent)"]


def test_the_separator_is_the_one_that_most_lines_have_often_enough() -> None:
    lines = pl.DataFrame({"line": ["a b\tc", "a\tc", "a\tb"]})

    assert best_separator(lines, 2, (" ", "\t")) == "\t"
