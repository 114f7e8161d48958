"""Arrivals: the sensor that looks at sources, and the run that imports from a real object store what is new there."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from dagster import DagsterInstance, RunRequest, build_sensor_context

from assets.importing import LogImport, import_batches, open_log
from assets.importing.sources.configured import Source, add_source, read_object_states
from assets.importing.sources.places import Place
from pipelines.arrivals import new_objects
from pipelines.backfill.computing import run_job
from pipelines.definitions import defs
from pipelines.health.freshness import find_stale
from pipelines.sensors import early_rows
from sql.warehouse import Warehouse
from tests.object_store import ObjectStore, free_ports
from tests.pipelines.commands.importing.network import TENANT, fill_network, source_at
from tests.pipelines.running import home_of_its_own

SOUTH = UUID("6f1c1a34-0d5e-4a53-9a2e-5a6de1f6a002")
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "cloudfront.log"


@pytest.fixture
def sources(warehouse: Warehouse, store: ObjectStore, tmp_path: Path) -> Any:
    """North's log lies in a bucket beside what is no log; the store of south's does not answer."""
    fill_network(warehouse)
    warehouse.insert(
        "tenants",
        pl.DataFrame({"tenant_id": [SOUTH.bytes], "slug": ["south"], "name": ["South"], "brand_name": ["South"]}),
    )
    store.put("arrivals/cdn/E1.2026-10-14-06.gz", b"\x1f\x8b no gzip at all")
    store.put("arrivals/cdn/E1.2026-10-14-07.gz", gzip.compress(EXAMPLE.read_bytes()))
    dead = f"http://127.0.0.1:{free_ports(1)[0]}"
    for slug, tenant, endpoint in (("north", TENANT, store.endpoint), ("south", SOUTH, dead)):
        place = Place("s3://arrivals/cdn/", {"endpoint": endpoint})
        add_source(warehouse, source_at(place, tenant=tenant, tenant_slug=slug, format_name="cloudfront"))
    with home_of_its_own(tmp_path / "home"):
        yield warehouse


def tick(warehouse: Warehouse, history: DagsterInstance) -> tuple[list[RunRequest], str]:
    context = build_sensor_context(
        history,
        repository_def=defs.get_repository_def(),
        sensor_name="new_objects",
        resources={"warehouse": warehouse},
    )
    found = new_objects.evaluate_tick(context)
    return list(found.run_requests or []), found.skip_message or ""


def test_new_objects_are_imported_once_bad_ones_set_aside_and_a_dead_store_is_named(sources: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        (request,), _ = tick(sources, history)
        tenants = request.run_config["resources"]["scope"]["config"]["tenants"]
        assert tenants == ["north"]

        done = run_job(sources, history, "log_imports", tenants=tenants)

        (event,) = done.get_asset_materialization_events()
        metadata: dict[str, Any] = {name: value.value for name, value in event.materialization.metadata.items()}
        assert (metadata["objects"], metadata["rows"], metadata["rejects"], metadata["set_aside"]) == (1, 7, 1, 1)
        assert "| north/cdn | 1 | 8 | 7 | 0 | 1 | 1 |" in metadata["table"]
        assert metadata["longest_lag_hours"] >= 0
        assert "E1.2026-10-14-06.gz" in metadata["set_aside_because"]
        assert tick(sources, history) == ([], "Nothing is new in 2 source(s).")

    states = {
        name.rsplit("-", 1)[-1]: each.state for name, each in read_object_states(sources, _north(sources)).items()
    }
    assert states == {"06.gz": "quarantined", "07.gz": "imported"}
    failures = sources.read("read_tenant_failures", tenants=[TENANT, SOUTH]).sort("cause")
    assert failures["stage"].to_list() == ["importing", "importing"]
    assert "1 object(s) of north/cdn are set aside" in failures["cause"][0]
    assert "could not be read now" in failures["cause"][1]


def _north(warehouse: Warehouse) -> Source:
    from assets.importing.sources.configured import find_source

    return find_source(warehouse, "north/cdn")


def test_without_a_source_nothing_is_looked_at(warehouse: Warehouse) -> None:
    with DagsterInstance.ephemeral() as history:
        assert "No tenant has a source" in tick(warehouse, history)[1]


def test_the_lag_is_from_the_newest_object_to_its_import() -> None:
    from assets.importing.sources.places import FoundObject
    from assets.importing.sources.reading import SourceRead
    from assets.importing.storing import ImportSummary

    source = source_at(Place("/logs"))
    read = SourceRead(source)
    now = datetime(2026, 10, 14, 12, tzinfo=UTC)
    for hour in (11, 9):
        moment = datetime(2026, 10, 14, hour, tzinfo=UTC)
        read.add(FoundObject("a", "1", 1, moment, source.place, "a", None), ImportSummary(), now)
    assert (read.imported, read.lag_hours) == (2, 1.0)


def test_days_of_a_new_tenants_first_import_are_stale_and_computed_however_old_they_are(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Nothing of the tenant was computed before, and the days are older than the partitions of this process."""
    fill_network(warehouse)
    task = LogImport(
        tenant=TENANT, tenant_slug="north", object="a.log", format_name="cloudfront", started_by="ann", is_forced=True
    )
    old = EXAMPLE.read_bytes().replace(b"2026-10-14", b"2024-03-05")
    import_batches(warehouse, task, open_log("a.log", BytesIO(old)))

    with (
        home_of_its_own(tmp_path / "home"),
        pytest.MonkeyPatch.context() as patch,
        DagsterInstance.ephemeral() as history,
    ):
        patch.delenv("EARSHOT_FIRST_DAY")
        patch.setattr("pipelines.sensors.loaded_first_day", lambda: date(2026, 1, 1))
        stale = find_stale(warehouse)
        assert stale is not None
        assert (str(stale.first), str(stale.last), stale.tenants) == ("2024-03-05", "2024-03-05", (TENANT,))
        context = build_sensor_context(
            history,
            repository_def=defs.get_repository_def(),
            sensor_name="early_rows",
            resources={"warehouse": warehouse},
        )
        assert len(early_rows.evaluate_tick(context).run_requests or []) == 1

        patch.setenv("DATABASE_URL", warehouse._url)
        done = defs.resolve_job_def("early_days").execute_in_process(instance=history)

        assert done.success
        assert find_stale(warehouse) is None
    judged = warehouse.read("read_judged_requests", first=date(2024, 3, 5), last=date(2024, 3, 5), tenants=[TENANT])
    assert judged["requests"].to_list() == [7]


def test_days_before_a_first_day_that_is_set_are_left_alone(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_network(warehouse)
    task = LogImport(
        tenant=TENANT, tenant_slug="north", object="a.log", format_name="cloudfront", started_by="ann", is_forced=True
    )
    import_batches(warehouse, task, open_log("a.log", BytesIO(EXAMPLE.read_bytes())))
    assert find_stale(warehouse) is not None
    monkeypatch.setenv("EARSHOT_FIRST_DAY", "2026-11-01")
    assert find_stale(warehouse) is None


def test_a_source_that_could_be_looked_at_again_is_no_failure_any_more(warehouse: Warehouse, tmp_path: Path) -> None:
    fill_network(warehouse)
    place = tmp_path / "logs"
    add_source(warehouse, source_at(place))
    with home_of_its_own(tmp_path / "home"), DagsterInstance.ephemeral() as history:
        tick(warehouse, history)
        assert warehouse.read("read_tenant_failures", tenants=[TENANT]).height == 1
        place.mkdir()
        assert tick(warehouse, history) == ([], "Nothing is new in 1 source(s).")
    assert warehouse.read("read_tenant_failures", tenants=[TENANT]).height == 0
