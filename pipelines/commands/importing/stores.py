"""Options that say how a store is opened: the same for imports by hand and for sources.

Here: the options. Not here: what they do (assets/importing/sources/places.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--endpoint", metavar="URL", help="The address of a store that speaks S3 and is not Amazon's."),
    click.option("--region", help="The store's region, where it wants one."),
    click.option("--profile", help="A profile of the AWS configuration, for the login."),
    click.option("--account", help="The storage account, for az://."),
    click.option("--anonymous", is_flag=True, help="The store is public: no login."),
)


def store_options(command: Command) -> Command:
    """The command with the options; it takes them as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def place_options(store: dict[str, Any]) -> dict[str, str]:
    """The options that were given, as a place keeps them."""
    return {name: "yes" if value is True else str(value) for name, value in store.items() if value}
