"""Reading what lies in deploy/: files with their variables filled in, commands taken apart, and what settings know.

Here: helpers of the tests beside it. Not here: what holds (test_*.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

# What Dagster, our processes and the libraries of object stores read besides the settings.
OTHERS = {"EARSHOT_DAGSTER_FOLDER", "DAGSTER_HOME", "EARSHOT_DEBUG", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}

# Names of settings, as code spells them.
SETTING = re.compile(r"(EARSHOT|DATABASE|POSTGRES|SMTP|SENDGRID)_[A-Z0-9_]*[A-Z0-9]|DAGSTER_POSTGRES_URL")


def filled(text: str, **values: str) -> str:
    """The text with its ${NAME:-default} filled in as Compose does, from these values and the defaults."""
    return VARIABLE.sub(lambda found: values.get(found["name"]) or found["default"] or "", text)


@cache
def compose() -> dict[str, Any]:
    """deploy/compose.yaml with its defaults, merges resolved."""
    loaded: dict[str, Any] = yaml.safe_load(filled((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    return loaded


class Recording(dict[str, str]):
    """An environment that remembers what was read of it."""

    def __init__(self) -> None:
        super().__init__({"POSTGRES_HOST": "localhost"})
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


@cache
def known_variables() -> frozenset[str]:
    """Every variable that an operator can set."""
    from pipelines.settings import event_log_setting, first_day_setting, load_settings

    environment = Recording()
    load_settings(environment)
    first_day_setting(environment)
    event_log_setting(environment)
    return frozenset(environment.names | OTHERS)


def variables_in_code() -> frozenset[str]:
    """Every name of a setting that stands by itself in the code of the product."""
    trees = (
        ast.parse(path.read_text(encoding="utf-8"))
        for room in ("pipelines", "assets", "reports", "sql")
        for path in (ROOT / room).rglob("*.py")
    )
    words = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(word for word in words if isinstance(word, str) and SETTING.fullmatch(word))


def documented_variables() -> frozenset[str]:
    """The names in the table of settings of docs/operators.md; after `A_B_S`, `_C_S` stands for A_C_S."""
    table = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8").partition("\n## Settings\n")[2]
    found: list[str] = []
    for name in re.findall(r"`(_?[A-Z][A-Z0-9]*_[A-Z0-9_]+|_[A-Z]+)`", table.partition("\n## ")[0]):
        kept = found[-1].split("_")[: -name.count("_")] if name.startswith("_") else []
        found.append("_".join(kept) + name)
    return frozenset(found)


def parse(words: Sequence[str]) -> None:
    """Take a command apart as its program does, without running it. Raises click.UsageError for what it refuses."""
    program, *rest = words
    _parse(_programs()[program], program, rest)


def _programs() -> Mapping[str, click.Command]:
    from dagster._cli import create_dagster_cli
    from dagster._daemon.cli import create_dagster_daemon_cli

    from pipelines.cli import main

    return {"earshot": main, "dagster": create_dagster_cli(), "dagster-daemon": create_dagster_daemon_cli()}  # type: ignore[no-untyped-call]


def _parse(command: click.Command, name: str, words: Sequence[str]) -> None:
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        found, inner, rest = command.resolve_command(context, list(words))
        assert inner is not None
        assert found is not None
        _parse(inner, found, rest)
    else:
        command.make_context(name, list(words))


def ours(services: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The services that run our image."""
    for name, service in services.items():
        if str(service["image"]).startswith("earshot:"):
            yield name, service


def option(words: Sequence[str], name: str) -> str:
    """The value of an option of a command."""
    return words[list(words).index(name) + 1]
