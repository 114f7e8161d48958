"""Newer published networks: changed over to if they are whole and newer, and measured by from then on."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assets.listening.identity.addresses import load_ranges
from assets.listening.identity.published_ranges import installed_file, load_published
from pipelines import runtime
from pipelines.commands.rules import rules
from pipelines.rules import networks
from pipelines.rules.fetching import RulesUnavailableError
from pipelines.rules.networks import fetched_file, refresh
from pipelines.settings import load_settings
from sql.values import PermanentError
from tests.assets.listening.identity.test_published_ranges import write_ranges
from tests.pipelines.rules.servers import Quiet, Refusing, Serve, serving

LATER = datetime.now(UTC).date()


def many(count: int) -> list[tuple[str, str, str]]:
    """That many ranges of one host, apart from each other."""
    first = int(ipaddress.ip_address("34.64.0.0"))
    return [(f"{ipaddress.ip_address(first + 512 * place)}/24", "Google Cloud", "hosting") for place in range(count)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """As many ranges as the package has, compiled later."""
    file = tmp_path / "published" / "ranges.bin"
    file.parent.mkdir()
    file.write_bytes(write_ranges(LATER, *many(load_published().spans.height)))
    return file


def command(home: Path, *arguments: str) -> Result:
    return CliRunner(env={"EARSHOT_HOME": str(home)}).invoke(rules, arguments)


def test_newer_networks_are_measured_by_once_they_are_changed_over_to(home: Path, newer: Path) -> None:
    before = load_ranges().version

    change = refresh(home, str(newer))

    assert change is not None
    assert change.ranges == load_published().spans.height
    measured = runtime.measurement(load_settings({"EARSHOT_HOME": str(home)})).ranges
    assert measured.version == load_ranges(fetched=fetched_file(home)).version != before
    assert measured.published == f"iporigin of {LATER}"


def test_every_change_over_is_on_record(home: Path, newer: Path) -> None:
    refresh(home, str(newer))

    (line,) = (home / "rules" / "networks" / "changes.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["before"], entry["built_at"][:10], entry["source"]) == (
        load_published().digest,
        str(LATER),
        str(newer),
    )


def test_what_is_no_newer_changes_nothing(home: Path, newer: Path) -> None:
    assert refresh(home, str(installed_file())) is None
    refresh(home, str(newer))

    assert refresh(home, str(newer)) is None


def test_networks_that_are_much_fewer_are_refused(home: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(write_ranges(LATER, *many(100)))

    with pytest.raises(PermanentError, match="holds 100 ranges where those in force are"):
        refresh(home, str(small))

    assert fetched_file(home) is None


def test_a_web_address_is_as_good_as_a_file(home: Path, newer: Path, serve: Serve) -> None:
    address = serve(partial(Quiet, directory=str(newer.parent)))

    assert refresh(home, f"{address}/ranges.bin", allow_private=True) is not None


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("no/such/file.bin", "is no file and no http"),
        ("ftp://feeds.example/ranges.bin", "no http or https address"),
        ("https://me:secret@feeds.example/ranges.bin", "password in it"),
        (__file__, "holds no ranges of iporigin"),
    ],
)
def test_what_is_no_such_file_is_refused(home: Path, source: str, complaint: str) -> None:
    with pytest.raises(PermanentError, match=complaint):
        refresh(home, source)

    assert not (home / "rules" / "networks" / "current").exists()


def test_a_server_that_is_out_of_order_changes_nothing(home: Path, newer: Path, serve: Serve) -> None:
    with pytest.raises(RulesUnavailableError, match="status 503; nothing was changed"):
        refresh(home, f"{serve(Refusing)}/ranges.bin", allow_private=True)
    with pytest.raises(PermanentError, match="there is nothing at"):
        refresh(home, f"{serve(partial(Quiet, directory=str(newer.parent)))}/gone.bin", allow_private=True)

    assert fetched_file(home) is None


def test_a_file_from_the_future_would_be_newer_for_ever(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "ranges.bin"
    file.write_bytes(write_ranges(LATER.replace(year=9000), *many(load_published().spans.height)))
    with pytest.raises(PermanentError, match="says that it is of 9000"):
        refresh(home, str(file))


def test_a_damaged_file_is_refused_wherever_it_is_damaged(home: Path, newer: Path) -> None:
    whole = newer.read_bytes()
    damages = [
        b"",
        whole[:7],
        whole[:40],
        whole[:-1],
        whole + b"x",
        b"\0" * 100,
        b"\xff" * 100,
        whole[:12] + b"\xff" * 20,
    ]
    for damaged in damages:
        newer.write_bytes(damaged)
        with pytest.raises(PermanentError, match=r"ranges\.bin holds no ranges of iporigin"):
            refresh(home, str(newer))
    assert fetched_file(home) is None


def test_a_file_that_is_gone_is_named_instead_of_falling_back(home: Path, newer: Path) -> None:
    change = refresh(home, str(newer))
    assert change is not None
    (home / "rules" / "networks" / f"{change.after}.bin").unlink()

    with pytest.raises(PermanentError, match="which is gone: run `earshot rules update` again"):
        fetched_file(home)


def test_update_without_options_reads_from_where_they_are_compiled(
    home: Path, newer: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{serve(partial(Quiet, directory=str(newer.parent)))}/ranges.bin"
    monkeypatch.setattr("pipelines.commands.rules.PUBLISHED_AT", address)

    first, second = command(home, "update", "--allow-private"), command(home, "update", "--allow-private")

    assert f"compiled on {LATER}) follow" in first.output
    assert "earshot backfill" in first.output
    assert "no newer networks" in second.output


def test_show_names_the_published_networks(home: Path, newer: Path) -> None:
    assert f"published networks: iporigin of {load_published().built_at.date()}" in command(home, "show").output
    command(home, "update", "--networks", str(newer))

    assert f"published networks: iporigin of {LATER}" in command(home, "show").output


def test_the_weekly_file_is_read_by_https() -> None:
    assert networks.PUBLISHED_AT.startswith("https://")
