"""The code location: it loads without a database, and every asset has a group and a description."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetKey

from assets.raw.quality import QUALITIES
from assets.steps import RAW_ASSETS
from assets.upkeep.checks import CHECKS
from pipelines.backfill.computing import STEPS_OF
from pipelines.cli import COMMANDS, main
from pipelines.definitions import defs

GRAPH = defs.resolve_asset_graph()

# What people have on screen every morning: a change of it is meant, or a mistake.
GROUPS = {
    "raw": {"listener_events", "attribution_events"},
    "listening": {"request_dispositions", "downloads", "listener_metrics", "listener_dimension_metrics"},
    "attribution": {"ad_exposures", "conversions", "attribution_credits"},
    "campaigns": {
        "placement_delivery",
        "campaign_reach",
        "campaign_roi",
        "model_totals",
        "lift_results",
        "campaign_benchmarks",
    },
    "reporting": {
        "weekly_sponsor_reports",
        "monthly_sponsor_reports",
        "final_sponsor_reports",
        "report_deliveries",
        "provider_events",
    },
    "upkeep": {"tenant_checks"},
}


@pytest.mark.parametrize("group", GROUPS)
def test_every_promised_asset_is_in_its_group(group: str) -> None:
    present = {key.to_user_string() for key in GRAPH.get_all_asset_keys() if GRAPH.get(key).group_name == group}
    assert GROUPS[group] <= present


def test_every_asset_says_what_it_is() -> None:
    silent = [key.to_user_string() for key in GRAPH.get_all_asset_keys() if not GRAPH.get(key).description]
    assert silent == []


def test_every_job_clock_sensor_and_check_says_what_it_does() -> None:
    repository = defs.get_repository_def()
    named = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    kinds = (named, repository.schedule_defs, repository.sensor_defs)
    assert [each.name for kind in kinds for each in kind if not each.description] == []
    assert [str(key) for key in GRAPH.asset_check_keys if not GRAPH.get_check_spec(key).description] == []


def test_credits_look_back_sixty_days_at_the_ads() -> None:
    upstream = GRAPH.get(AssetKey("attribution_credits")).partition_mappings[AssetKey("ad_exposures")]
    assert getattr(upstream, "start_offset", None) == -60


@pytest.mark.parametrize("job", STEPS_OF)
def test_a_job_runs_exactly_what_its_progress_counts(job: str) -> None:
    selected = defs.resolve_job_def(job).asset_layer.selected_asset_keys
    looked_at = set(RAW_ASSETS) if job == "daily_rollups" else set()
    assert {key.to_user_string() for key in selected} == set(STEPS_OF[job]) | looked_at


def test_loading_the_code_location_needs_no_database_and_makes_no_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import pipelines.definitions"],
        env={"PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    import click

    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help


def test_some_tables_of_a_day_can_be_run_without_the_others() -> None:
    listening = {AssetKey(name) for name in ("request_dispositions", "downloads", "listener_metrics")}
    listening |= {AssetKey("listener_dimension_metrics"), AssetKey("ad_exposures")}
    subset = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=listening)
    assert subset.asset_layer.selected_asset_keys == listening
    expected = {check.name for check in CHECKS if AssetKey(check.asset) in listening}
    expected |= {quality.name for quality in QUALITIES if AssetKey(quality.table) in listening}
    assert {key.name for key in subset.asset_layer.asset_graph.asset_check_keys} == expected
