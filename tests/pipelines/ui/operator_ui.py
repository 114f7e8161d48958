"""The operator's UI: what its buttons send through GraphQL, and the daemon's turns that follow.

Here: the code location in this process, Materialize for single days and for ranges, launchers of runs.
Not here: what the runs leave behind (the tests).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from dagster import AssetKey, AssetMaterialization, DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun
from dagster._core.events import StepMaterializationData
from dagster._core.execution.api import execute_run
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.instance.ref import InstanceRef
from dagster._core.instance.types import InstanceType
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.grpc_server_registry import GrpcServerRegistry
from dagster._core.run_coordinator import DefaultRunCoordinator
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import InMemoryRunStorage
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_jobs
from dagster._grpc.constants import GrpcServerCommand
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster_graphql.schema import create_schema

from pipelines.definitions import defs
from sql.values import Window

# A backfill that is not done by then goes round in circles: the longest chain of steps has seven links.
MOST_TURNS = 25

MATERIALIZE_PARTITIONS = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionKeysNotFoundError { message }
  }
}
"""
MATERIALIZE = """
mutation ($each: [ExecutionParams!]!) {
  launchMultipleRuns(executionParamsList: $each) {
    __typename
    ... on LaunchMultipleRunsResult {
      launchMultipleRunsResult {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
        ... on InvalidSubsetError { message }
        ... on RunConfigValidationInvalid { errors { message } }
      }
    }
    ... on PythonError { message }
  }
}
"""
SCHEMA = create_schema()
# What the daemon says of its turns; errors come back from them.
SILENT = logging.getLogger("tests.pipelines.ui.operator_ui")
SILENT.setLevel(logging.CRITICAL + 1)
TOGETHER = {
    key.to_user_string(): sorted(each.to_user_string() for each in definition.keys)
    for definition in defs.get_repository_def().assets_defs_by_key.values()
    for key in definition.keys
}


class Working(RunLauncher[DagsterInstance]):
    """Executes a run at once, in this process, with the executor that its job names."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def launch_run(self, context: LaunchRunContext) -> None:
        origin = context.job_code_origin
        assert origin is not None
        execute_run(recon_job_from_origin(origin), context.dagster_run, self._instance)

    def terminate(self, run_id: str) -> bool:
        return False


class Claiming(RunLauncher[DagsterInstance]):
    """Says of a run what it would leave behind, and computes nothing: every table of its steps for its days."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.runs: list[DagsterRun] = []

    def launch_run(self, context: LaunchRunContext) -> None:
        run = context.dagster_run
        self.runs.append(run)
        for name in sorted({other for key in run.asset_selection or () for other in TOGETHER[key.to_user_string()]}):
            for partition in partitions_of(run):
                done = StepMaterializationData(AssetMaterialization(AssetKey(name), partition=partition))
                self._say(run, DagsterEventType.ASSET_MATERIALIZATION, done)
        self._say(run, DagsterEventType.RUN_SUCCESS)

    def terminate(self, run_id: str) -> bool:
        return False

    def _say(self, run: DagsterRun, kind: DagsterEventType, data: StepMaterializationData | None = None) -> None:
        event = DagsterEvent(kind.value, run.job_name, event_specific_data=data)
        self._instance.report_dagster_event(event, run.run_id)


def partitions_of(run: DagsterRun) -> Sequence[str | None]:
    """The partition keys that a run's tags name; one None for a run without."""
    first = run.tags.get("dagster/asset_partition_range_start") or run.tags.get("dagster/partition")
    last = run.tags.get("dagster/asset_partition_range_end") or first
    if first is None or last is None:
        return [None]
    if first == last:
        return [first]
    return [f"{day}" for day in Window.of_days(date.fromisoformat(first), date.fromisoformat(last)).days()]


