"""Stores: a source of logs in an object store that is there, read as `earshot ui` reads it.

Here: objects that are laid, read, changed, broken and taken away at an address, and what is stored of them.
Not here: the store, which whoever runs this starts, and its login, which its library finds as that of a source.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from assets.importing.sources.configured import Source, add_source, read_object_states
from assets.importing.sources.objects import importer
from assets.importing.sources.places import OPTIONS, Place, filesystem_of, find_objects, opened
from assets.importing.sources.reading import SourceRead, has_news, read_source
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.commands.importing.network import TENANT, fill_network
from tests.trials.table import Table, trial_server

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def log(*seconds: int) -> bytes:
    """A log with a request at each of these seconds."""
    return "".join(
        f'192.0.2.7 - - [14/Oct/2026:08:12:{second:02} +0000] "GET /harbour-hours/041-the-lock-keeper.mp3 HTTP/1.1" '
        '200 500 "-" "AntennaPod/3.4.0"\n'
        for second in seconds
    ).encode()


class Bucket:
    """The place of a source, into which this trial writes."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.store, path = filesystem_of(place)
        self.path = path.rstrip("/")
        bucket = self.path.partition("/")[0]
        if not self.store.exists(bucket):
            self.store.mkdir(bucket)

    def put(self, name: str, content: bytes) -> None:
        self.store.pipe_file(f"{self.path}/{name}", content)

    def remove(self, name: str) -> None:
        self.store.rm_file(f"{self.path}/{name}")


def main(given: Sequence[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.stores", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "location", help="a place for nothing else, with a slash at its end, such as gs://bucket/trial/"
    )
    for name in OPTIONS:
        if name == "anonymous":
            parser.add_argument("--anonymous", action="store_const", const="yes")
        else:
            parser.add_argument(f"--{name}")
    parser.add_argument("--objects", type=int, default=300)
    options = vars(parser.parse_args(given))
    place = Place(options["location"], {name: options[name] for name in OPTIONS if options[name]})
    table = Table()
    table.head(place.location)
    with (
        trial_server() as (server, template, _folder),
        cloned_database(server, template) as url,
        closing(Warehouse(url)) as warehouse,
    ):
        fill_network(warehouse)
        try_source(table, warehouse, place, options["objects"])
    return table.end()


def try_source(table: Table, warehouse: Warehouse, place: Place, objects: int) -> None:
    """What a source promises: each object once, changed ones again, bad ones set aside, and a stop loses none."""
    bucket = Bucket(place)
    source = Source(
        tenant=TENANT,
        tenant_slug="north",
        name="cdn",
        kind="requests",
        place=place,
        format_name="combined",
        entered_by="a trial",
    )
    add_source(warehouse, source)
    for number in range(objects):
        bucket.put(f"2026/{number:05}.log.gz", gzip.compress(log(number % 60)))
    found = find_objects(place)
    table.say("objects laid", objects)
    table.say("objects found", len(found), holds=len(found) == objects)
    timed = sum(each.modified_at is not None and each.bytes is not None for each in found)
    table.say("    with time and size", timed, holds=timed == objects)
    behind = len(find_objects(Place(f"{place.location}2026/0000", place.options)))
    table.say("behind the beginning of a name", behind, holds=behind == min(objects, 10))
    matching = len(find_objects(Place(f"{place.location}**/*.gz", place.options)))
    table.say("by a pattern", matching, holds=matching == objects)
    with opened(found[0]) as path:
        table.say("an object as a local file", path.suffix, holds=path.read_bytes()[:2] == b"\x1f\x8b")

    stopped = stop_after(warehouse, source, objects // 2)
    table.say("objects read before a stop", stopped)
    rest = read(warehouse, source)
    table.say("read after it", rest.imported, holds=stopped + rest.imported == objects)
    again = read(warehouse, source)
    table.say(
        "read a second time", again.imported, holds=again.imported == 0 and not has_news(warehouse, source, LATER)
    )

    bucket.put("2026/00000.log.gz", gzip.compress(log(0, 1)))
    bucket.put("bad.log", b"no log at all\n")
    bucket.put("new.log", log(2))
    changed = read(warehouse, source)
    table.say("read of one that changed and one that is new", changed.imported, holds=changed.imported == 2)
    table.say(
        "set aside", len(changed.quarantined), holds=[Path(name).name for name in changed.quarantined] == ["bad.log"]
    )
    bucket.put("bad.log", log(3))
    mended = read(warehouse, source)
    table.say("read once it was mended", mended.imported, holds=mended.imported == 1 and not mended.quarantined)
    known = read_object_states(warehouse, source)
    table.say("objects noted", len(known), holds=len(known) == objects + 2)

    for each in find_objects(place):
        each.store.rm_file(each.path)
    for what, location in (("an emptied place", place.location), ("a bucket that is not there", _another(place))):
        try:
            reason = f"{len(find_objects(Place(location, place.options)))} objects"
        except PermanentError as error:
            reason = str(error)
        table.say(what, reason[:60], holds="0 objects" in reason or "does not exist" in reason)


def read(warehouse: Warehouse, source: Source) -> SourceRead:
    return read_source(warehouse, source, importer(warehouse, "a trial"), clock=lambda: LATER)


def stop_after(warehouse: Warehouse, source: Source, objects: int) -> int:
    """Read the source until somebody stops it; returns how many objects are noted."""
    import_one, done = importer(warehouse, "a trial"), iter(range(objects))

    def import_some(*arguments: object) -> object:
        if next(done, None) is None:
            raise KeyboardInterrupt
        return import_one(*arguments)  # type: ignore[arg-type]

    with suppress(KeyboardInterrupt):
        read_source(warehouse, source, import_some, clock=lambda: LATER)  # type: ignore[arg-type]
    return len(read_object_states(warehouse, source))


def _another(place: Place) -> str:
    scheme, _, rest = place.location.partition("://")
    return f"{scheme}://no-such-{rest.partition('/')[0]}/x/"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
