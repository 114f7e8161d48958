"""values.yaml and earshot.yaml: commands, variables, ports, and every key of Kubernetes' own objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytest
import yaml
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from kubernetes import client

from pipelines.instance import GuardedInstance
from pipelines.settings import EXECUTORS
from tests.deploy.reading import DEPLOY, ROOT, known_variables, parse

VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text(encoding="utf-8"))
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "helm" / "earshot.yaml").read_text(encoding="utf-8")))
(CODE,) = VALUES["dagster-user-deployments"]["deployments"]
PODS = {"code": CODE, "webserver": VALUES["dagsterWebserver"], "daemon": VALUES["dagsterDaemon"]}


def check(value: Any, kind: str) -> None:
    """Raises AssertionError for a key that Kubernetes' objects of that kind do not have."""
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        for each in value:
            check(each, listed[1])
    elif mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        for each in value.values():
            check(each, mapped[1])
    elif kind.startswith("V1"):
        model = getattr(client, kind)
        names = {written: attribute for attribute, written in model.attribute_map.items()}
        assert isinstance(value, Mapping), f"{kind}: {value}"
        assert set(value) <= set(names), f"{kind} has no {sorted(set(value) - set(names))}"
        for key, inner in value.items():
            check(inner, model.openapi_types[names[key]])
    elif kind in ("str", "int", "bool"):
        assert type(value).__name__ == kind, f"{value!r} is no {kind}"


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


@pytest.mark.parametrize("name", PODS)
def test_pods_have_no_right_and_write_only_where_a_volume_is(name: str) -> None:
    pod = PODS[name]
    check(pod["podSecurityContext"], "V1PodSecurityContext")
    check(pod["securityContext"], "V1SecurityContext")
    check(pod["volumes"], "list[V1Volume]")
    check(pod["volumeMounts"], "list[V1VolumeMount]")
    check(pod["resources"], "V1ResourceRequirements")
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        check({key: value for key, value in pod.get(probe, {}).items() if key != "enabled"}, "V1Probe")
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
    check(given["containerConfig"], "V1Container")
    check(given["podSpecConfig"], "V1PodSpec")
    check(given["jobSpecConfig"], "V1JobSpec")
    instance = VALUES["additionalInstanceConfig"]["instance_class"]
    assert (instance["module"], instance["class"]) == (GuardedInstance.__module__, GuardedInstance.__name__)


def test_the_objects_beside_the_chart_have_only_keys_of_kubernetes_and_parse_their_commands() -> None:
    kinds = {each["kind"]: each for each in OBJECTS}
    assert sorted(kinds) == ["Job", "NetworkPolicy", "PodDisruptionBudget"]
    for kind, each in kinds.items():
        check(each, f"V1{kind}")
    (container,) = kinds["Job"]["spec"]["template"]["spec"]["containers"]
    parse(container["command"])
    assert container["image"] == f"{CODE['image']['repository']}:{CODE['image']['tag']}"
    with pytest.raises(AssertionError, match="V1JobSpec has no"):
        check({"backofLimit": 5}, "V1JobSpec")


def test_the_limits_of_the_queue_are_those_of_dagster_yaml() -> None:
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    queue = VALUES["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue["tagConcurrencyLimits"] == ours["concurrency"]["runs"]["tag_concurrency_limits"]
    assert VALUES["dagsterDaemon"]["runRetries"]["maxRetries"] == ours["run_retries"]["max_retries"]
