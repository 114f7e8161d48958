"""earshot import: a server log or another service's export becomes raw listener events.

Here: the command, its checks and its summary.
Not here: formats, ids and media files (assets/importing), what the requests are worth (assets/listening).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
import polars as pl

from assets.importing import FORMATS, Batch, EventMaker, MadeBatch, MediaPaths, guess_format, parser_of, read_batches
from pipelines import console, runtime
from pipelines.backfill.progress import Advance, progress_bar
from pipelines.first_day import describe_first_day_change, save_first_day
from pipelines.settings import load_settings
from reports.rendering.csv import harmless
from sql.safety.characters import visible_line
from sql.safety.private import append_private, write_private
from sql.values import PermanentError
from sql.warehouse import Warehouse


@dataclass(slots=True)
class ImportSummary:
    """What an import did. stored is 0 in a dry run, where nothing is."""

    lines: int = 0
    events: int = 0
    stored: int = 0
    rejected: int = 0
    unmapped: int = 0
    first: datetime | None = None
    last: datetime | None = None
    example: str | None = None
    problems: list[str] = field(default_factory=list)

    def count(self, lines: int, made: MadeBatch) -> None:
        self.lines += lines
        self.events += made.events.height
        self.rejected += made.rejects.height
        unmapped = made.events.filter(pl.col("episode_id").is_null()).get_column("event_data")
        self.unmapped += len(unmapped)
        self.example = self.example or next(iter(unmapped.head(1).str.json_path_match("$.path")), None)
        moments = made.events.get_column("occurred_at")
        for moment in (moments.min(), moments.max()):
            if isinstance(moment, datetime):
                self.first = moment if self.first is None else min(self.first, moment)
                self.last = moment if self.last is None else max(self.last, moment)


@dataclass(slots=True)
class RejectFile:
    """The readable list of rejected lines: number, reason and the line as it stood. Begun with the first of them."""

    path: Path
    begun: bool = False

    def add(self, rejects: pl.DataFrame) -> None:
        """Raises PermanentError where the file cannot be written."""
        if rejects.is_empty():
            return
        try:
            # The lines hold addresses of people: only the owner may read them.
            if not self.begun:
                write_private(self.path, "line\treason\ttext\n")
            append_private(
                self.path,
                "".join(
                    f"{number}\t{visible_line(reason)}\t{harmless(visible_line(line))}\n"
                    for number, reason, line in rejects.select("line_number", "reason", "line").iter_rows()
                ),
            )
        except OSError as error:
            raise PermanentError(
                f"the rejected lines cannot be written to {self.path} ({error.strerror}): name a file with --rejects"
            ) from error
        self.begun = True


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_name", type=click.Choice(list(FORMATS)), required=True, help="How the file is written."
)
@click.option("--tenant", required=True, metavar="SLUG", help="Whose requests these are.")
@click.option("--dry-run", is_flag=True, help="Read everything and say what would happen; store nothing.")
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the lines that cannot be read, with the reason. Default: FILE.rejects.tsv.",
)
@click.option(
    "--fields",
    default="",
    metavar='"NAME NAME ..."',
    help="Names of the columns of a real-time log whose configuration does not have all of them, in its order.",
)
def import_command(file: Path, format_name: str, tenant: str, dry_run: bool, rejects: Path | None, fields: str) -> None:
    """Import a log FILE, plain or packed, as raw listener events. Importing it again changes nothing.

    The days that it holds are computed by themselves once the late rows are noticed, or at once by `earshot backfill`.
    """
    rejects_path = rejects or file.with_name(f"{file.name}.rejects.tsv")
    if rejects_path.absolute() == file.absolute():
        raise PermanentError(f"--rejects names the log {file} itself: give another file")
    settings = load_settings()
    with runtime.open_warehouse(settings) as warehouse:
        owner = warehouse.tenant_id(tenant)
        size = file.stat().st_size if file.is_file() else None
        with progress_bar(f"Importing {file.name}", size) as advance:
            progress = _by_place(advance)
            names = fields.replace(",", " ").split()
            summary = import_file(warehouse, owner, file, format_name, dry_run, rejects_path, progress, names)
        change = save_first_day(settings, warehouse) if summary.stored else None
    for line in [*summary_lines(summary, tenant, dry_run, rejects_path), *describe_first_day_change(change)]:
        console.out.print(line)


def import_file(
    warehouse: Warehouse,
    tenant: UUID,
    file: Path,
    format_name: str,
    dry_run: bool,
    rejects_path: Path,
    progress: Callable[[int, str], None] = lambda _bytes, _item: None,
    fields: Sequence[str] = (),
) -> ImportSummary:
    """Store the file's requests and rejects, batch by batch; a batch that is stored stays, whatever comes after it.

    Raises PermanentError if the file cannot be read at all, or if not one line of its first batch is of the format.
    """
    media = MediaPaths.of(warehouse.read("read_media_paths", tenants=[tenant]))
    source = FORMATS[format_name].source
    summary = ImportSummary()
    rejects = RejectFile(rejects_path)
    for batch, made in _made_batches(file, format_name, lambda: EventMaker(tenant, format_name, source, media), fields):
        if batch.problem is not None:
            summary.problems.append(batch.problem)
        summary.count(made.events.height + made.rejects.height, made)
        rejects.add(made.rejects)
        if not dry_run:
            summary.stored += warehouse.insert("listener_events", made.events)
            warehouse.insert("ingest_rejects", made.rejects)
        progress(batch.bytes_read, f"{summary.lines:,} lines")
    if not summary.lines:
        raise PermanentError(f"{file} holds no requests: there are only headers or blank lines in it")
    return summary


def _made_batches(
    file: Path, format_name: str, new_maker: Callable[[], EventMaker], fields: Sequence[str]
) -> Iterator[tuple[Batch, MadeBatch]]:
    """Each batch with its rows; each file of an archive with headers and repeated lines of its own."""
    parser, maker, member = parser_of(format_name, fields), new_maker(), ""
    nothing_yet = True
    for batch in read_batches(file):
        if batch.member != member:
            parser, maker, member = parser_of(format_name, fields), new_maker(), batch.member
        parsed = parser.parse(batch.lines)
        if nothing_yet and parsed.rejects.height and not parsed.requests.height:
            raise _wrong_format(file, format_name, batch.lines, parsed.rejects)
        nothing_yet = nothing_yet and not parsed.requests.height
        yield batch, maker.make(parsed)


def _wrong_format(file: Path, format_name: str, lines: pl.DataFrame, rejects: pl.DataFrame) -> PermanentError:
    number, _, reason = rejects.row(0)
    guess = guess_format(lines)
    advice = (
        f"it looks like a {FORMATS[guess].title}: try --format {guess}"
        if guess is not None and guess != format_name
        else f"it looks like none of the formats that can be imported ({', '.join(FORMATS)})"
    )
    return PermanentError(
        f"no line of {file} is one of a {FORMATS[format_name].title} (line {number}: {reason}); {advice}. "
        "Nothing was stored"
    )


def _by_place(advance: Advance) -> Callable[[int, str], None]:
    """Progress by the place in the file on disk, which a gzip file has too."""
    read_so_far = 0

    def progress(bytes_read: int, item: str) -> None:
        nonlocal read_so_far
        advance(item, bytes_read - read_so_far)
        read_so_far = bytes_read

    return progress


def summary_lines(summary: ImportSummary, tenant: str, dry_run: bool, rejects_path: Path) -> list[str]:
    """What happened, in words: one fact a line."""
    lines = [f"{summary.lines:,} lines read for {tenant}"]
    if dry_run:
        lines.append(f"{summary.events:,} requests would be stored, unless they are there already (dry run)")
    else:
        lines.append(f"{summary.stored:,} requests stored, {summary.events - summary.stored:,} already there")
    if summary.rejected:
        lines.append(f"{summary.rejected:,} lines rejected; see {rejects_path}")
    else:
        lines.append("no line rejected")
    lines.extend(f"not all of it could be read: {problem}" for problem in summary.problems)
    if summary.unmapped:
        lines.append(
            f"{summary.unmapped:,} requests for files that are not in the catalogue, such as {summary.example}; "
            "they will count as unknown_asset"
        )
    if summary.first is not None and summary.last is not None:
        lines.append(f"from {summary.first:%Y-%m-%d %H:%M:%S} to {summary.last:%Y-%m-%d %H:%M:%S} UTC")
        lines.append(
            f"compute these days at once: earshot backfill --tenant {tenant} "
            f"--from {summary.first:%Y-%m-%d} --to {summary.last:%Y-%m-%d}"
        )
    return lines
