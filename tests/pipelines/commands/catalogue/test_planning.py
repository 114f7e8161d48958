"""A network enters what it has and has sold from files, sees the difference before, and gets it back as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.small_network import build_network, named

SPRING = """
tenants:
  - id: harbor-lane
    name: Harbor Lane
    timezone: Europe/Berlin
    currency: EUR
shows:
  - {id: tides, title: Tides}
episodes:
  - {id: tides-1, show: tides, title: Low water, published_at: 2026-03-01, duration_s: "1:00:00"}
files:
  - {path: /tides/1.mp3, episode: tides-1, file_bytes: 3601000, header_bytes: 1000}
sponsors:
  - {id: kettle, name: Kettle & Co}
campaigns:
  - {id: spring, sponsor: kettle, name: Spring, starts_on: 2026-03-01, ends_on: 2026-03-31, target_cpa: 25}
attribution:
  - {campaign: spring, window_days: 14}
orders:
  - {number: IO-1, campaign: spring}
placements:
  - id: host-read
    order: IO-1
    show: tides
    name: Host read
    kind: baked_in
    position: pre
    booked_impressions: 100
    price: 90.50
    flight_start: 2026-03-01
    flight_end: 2026-03-31
airings:
  - {placement: host-read, episode: tides-1}
spans:
  - {file: /tides/1.mp3, placement: host-read, start: "0:00", end: "1:00"}
codes:
  - {code: "ＳAVE10 ", placement: host-read}
subscriptions:
  - {id: kettle-weekly, sponsor: kettle, campaign: spring, cadence: weekly, recipients: [Maud@kettle.example]}
inclusions:
  - {network: 192.0.2.0/24, reason: A dormitory, validated_at: 2026-03-01}
rates:
  - {day: 2026-03-01, base: EUR, quote: USD, rate: 1.08}
"""


@pytest.fixture
def url(database_url: str) -> str:
    return database_url


def run(url: str, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["catalogue", *map(str, arguments)], env={"DATABASE_URL": url})


def written(folder: Path, text: str, name: str = "spring.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    warehouse = Warehouse(url)
    with warehouse.transaction() as connection:
        found = connection.execute(query.encode()).fetchall()
    warehouse.close()
    return found


def test_files_are_planned_applied_and_written_again(url: str, tmp_path: Path) -> None:
    file = written(tmp_path, SPRING)
    planned = run(url, "plan", file)
    assert planned.exit_code == 2, planned.output
    assert "added" in planned.output
    assert rows(url, "SELECT * FROM tenants") == []
    applied = run(url, "apply", file, "--by", "Ana")
    assert applied.exit_code == 0, applied.output
    assert rows(url, "SELECT cost_minor, first_byte, last_byte FROM placements, asset_segments") == [
        (9050, 1000, 60_999)
    ]
    assert rows(url, "SELECT code FROM promo_codes") == [("save10",)]
    assert rows(url, "SELECT aired_at = published_at FROM placement_episodes, episodes") == [(True,)]
    assert rows(url, "SELECT recipients, currency FROM report_subscriptions, campaigns") == [
        (["maud@kettle.example"], "EUR")
    ]
    assert rows(
        url, "SELECT person, new_row ->> 'added' FROM config_changes WHERE table_name = 'catalogue_revisions'"
    ) == [("Ana", "14")]
    again = run(url, "plan", file)
    assert again.exit_code == 0, again.output
    for form in ("yaml", "csv"):
        folder = tmp_path / form
        assert run(url, "export", folder, "--format", form).exit_code == 0
        nothing = run(url, "plan", folder, "--prune")
        assert nothing.exit_code == 0, nothing.output
    assert run(url, "apply", tmp_path / "yaml").exit_code == 0
    assert rows(url, "SELECT count(*) FROM catalogue_revisions") == [(1,)]


def test_every_error_is_named_with_its_line_and_nothing_is_written(url: str, tmp_path: Path) -> None:
    wrong = (
        SPRING.replace("position: pre", "position: middle")
        .replace("sponsor: kettle, campaign: spring", "sponsor: kettel, campaign: spring")
        .replace("timezone: Europe/Berlin", "timezone: Europe/Berlim")
        .replace("price: 90.50", "price: 90.505\n    prise: 3")
        .replace("ends_on: 2026-03-31", "ends_on: 2026-02-31")
        .replace('end: "1:00"', 'end: "2:00:00"')
    )
    file = written(tmp_path, wrong)
    refused = run(url, "plan", file)
    assert refused.exit_code == 1
    lines = {int(line.split(":")[1]): line for line in refused.output.splitlines() if line.startswith(str(file))}
    text = wrong.splitlines()
    named_lines = " / ".join(text[number - 1] for number in lines)
    for part in ("middle", "kettel", "prise", "2026-02-31"):
        assert part in named_lines, refused.output
    assert rows(url, "SELECT * FROM tenants") == []


def test_what_only_the_database_refuses_is_named_too(url: str, tmp_path: Path) -> None:
    file = written(tmp_path, SPRING.replace("Europe/Berlin", "Europe/Berlim").replace("Tides}", '"\\u2028"}'))
    refused = run(url, "apply", file)
    assert refused.exit_code == 1
    assert "tenants_timezone_known" in refused.output
    file.write_text(SPRING.replace("starts_on: 2026-03-01", "starts_on: 2026-04-01"))
    backwards = run(url, "apply", file)
    assert "campaigns: the database refuses it: campaigns_check demands (ends_on >= starts_on)" in backwards.output
    assert rows(url, "SELECT * FROM tenants") == []


@pytest.fixture(scope="module")
def network(server: Server, template: str) -> Iterator[str]:
    """Two tenants whose rows were inserted with ids of their own."""
    with cloned_database(server, template) as address:
        warehouse = Warehouse(address)
        build_network(warehouse)
        warehouse.close()
        yield address


def test_rows_that_no_file_made_are_written_found_again_and_changed(network: str, tmp_path: Path) -> None:
    assert run(network, "export", tmp_path).exit_code == 0
    assert run(network, "plan", tmp_path, "--prune").exit_code == 0
    file = tmp_path / "harbor.yaml"
    file.write_text(file.read_text().replace("price: 90", "price: 120.5"))
    changed = run(network, "apply", file)
    assert "price: 90 -> 120.5" in changed.output
    found = rows(network, "SELECT cost_minor, tenant_id FROM placements ORDER BY cost_minor")
    assert found == [(9000, named("kreuz")), (12050, named("harbor"))]


def test_pruning_takes_what_the_files_leave_out_and_nothing_that_events_name(network: str, tmp_path: Path) -> None:
    extra = "tenant: kreuz\nepisodes:\n  - {id: unheard, show: tides, title: Unheard, published_at: 2026-03-01}\n"
    file = written(tmp_path, extra)
    assert run(network, "apply", file).exit_code == 0
    kept = "tenant: kreuz\nepisodes:\n  - {id: other, show: tides, title: Other, published_at: 2026-03-02}\n"
    only = written(tmp_path, kept)
    left = run(network, "plan", only)
    assert "left" in left.output
    assert "removed" not in left.output
    pruned = run(network, "apply", only, "--prune")
    assert pruned.exit_code == 0, pruned.output
    assert rows(network, f"SELECT title FROM episodes WHERE tenant_id = '{named('kreuz')}' ORDER BY title") == [
        ("Low water",),
        ("Other",),
    ]
    assert "events or reports name it" in pruned.output


def test_the_schema_is_printed(url: str) -> None:
    assert '"$schema"' in run(url, "schema").output
