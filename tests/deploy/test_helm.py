"""values.yaml and earshot.yaml: commands, variables, ports, and Kubernetes' own schemas of its objects."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job

from pipelines.instance import GuardedInstance
from pipelines.settings import EXECUTORS
from tests.deploy.reading import DEPLOY, ROOT, known_variables, parse

VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text(encoding="utf-8"))
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "helm" / "earshot.yaml").read_text(encoding="utf-8")))
(CODE,) = VALUES["dagster-user-deployments"]["deployments"]
PODS = {"code": CODE, "webserver": VALUES["dagsterWebserver"], "daemon": VALUES["dagsterDaemon"]}


# Where the chart's own schema (its values.schema.json, which `helm` holds values against) takes no other keys.
POD_KEYS = {
    *("affinity", "annotations", "deploymentLabels", "env", "envConfigMaps", "envSecrets", "image", "labels"),
    *("livenessProbe", "nodeSelector", "podSecurityContext", "readinessProbe", "resources", "schedulerName"),
    *("securityContext", "startupProbe", "tolerations", "volumeMounts", "volumes"),
}
WEBSERVER_KEYS = {
    *("dbPoolRecycle", "dbStatementTimeout", "enableReadOnly", "logLevel", "nameOverride", "pathPrefix"),
    *("replicaCount", "service", "workspace"),
}
DAEMON_KEYS = {
    *("enabled", "heartbeatTolerance", "runCoordinator", "runMonitoring", "runRetries", "schedules", "sensors"),
}
LAUNCHER_KEYS = {
    *("envConfigMaps", "envSecrets", "envVars", "failPodOnRunFailure", "image", "imagePullPolicy", "jobNamespace"),
    *("kubeconfigFile", "labels", "loadInclusterConfig", "resources", "runK8sConfig", "schedulerName"),
    *("securityContext", "volumeMounts", "volumes"),
}
QUEUE_KEYS = {
    *("dequeueIntervalSeconds", "dequeueNumWorkers", "dequeueUseThreads", "maxConcurrentRuns", "tagConcurrencyLimits"),
}
CLOSED = {
    "dagsterWebserver": POD_KEYS | WEBSERVER_KEYS,
    "dagsterWebserver.service": {"type", "port", "annotations"},
    "dagsterDaemon": POD_KEYS | DAEMON_KEYS,
    "dagsterDaemon.runCoordinator": {"enabled", "type", "config"},
    "dagsterDaemon.runCoordinator.config.queuedRunCoordinator": QUEUE_KEYS,
    "dagsterDaemon.runCoordinator.config.queuedRunCoordinator.tagConcurrencyLimits.0": {"key", "value", "limit"},
    "runLauncher": {"type", "config"},
    "runLauncher.config.k8sRunLauncher": LAUNCHER_KEYS,
    "runLauncher.config.k8sRunLauncher.runK8sConfig": {
        *("containerConfig", "jobMetadata", "jobSpecConfig", "podSpecConfig", "podTemplateSpecMetadata"),
    },
    # Not closed there: a key that the chart does not know would do nothing, and nobody would be told.
    "": {
        *("additionalInstanceConfig", "busybox", "computeLogManager", "dagster-user-deployments", "dagsterDaemon"),
        *("dagsterWebserver", "flower", "generateCeleryConfigSecret", "generatePostgresqlPasswordSecret", "global"),
        *("imagePullSecrets", "ingress", "migrate", "postgresql", "pythonLogs", "rabbitmq", "redis", "retention"),
        *("runLauncher", "scheduler", "serviceAccount", "telemetry"),
    },
    "dagster-user-deployments.deployments.0": (POD_KEYS - {"deploymentLabels"})
    | {
        *(
            "codeServerArgs",
            "dagsterApiGrpcArgs",
            "deploymentStrategy",
            "includeConfigInLaunchedRuns",
            "initContainers",
        ),
        *("name", "pdb", "port", "service", "serviceAccount", "sidecarContainers"),
    },
}


# The newest version that the package of schemas has.
KUBERNETES = "1.37"


def check(manifest: dict[str, Any]) -> None:
    """Raises ValidationError for what Kubernetes' schema of the object does not know, lacks, or has of another type."""
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def pod_of(container: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod with that container, as the chart makes one."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "earshot"},
        "spec": {"containers": [{"name": "earshot", "image": "earshot:local", **container}], **spec},
    }


def test_the_chart_and_the_image_are_of_the_pinned_versions() -> None:
    text = (DEPLOY / "helm" / "values.yaml").read_text()
    assert set(re.findall(r"version (\d[\d.]*\d)", text)) == {version("dagster")}
    for pod in PODS.values():
        assert pod["image"]["tag"] == version("earshot")


