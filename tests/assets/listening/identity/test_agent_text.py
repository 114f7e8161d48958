"""An agent's text as rules read it: escapes, quotes and control characters undone, models of phones left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.listening.identity.agent_text import LONGEST_NAME, plain_agent, plain_name, without_model


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Pocket%20Casts/7 CFNetwork/1410", "Pocket Casts/7 CFNetwork/1410"),
        ("%E6%92%AD%E5%AE%A2/1402.20 CFNetwork/1197", "播客/1402.20 CFNetwork/1197"),
        ("100%FF/1.0", "100%FF/1.0"),
        ("50%25off/1.0", "50%off/1.0"),
        (" Castro\t2024.2\x00/1502\r\n", "Castro 2024.2 /1502"),
        ('"AntennaPod/3.4.0"', "AntennaPod/3.4.0"),
        ("User-Agent: AntennaPod/3.4.0", "AntennaPod/3.4.0"),
        ("\ufeffAntennaPod/3.4.0", "AntennaPod/3.4.0"),
        ("'", "'"),
        ("", ""),
    ],
)
def test_what_a_log_added_to_an_agent_is_taken_off(written: str, read: str) -> None:
    assert plain_agent(written) == read


@given(st.text(max_size=80))
def test_any_text_is_read_as_one_line(text: str) -> None:
    read = plain_agent(text)

    assert read == read.strip()
    assert not set(read) & set("\r\n\t\x00\x7f")


@pytest.mark.parametrize(
    ("agent", "read"),
    [
        (
            "Mozilla/5.0 (Linux; Android 6.0; M BOT 551 Build/MRA58K) Chrome/54.0",
            "Mozilla/5.0 (Linux; Android 6.0; ) Chrome/54.0",
        ),
        (
            "Mozilla/5.0 (Linux; U; Android 4.1; ru-ru; Spider 8 Build/J) Safari",
            "Mozilla/5.0 (Linux; U; Android 4.1; ru-ru; ) Safari",
        ),
        ("Mozilla/5.0 (Linux; Android 6; XBot/1.0; +http://a.example)",) * 2,
        ("Castro 2024.2/1502",) * 2,
    ],
)
def test_the_name_of_a_phone_is_left_out(agent: str, read: str) -> None:
    assert without_model(agent) == read


@given(st.text(max_size=120))
def test_a_name_is_short_and_printable_or_none(text: str) -> None:
    name = plain_name(text)

    assert name.isprintable()
    assert len(name) <= LONGEST_NAME
    assert name == plain_name(name)
