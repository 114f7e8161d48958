"""Rule sets: changed over to as a whole or not at all, and every one is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assets.listening.identity.agent_rules import PACKAGED_RULES, load_rules, match_agent
from pipelines import runtime
from pipelines.commands.rules import rules
from pipelines.rules import rulesets
from pipelines.settings import load_settings
from sql.values import PermanentError
from tests.pipelines.rules.servers import Handler, Leading, Quiet, Refusing, Serve, serving

BOT = [{"name": "Crawler", "pattern": "^Crawler/"}]
APP = [{"name": "Castro", "pattern": "^Castro"}]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def fuller(tmp_path: Path) -> Path:
    """A set of an operator's own."""
    return write_set(tmp_path / "fuller", bots=BOT, apps={"entries": APP})


def write_set(folder: Path, **files: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def in_force(home: Path, **environ: str) -> str:
    return load_rules(runtime.rules_folder(load_settings({"EARSHOT_HOME": str(home), **environ}))).version


def command(home: Path, *arguments: str, **environ: str) -> Result:
    return CliRunner(env={"EARSHOT_HOME": str(home), **environ}).invoke(rules, arguments)


def test_without_a_set_the_packaged_rules_are_in_force(home: Path) -> None:
    assert in_force(home) == load_rules().version
    assert "the packaged rules" in command(home, "show").output


def test_a_set_is_in_force_once_it_is_changed_over_to(home: Path, fuller: Path) -> None:
    change = rulesets.update(home, str(fuller))

    assert change is not None
    assert change.before is None
    assert in_force(home) == load_rules(fuller).version
    assert match_agent("Crawler/1.0", load_rules(rulesets.folder_in_force(home))).is_bot


def test_the_copy_does_not_follow_its_source(home: Path, fuller: Path) -> None:
    rulesets.update(home, str(fuller))
    version = in_force(home)

    write_set(fuller, bots=[])

    assert in_force(home) == version


def test_the_same_set_again_changes_nothing(home: Path, fuller: Path) -> None:
    rulesets.update(home, str(fuller))

    assert rulesets.update(home, str(fuller)) is None
    assert len(rulesets.changes(home)) == 1


def test_the_former_set_stays_and_can_be_gone_back_to(home: Path, fuller: Path) -> None:
    first = rulesets.update(home, str(fuller))
    second = rulesets.update(home, str(PACKAGED_RULES))
    assert first is not None
    assert second is not None
    assert second.before == first.after

    back = rulesets.update(home, str(home / "rules" / "sets" / first.after))

    assert back is not None
    assert in_force(home) == load_rules(fuller).version
    assert [change.after for change in rulesets.changes(home)] == [first.after, second.after, first.after]


def test_the_setting_keeps_its_precedence(home: Path, fuller: Path, tmp_path: Path) -> None:
    other = write_set(tmp_path / "other", bots=BOT, apps=BOT)
    rulesets.update(home, str(fuller))

    assert in_force(home, EARSHOT_RULES=str(other)) == load_rules(other).version
    assert "EARSHOT_RULES is set" in command(home, "update", "--from", str(fuller), EARSHOT_RULES=str(other)).output


@pytest.mark.parametrize(
    ("files", "expected_text"),
    [
        ({"bots": BOT}, "there is no apps.json"),
        ({"bots": [], "apps": APP}, "bots.json is empty"),
        ({"bots": BOT, "apps": 7}, "apps.json is no list"),
        ({"bots": BOT, "apps": [{"name": "Castro"}]}, "has no name and pattern"),
        ({"bots": [{"name": "All", "pattern": ".*"}], "apps": APP}, "matches every agent"),
        (
            {"bots": BOT, "apps": APP, "devices": [{"name": "Open", "pattern": "("}]},
            "it is no regular expression",
        ),
        ({"bots": BOT, "apps": APP, "devices": [{"name": "Slow", "pattern": "(a+)+$"}]}, "several ways"),
        ({"bots": BOT, "apps": [{"name": "Half", "pattern": "\ud800"}]}, "half a character"),
        ({"bots": BOT, "apps": APP, "data_centre": ["house"]}, "is no network"),
        ({"bots": BOT, "apps": APP, "data_centre": [{"network": 7}]}, "is no network"),
        ({"bots": BOT, "apps": APP, "data_centre": {"entries": 7}}, "data_centre.json is no list"),
    ],
)
def test_a_set_with_anything_broken_is_refused_as_a_whole(
    home: Path, fuller: Path, tmp_path: Path, files: dict[str, Any], expected_text: str
) -> None:
    rulesets.update(home, str(fuller))
    broken = write_set(tmp_path / "broken", **files)

    with pytest.raises(PermanentError, match="Nothing was changed") as raised:
        rulesets.update(home, str(broken))

    assert expected_text in str(raised.value)
    assert in_force(home) == load_rules(fuller).version
    assert [path.name for path in (home / "rules" / "sets").iterdir()] == [rulesets.version_in_force(home)]


GOOD = json.dumps(BOT).encode()
BROKEN: dict[bytes, str] = {
    b"": "bots.json is no JSON",
    GOOD[:-5]: "bots.json is no JSON",
    b"\xff\xfe" + GOOD: "bots.json is no UTF-8 text (at byte 0)",
    GOOD.replace(b"Crawler", b"\xe9", 1): "bots.json is no UTF-8 text",
    b"\0" * 50: "bots.json is no JSON",
    b"[" * 100_000: "bots.json is nested too deeply",
    b'{"a":' * 50_000: "bots.json is nested too deeply",
    b"[" + b"9" * 10_000 + b"]": "bots.json is no JSON",
    b"[1e999]": "inf has no name and pattern",
    b"null": "bots.json is no list",
    b'"text"': "bots.json is no list",
    b'{"entries": {"name": "x"}}': "bots.json is no list",
    b"[null, 7, []]": "None has no name and pattern",
    b'[{"name": ["x"], "pattern": "x"}]': "has no name and pattern",
    b'[{"name": "x", "pattern": {}}]': "has no name and pattern",
    b'[{"name": "x\\u001b[31m[/bold]\\u0000", "pattern": "("}]': "is no regular expression",
    b'[{"name": "x", "pattern": "x", "category": 1}]': "is no text",
}


def test_a_broken_file_is_named_with_what_is_wrong_wherever_it_comes_from(
    home: Path, tmp_path: Path, serve: Serve
) -> None:
    folder = write_set(tmp_path / "broken", apps=APP)
    address = serve(partial(Quiet, directory=str(folder)))
    for content, complaint in BROKEN.items():
        (folder / "bots.json").write_bytes(content)
        for source in (str(folder), address):
            failed = command(home, "update", "--from", source, "--allow-private")
            assert isinstance(failed.exception, PermanentError), (content[:40], failed.exception)
            assert complaint in str(failed.exception), content[:40]
            assert str(failed.exception).isprintable()
        with pytest.raises(PermanentError, match=r"bots\.json"):
            load_rules(folder)
    assert in_force(home) == load_rules().version


def test_a_file_with_a_byte_order_mark_is_read(home: Path, fuller: Path) -> None:
    plain = load_rules(fuller).version
    (fuller / "bots.json").write_bytes(b"\xef\xbb\xbf" + GOOD)
    assert rulesets.update(home, str(fuller)) is not None
    assert in_force(home) == plain


def test_a_file_that_is_far_too_long_is_not_read(home: Path, fuller: Path) -> None:
    with (fuller / "bots.json").open("ab") as file:
        file.truncate(11_000_000)
    failed = command(home, "update", "--from", str(fuller))
    assert "bots.json is longer than 10,000,000 bytes" in str(failed.exception)


def test_networks_of_a_broken_file_are_refused_with_its_name(home: Path, fuller: Path) -> None:
    for content in (b"[", b"\xff", b"[" * 100_000, b"[7]", b'[{"net": "10.0.0.0/8"}]', b'["1.2.3.4/99"]', b"{}"):
        (fuller / "data_centre.json").write_bytes(content)
        failed = command(home, "update", "--from", str(fuller))
        assert isinstance(failed.exception, PermanentError), content[:20]
        assert "data_centre" in str(failed.exception)


def test_a_record_that_was_cut_off_is_named(home: Path, fuller: Path) -> None:
    rulesets.update(home, str(fuller))
    record = home / "rules" / "changes.jsonl"
    record.write_text(record.read_text() + '{"at": "2026-')
    failed = command(home, "show")
    assert isinstance(failed.exception, PermanentError)
    assert "changes.jsonl is not the record that it was" in str(failed.exception)


def test_a_note_of_what_is_in_force_that_is_damaged_is_named(home: Path, fuller: Path) -> None:
    rulesets.update(home, str(fuller))
    networks = home / "rules" / "networks" / "current"
    networks.parent.mkdir(parents=True)
    for note in (home / "rules" / "current", networks):
        content = note.read_bytes() if note.exists() else None
        for damage in (b"\xff\xfe", b"", b"no/such\0name", b"x" * 5000):
            note.write_bytes(damage)
            failed = command(home, "show")
            assert isinstance(failed.exception, PermanentError), (note, damage[:9], failed.exception)
            assert "current names" in str(failed.exception)
        note.unlink() if content is None else note.write_bytes(content)


def test_many_broken_patterns_are_named_in_one_message(home: Path, tmp_path: Path) -> None:
    broken = [{"name": f"Bot {number}", "pattern": "["} for number in range(8)]

    with pytest.raises(PermanentError, match=r"Bot 0.*Bot 4.* and 3 more"):
        rulesets.update(home, str(write_set(tmp_path / "broken", bots=broken, apps=APP)))


def test_lists_of_networks_outlive_a_set_that_has_none(home: Path, fuller: Path, tmp_path: Path) -> None:
    write_set(fuller, data_centre=["198.51.100.0/24"])
    rulesets.update(home, str(fuller))

    rulesets.update(home, str(write_set(tmp_path / "agents", bots=BOT, apps=BOT)))

    folder = rulesets.folder_in_force(home)
    assert folder is not None
    assert json.loads((folder / "data_centre.json").read_text()) == ["198.51.100.0/24"]


def test_a_set_that_is_gone_is_no_reason_to_measure_otherwise(home: Path, fuller: Path) -> None:
    change = rulesets.update(home, str(fuller))
    assert change is not None
    (home / "rules" / "sets" / change.after).rename(home / "elsewhere")

    with pytest.raises(PermanentError, match="put it back"):
        in_force(home)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


def test_a_set_comes_from_a_web_address(home: Path, fuller: Path, serve: Serve) -> None:
    address = serve(partial(Quiet, directory=str(fuller)))

    done = command(home, "update", "--from", f"{address}/", "--allow-private")

    assert done.exit_code == 0, done.output
    assert in_force(home) == load_rules(fuller).version
    assert f"from {address}/" in command(home, "show").output


@pytest.mark.parametrize(
    ("handler", "expected_text"), [(Refusing, "answered with status 503"), (Leading, "no http or https address")]
)
def test_a_server_that_does_not_give_the_set_changes_nothing(
    home: Path, serve: Serve, handler: Handler, expected_text: str
) -> None:
    failed = command(home, "update", "--from", serve(handler), "--allow-private")

    assert expected_text in str(failed.exception)
    assert in_force(home) == load_rules().version


@pytest.mark.parametrize(
    ("source", "expected_text"),
    [
        ("file:///etc", "no http or https address"),
        ("https://", "no http or https address"),
        ("https://me:secret@example.com/rules", "leave it out"),
        ("ftp://me:secret@example.com/rules", "no http or https address"),
        ("https://me:secret@[example.com/rules", "no http or https address"),
        ("http://127.0.0.1:port/rules?key=secret", "no http or https address"),
        ("http://127.0.0.1:9/rules?key=secret", "could not be read"),
        ("~nobody-of-this-name/rules", "is no path"),
        ("nowhere", "no folder and no http"),
        ("http://127.0.0.1:9/rules", "could not be read"),
    ],
)
def test_a_source_that_is_none_is_refused(home: Path, source: str, expected_text: str) -> None:
    failed = command(home, "update", "--from", source, "--allow-private")

    assert expected_text in str(failed.exception)
    assert "secret" not in str(failed.exception)