def test_commands_variables_and_ports_are_those_of_the_program() -> None:
    parse(["dagster", "code-server", "start", "-h", "0.0.0.0", "-p", str(CODE["port"]), *CODE["codeServerArgs"]])
    parse(VALUES["dagsterDaemon"]["livenessProbe"]["exec"]["command"])
    for pod in PODS.values():
        assert set(pod["env"]) <= known_variables()
    assert CODE["env"]["EARSHOT_EXECUTOR"] in EXECUTORS
    webserver = VALUES["dagsterWebserver"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert webserver[probe]["httpGet"] == {"path": "/server_info", "port": webserver["service"]["port"]}
    policy = next(each for each in OBJECTS if each["kind"] == "NetworkPolicy")
    assert policy["spec"]["ingress"][0]["ports"] == [{"port": CODE["port"]}]


@pytest.mark.parametrize("path", CLOSED)
def test_the_chart_knows_every_key(path: str) -> None:
    found: Any = VALUES
    for part in path.split(".") if path else []:
        found = found[int(part)] if isinstance(found, list) else found[part]
    assert set(found) <= CLOSED[path]


def test_what_goes_into_the_environment_is_text_as_the_chart_wants_it() -> None:
    for pod in PODS.values():
        assert all(isinstance(value, str) for value in pod["env"].values())


@pytest.mark.parametrize("name", PODS)
def test_pods_have_no_right_and_write_only_where_a_volume_is(name: str) -> None:
    pod = PODS[name]
    probes = {
        probe: {key: value for key, value in pod[probe].items() if key != "enabled"}
        for probe in ("readinessProbe", "livenessProbe", "startupProbe")
        if probe in pod
    }
    container = {key: pod[key] for key in ("securityContext", "volumeMounts", "resources")}
    variables = {
        "env": [{"name": key, "value": value} for key, value in pod["env"].items()],
        "envFrom": [{"secretRef": each} for each in pod["envSecrets"]],
    }
    check(pod_of(container | probes | variables, securityContext=pod["podSecurityContext"], volumes=pod["volumes"]))
    # Whatever else the settings know comes by that secret.
    assert pod["envSecrets"] == [{"name": "earshot-settings"}]
    assert pod["podSecurityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["readOnlyRootFilesystem"]
    assert {each["name"] for each in pod["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    mounted = {each["mountPath"] for each in pod["volumeMounts"]}
    assert any(pod["env"]["EARSHOT_DAGSTER_FOLDER"].startswith(f"{place}/") for place in mounted)


def test_runs_and_their_steps_are_configured_as_the_launcher_takes_it() -> None:
    given = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]

    def snake(value: Any) -> Any:
        if isinstance(value, dict):
            return {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", key): value[key] for key in value}
        return value

    taken = UserDefinedDagsterK8sConfig.from_dict(snake(given))  # type: ignore[no-untyped-call]
    assert taken.container_config["resources"]["limits"] == {"memory": "6Gi"}
    pod = pod_of(given["containerConfig"], restartPolicy="Never", **given["podSpecConfig"])
    template = {"metadata": given["podTemplateSpecMetadata"], "spec": pod["spec"]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "run"}}
    check({**job, "spec": {"template": template, **given["jobSpecConfig"]}})
    instance = VALUES["additionalInstanceConfig"]["instance_class"]
    assert (instance["module"], instance["class"]) == (GuardedInstance.__module__, GuardedInstance.__name__)


def test_the_objects_beside_the_chart_have_only_keys_of_kubernetes_and_parse_their_commands() -> None:
    kinds = {each["kind"]: each for each in OBJECTS}
    assert sorted(kinds) == ["Job", "NetworkPolicy", "PodDisruptionBudget"]
    for each in OBJECTS:
        check(each)
    (container,) = kinds["Job"]["spec"]["template"]["spec"]["containers"]
    parse(container["command"])
    assert container["image"] == f"{CODE['image']['repository']}:{CODE['image']['tag']}"
    wrong = copy.deepcopy(kinds["Job"])
    wrong["spec"]["backofLimit"] = wrong["spec"].pop("backoffLimit")
    with pytest.raises(kubernetes_validate.ValidationError, match="backofLimit"):
        check(wrong)


def test_only_who_asks_the_code_server_reaches_it_and_a_drained_node_leaves_one_webserver() -> None:
    kinds = {each["kind"]: each["spec"] for each in OBJECTS}
    (peer,) = kinds["NetworkPolicy"]["ingress"][0]["from"]
    # The label by which the chart tells its deployments apart; pods that Dagster itself launches do not have it.
    (chosen,) = peer["podSelector"]["matchExpressions"]
    assert chosen == {"key": "component", "operator": "In", "values": ["dagster-webserver", "dagster-daemon"]}
    launched = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="earshot:local"), [], "run", component="run_worker", pod_name="run"
    )
    assert "component" not in launched.spec.template.metadata.labels
    budget = kinds["PodDisruptionBudget"]
    assert budget["selector"]["matchLabels"] == {"component": "dagster-webserver"}
    assert 1 <= budget["minAvailable"] < VALUES["dagsterWebserver"]["replicaCount"]


def test_the_limits_of_the_queue_are_those_of_dagster_yaml() -> None:
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    queue = VALUES["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue["tagConcurrencyLimits"] == ours["concurrency"]["runs"]["tag_concurrency_limits"]
    assert VALUES["dagsterDaemon"]["runRetries"]["maxRetries"] == ours["run_retries"]["max_retries"]
