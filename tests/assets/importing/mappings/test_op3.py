"""OP3's exports: hashed addresses, named agents, and headers that two kinds of file spell differently."""

from __future__ import annotations

from assets.listening.identity.agent_rules import load_rules, match_agent
from tests.assets.importing.reading import example, one, parse


def test_an_op3_row_keeps_a_household_key_and_the_name_of_its_app() -> None:
    first, second = example("op3").requests.head(2).iter_rows(named=True)

    assert first["household_key"] != second["household_key"]
    assert (first["client_ip"], first["key_version"], first["http_status"]) == (None, 0, 302)
    assert match_agent(str(first["user_agent"]), load_rules()).app == "Apple Podcasts"
    assert first["country_code"] == "DE"


def test_what_op3_took_for_a_bot_is_one_here() -> None:
    bot = example("op3").requests.row(3, named=True)

    assert match_agent(str(bot["user_agent"]), load_rules()).is_bot


def test_an_hourly_file_of_op3_calls_its_columns_otherwise() -> None:
    header = "serverUrl\taudienceId\ttime\thashedIpAddress\tagentType\tagentName\tasn"
    row = "https://op3.dev/e/media.example.com/a.mp3\taa\t2026-10-14T06:12:41.031Z\tbb\tapp\tCastro\t64496"

    found = one("op3", header, row, header)

    assert (found["target"], found["asn"]) == ("https://op3.dev/e/media.example.com/a.mp3", 64496)


def test_an_op3_file_without_header_says_so() -> None:
    assert "no header" in parse("op3", "a\tb\tc").rejects["reason"][0]