class OperatorUi:
    """The UI and the daemon over one history, in this process."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self._workspace = workspace
        self.history: DagsterInstance = workspace.instance

    def backfill(self, assets: Collection[str], keys: Sequence[str]) -> PartitionBackfill:
        """Materialize of partitions, followed by the daemon's turns until it is done."""
        return self._follow(self.launch(assets, keys))

    def launch(self, assets: Collection[str], keys: Sequence[str]) -> str:
        """Materialize of partitions; returns the backfill's id, before the daemon's first turn."""
        return self._launch({"assetSelection": _paths(assets), "partitionNames": list(keys)})

    def backfill_job(self, job: str, keys: Sequence[str]) -> PartitionBackfill:
        """The backfill of a job's own page, followed as above."""
        repository = {"repositoryName": "__repository__", "repositoryLocationName": "earshot"}
        selector = {"partitionSetName": f"{job}_partition_set", "repositorySelector": repository}
        return self._follow(self._launch({"selector": selector, "partitionNames": list(keys)}))

    def target(self, backfill_id: str) -> dict[str, list[str]]:
        """First and last partition of each asset that a backfill has taken up."""
        found = self.history.get_backfill(backfill_id)
        assert found is not None
        graph = self._workspace.create_request_context().asset_graph
        subsets = found.get_asset_backfill_data(graph).target_subset.partitions_subsets_by_asset_key
        return {key.to_user_string(): sorted(subset.get_partition_keys()) for key, subset in subsets.items()}

    def run(self, assets: Collection[str], tags: Mapping[str, str]) -> DagsterRun:
        """Materialize as a single run, with the checks of the assets, as the dialog sends it."""
        graph = defs.resolve_asset_graph()
        keys = {AssetKey(name) for name in assets}
        checks = [key for key in graph.asset_check_keys if key.asset_key in keys]
        params = {
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
            "runConfigData": "{}",
            "selector": {
                "repositoryLocationName": "earshot",
                "repositoryName": "__repository__",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": _paths(assets),
                "assetCheckSelection": [
                    {"assetKey": {"path": list(key.asset_key.path)}, "name": key.name} for key in checks
                ],
            },
        }
        answer = self._ask(MATERIALIZE, {"each": [params]})["launchMultipleRuns"]
        (launched,) = answer["launchMultipleRunsResult"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run = self.history.get_run_by_id(launched["run"]["runId"])
        assert run is not None
        return run

    def _ask(self, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
        context = self._workspace.create_request_context()
        result = asyncio.run(SCHEMA.execute_async(query, context_value=context, variable_values=variables))
        assert not result.errors, result.errors
        answer: dict[str, Any] = result.data
        return answer

    def _launch(self, params: Mapping[str, object]) -> str:
        answer = self._ask(MATERIALIZE_PARTITIONS, {"params": {**params, "fromFailure": False}})
        launched = answer["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def _follow(self, backfill_id: str) -> PartitionBackfill:
        for _turn in range(MOST_TURNS):
            found = self.history.get_backfill(backfill_id)
            assert found is not None
            if found.status is not BulkActionStatus.REQUESTED:
                return found
            errors = [each for each in execute_backfill_jobs(self._workspace, SILENT, [found]) if each is not None]
            assert not errors, errors
        raise AssertionError(f"{backfill_id} is not done after {MOST_TURNS} turns of the daemon")


@contextmanager
def operator_ui(launcher: RunLauncher[DagsterInstance], folder: str) -> Iterator[OperatorUi]:
    """The UI over an empty history, whose runs go to this launcher."""
    instance = DagsterInstance(
        # The daemon looks for a job's partitions by way of a reference, which only a lasting history has.
        instance_type=InstanceType.PERSISTENT,
        ref=InstanceRef.from_dir(folder),
        settings={"telemetry": {"enabled": False}},
        local_artifact_storage=LocalArtifactStorage(folder),
        run_storage=InMemoryRunStorage(),
        event_storage=InMemoryEventLogStorage(),
        compute_log_manager=NoOpComputeLogManager(),
        run_coordinator=DefaultRunCoordinator(),
        run_launcher=launcher,
    )
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name="pipelines.definitions", attribute="defs"), location_name="earshot"
    )
    # Never used to find a server: the location is in this process.
    servers = GrpcServerRegistry(None, GrpcServerCommand.API_GRPC, 60, 60, wait_for_processes_on_shutdown=False)
    target = InProcessWorkspaceLoadTarget(origin)
    with (
        instance,
        servers,
        WorkspaceProcessContext(instance, target, grpc_server_registry=servers) as workspace,
    ):
        yield OperatorUi(workspace)


def _paths(assets: Iterable[str]) -> list[dict[str, list[str]]]:
    return [{"path": [name]} for name in sorted(assets)]


def failures_of(history: DagsterInstance, run: DagsterRun) -> list[str]:
    """What the steps of a run that is not green said."""
    return [
        str(entry.dagster_event.event_specific_data)[:2000]
        for entry in history.all_logs(run.run_id)
        if entry.dagster_event and entry.dagster_event.is_failure
    ]
