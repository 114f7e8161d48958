"""The console shows text from outside as what it is, and nothing is printed or kept around it."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path

import click
import pytest
from rich.table import Table
from rich.text import Text

from pipelines.console import FriendlyGroup, SafeConsole

ROOT = Path(__file__).parents[2]
NASTY = "[/nope] [bold]x[/] :smile: \x1b[31m\x9b\u202e\u200b\nERROR forged \ud800"
SHOWN = "[/nope] [bold]x[/] :smile: \\x1b[31m\\x9b\\u202e\\u200b\\nERROR forged \\ud800"

# What only libraries of ours or files that hold nobody's data may do by themselves.
WRITES_ITSELF = {
    "pipelines/rules/rulesets.py": "rule sets and their record",
    "pipelines/rules/networks.py": "published networks and their record",
    "pipelines/demo/truth.py": "an invented network",
    "pipelines/demo/cdn_log.py": "an invented network",
    "reports/drawing/noto.py": "published fonts, in the user's cache",
    "pipelines/commands/demo.py": "which invented network was loaded",
}


def printed(*things: object, terminal: bool = True) -> str:
    stream = io.StringIO()
    console = SafeConsole(file=stream, width=200, force_terminal=terminal, color_system=None)
    for thing in things:
        console.print(thing)
    return stream.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_text_is_one_line_of_what_it_is(terminal: bool) -> None:
    assert printed(NASTY, terminal=terminal) == f"{SHOWN}\n"


def test_cells_and_headings_of_a_table_are_shown_too() -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(NASTY)
    table.add_row(NASTY)
    assert [line.rstrip() for line in printed(table).splitlines()] == [SHOWN, SHOWN]


def test_what_comes_in_another_form_is_not_obeyed_either() -> None:
    written = printed(Text(NASTY), Text.assemble((NASTY, "bold")))
    assert not {"\x1b", "\x9b", "\u202e", "\u200b", "\ud800"} & set(written)
    assert "[/nope] [bold]x[/]" in written


def calls(path: Path) -> list[str]:
    """The functions that a module calls, as they are written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").rglob("*.py")), ids=lambda path: path.name)
def test_nothing_prints_but_the_console(path: Path) -> None:
    if path.name == "console.py":
        return
    own = {"print", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write", "Console", "rich.print"}
    assert not own & set(calls(path))


@pytest.mark.parametrize("floor", ["pipelines", "assets", "reports"])
def test_files_are_written_by_the_one_that_keeps_them_private(floor: str) -> None:
    for path in sorted((ROOT / floor).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        writers = [call for call in calls(path) if call.endswith((".write_text", ".write_bytes", ".touch", ".mkdir"))]
        assert not writers or name in WRITES_ITSELF, name


def test_what_a_library_logs_reaches_no_person() -> None:
    """As SQLAlchemy's pool and Dagster's storage do where a connection is lost."""
    code = (
        "import logging; from pipelines.cli import main; main(['demo', '--help'], standalone_mode=False)\n"
        "logging.getLogger('sqlalchemy.pool').error('lost', exc_info=ValueError('lost'))\n"
        "logging.exception('Exception while storing event batch')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "Invent a podcast network" in done.stdout


def test_a_full_disk_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every write to this device fails as on a disk without room."""

    @click.command()
    def fill() -> None:
        with Path("/dev/full").open("w") as file:
            file.write("a line\n")

    with pytest.raises(SystemExit) as ended:
        FriendlyGroup("earshot", {"fill": fill}).main(["fill"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "could not be written: No space left on device" in said
    assert "Make room " in said
    assert "should not happen" not in said
