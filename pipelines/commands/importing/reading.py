"""How a log is read: the options of the command that say it, and the explanation before anything is stored.

Here: the format by name or by an operator's own mapping, trusted proxies, and --explain.
Not here: what is explained (assets/importing/explaining.py), the command (logs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import click

from assets.importing import FORMATS, MediaPaths, open_log
from assets.importing.addresses import TrustedProxies
from assets.importing.explaining import explain
from assets.importing.formats import mapping_of
from assets.importing.mappings.mapping import LogMapping, load_mapping
from pipelines import console
from sql.values import PermanentError
from sql.warehouse import Warehouse

OPTIONS = (
    click.option(
        "--format",
        "format_name",
        type=click.Choice(list(FORMATS)),
        help="How the objects are written. Without it, the format that reads their first lines best.",
    ),
    click.option(
        "--map",
        "map_file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="A mapping file of your own, for a format that is none of these (docs/log-formats.md).",
    ),
    click.option(
        "--trusted-proxy",
        "proxies",
        multiple=True,
        metavar="NETWORK",
        help="Addresses of proxies of yours, whose X-Forwarded-For is believed. May be given more than once.",
    ),
    click.option(
        "--explain",
        "is_explained",
        is_flag=True,
        help="Show which formats fit, the first rows as they would be stored, and what would be lost; store nothing.",
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options that say how a log is read."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def chosen_mapping(format_name: str | None, map_file: Path | None) -> LogMapping | None:
    """The format that was named; None where none was. Raises PermanentError where two were."""
    if format_name and map_file:
        raise PermanentError("--format and --map both say how the log is written: give one of them")
    if map_file is not None:
        return load_mapping(map_file)
    return mapping_of(format_name) if format_name else None


def print_explanation(
    name: str,
    content: BinaryIO,
    mapping: LogMapping | None,
    fields: Sequence[str],
    proxies: Sequence[str],
    media: MediaPaths | None,
) -> None:
    """Show how an object would be read. media: the files of the tenant, where one was named."""
    for line in explain(open_log(name, content), name, mapping, fields, TrustedProxies.of(proxies), media):
        console.out.print(line)


def files_of(warehouse: Warehouse, tenant: str) -> MediaPaths:
    """The media files of a tenant, by its slug."""
    owner: UUID = warehouse.tenant_id(tenant)
    return MediaPaths.of(warehouse.read("read_media_paths", tenants=[owner]))
