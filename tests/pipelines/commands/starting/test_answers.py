"""What earshot init asks, what it takes for an answer, and the same as one command again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pipelines.commands.starting.answers import Answers, complete
from pipelines.commands.starting.command import init
from sql.values import PermanentError

GIVEN = ["--tenant", "north", "--feed", "https://n.example/f.xml", "--log", "a.log", "--recipient", "Ann@n.example"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.log").write_text("a line\n")
    return tmp_path


def options(*words: str) -> dict[str, Any]:
    """The options of the command as click reads them."""
    with init.make_context("init", list(words)) as context:
        return dict(context.params)


def answered(*words: str, store: Mapping[str, str] | None = None) -> Answers:
    return complete(options(*words), is_terminal=False, store=store or {})


def test_what_is_missing_is_named_all_at_once_where_nobody_can_be_asked() -> None:
    with pytest.raises(PermanentError, match="missing: --tenant SLUG, --feed URL, --log PLACE, --recipient ADDRESS"):
        answered()
    assert answered(*GIVEN).recipients == ("ann@n.example",)


def test_a_person_is_asked_until_the_answer_can_be_and_enter_means_not_known() -> None:
    form = click.Command("ask", callback=lambda: click.echo(complete(options(), is_terminal=True, store={}).command()))
    typed = [
        "North & Sons",
        "Berlin",
        "Europe/Berlin",
        "euro",
        "eur",
        "ftp://n.example",
        "https://n.example/f.xml",
        "no.log",
        "a.log",
        "nobody",
        "ann@n.example",
        "",
        "",
        "many",
        "500",
        "",
        "",
        "1:00-1:30",
    ]
    result = CliRunner().invoke(form, input="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    for wrong in ("no time zone 'Berlin'", "'euro' is no currency", "no http or https", "does not exist", "'nobody'"):
        assert wrong in result.output
    assert "'many' is no number" in result.output
    assert result.output.splitlines()[-1] == (
        "earshot init --tenant north-sons --name 'North & Sons' --time-zone Europe/Berlin --currency EUR "
        "--feed https://n.example/f.xml --log a.log --recipient ann@n.example --price 500 --ad 60-90"
    )


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--time-zone", "America/New_York", "--folder", "elsewhere", "--force", "--anonymous", "--region", "eu-1"),
        ("--sponsor", "Kettle & Co", "--campaign", "Spring", "--price", "12.50", "--booked", "2,000", "--code", "T 1"),
        ("--ad", "0:10-0:40", "--position", "mid", "--starts", "2026-03-01", "--ends", "2026-03-31"),
        ("--trusted-proxy", "10.0.0.0/8", "--format", "combined", "--recipient", "bo@n.example"),
    ],
)
def test_the_command_that_goes_on_says_the_same(more: tuple[str, ...]) -> None:
    store = {"region": "eu-1", "anonymous": "yes"} if "--region" in more else {}
    first = answered(*GIVEN, *more, store=store)
    words = shlex.split(first.command())
    assert words[:2] == ["earshot", "init"]
    again = answered(*words[2:], store=store)
    assert again == first


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--currency", "EURO"), "is no currency"),
        (("--time-zone", "../etc"), "no time zone"),
        (("--price", "-1"), "not below 0"),
        (("--booked", "0"), "1 or more"),
        (("--ad", "0:30"), "is written as"),
        (("--ad", "0:30-0:10"), "ends after it begins"),
        (("--starts", "2026-03-02", "--ends", "2026-03-01"), "lies before"),
        (("--recipient", "a@b@c"), "not an address"),
        (("--log", "-"), "standard input is not read"),
        (("--log", "s3://key:secret@bucket/x"), "has a login in it"),
        (("--tenant", "North Sons"), "no slug"),
        (("--format", "apache"), "no log format called 'apache'"),
        (("--trusted-proxy", "proxy.example"), "a trusted proxy is"),
        (("--log", "."), "lies in the folder of the logs"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_is_done(more: tuple[str, ...], message: str) -> None:
    with pytest.raises(PermanentError, match=message):
        answered(*GIVEN, *more)


def test_what_stands_in_a_file_is_not_asked_again_and_an_option_for_it_is_noticed(folder: Path) -> None:
    catalogue = folder / "north" / "catalogue"
    catalogue.mkdir(parents=True)
    for name in ("network.yaml", "first-campaign.yaml"):
        (catalogue / name).write_text("")
    found = answered(*GIVEN[:-2], "--price", "5", "--name", "N")
    assert found.price == Decimal(5)
    assert found.overruled == {"network.yaml": ("--name",), "first-campaign.yaml": ("--price",)}
    assert found.command() == "earshot init --tenant north --feed https://n.example/f.xml --log a.log"
