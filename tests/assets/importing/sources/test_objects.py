"""One object of a source is imported as the source says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assets.importing.sources.objects import importer
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.assets.importing.sources.test_configured import CDN, OBJECT
from tests.pipelines.commands.importing.network import fill_network

FIELDS = "timestamp c-ip sc-status sc-bytes cs-method cs-uri-stem cs-user-agent"
LINE = "1792051982.123\t192.0.2.7\t200\t500\tGET\t/harbour-hours/041-the-lock-keeper.mp3\tAntennaPod/3\n"


def test_fields_and_format_are_those_of_the_source_and_errors_name_the_object(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    fill_network(warehouse)
    source = replace(CDN, reading={"fields": FIELDS})
    copy = tmp_path / "copy"
    copy.write_text(LINE)
    assert importer(warehouse, "earshot")(source, OBJECT, copy, False).stored == 1
    (row,) = warehouse.rows("read_imports", tenants=[source.tenant], numbers=None, since="2000-01-01", most=9)
    assert (row["object"], row["version"], row["started_by"]) == (OBJECT.name, OBJECT.version, "earshot")

    copy.write_text("no log\n")
    with pytest.raises(PermanentError, match=r"no line of s3://logs/E1\.gz"):
        importer(warehouse, "earshot")(source, OBJECT, copy, False)
