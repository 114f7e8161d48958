"""What is deployed to watch Earshot: rules and dashboard name metrics that there are, and Prometheus takes them."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import start_http_server

from pipelines.metrics.collecting import make_registry
from pipelines.metrics.registry import METRICS
from pipelines.settings import load_settings
from tests.programs import program
from tests.reports.delivery.conftest import unused_port
from tests.test_docs import anchors

if TYPE_CHECKING:
    from tests.pipelines.installation import Installation

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
CONFIG = ROOT / "deploy" / "prometheus" / "prometheus.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "earshot.json"

LABELS = {metric.full_name: set(metric.labels) for metric in METRICS}
# Prometheus's own: whether a target could be scraped.
LABELS["up"] = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that an expression names, with the labels that it selects by."""
    found = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((str(node.name), {matcher.name for matcher in node.matchers.matchers}))

    # Grafana puts the interval and the chosen tenants in.
    promql_parser.walk(promql_parser.parse(expression.replace("$tenant", ".*")), visit)
    yield from found


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    return [*(rule["expr"] for rule in rules()), *shown]


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_and_label_that_is_named_is_in_the_registry(expression: str) -> None:
    found = list(selectors(expression))
    assert found
    assert [(name, labels - LABELS[name]) for name, labels in found] == [(name, set()) for name, _ in found]


def test_the_dashboard_shows_every_metric() -> None:
    shown = {name for panel in panels() for each in panel.get("targets", []) for name, _ in selectors(each["expr"])}
    assert {metric.full_name for metric in METRICS} - shown == set()


def test_the_dashboard_is_one_of_grafanas_published_schema() -> None:
    plugins.register_default_plugins()
    kept = json.loads(DASHBOARD.read_text())
    read = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(kept)))
    assert list(lost(kept, read)) == [], "the schema has no such key, or reads another value"


def lost(kept: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where what was read is not what was kept. Defaults that the schema adds are no loss."""
    if isinstance(kept, dict):
        for key, value in kept.items():
            if not isinstance(read, dict) or key not in read:
                yield f"{path}/{key}"
            else:
                yield from lost(value, read[key], f"{path}/{key}")
    elif isinstance(kept, list) and isinstance(read, list) and len(kept) == len(read):
        for number, (one, other) in enumerate(zip(kept, read, strict=True)):
            yield from lost(one, other, f"{path}/{number}")
    elif kept != read:
        yield path


def test_panels_lie_beside_each_other_in_the_grid_and_have_ids_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_bad_it_is_and_leads_to_a_section_of_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert {"summary", "description", "runbook"} == set(rule["annotations"])
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors(ROOT / page)


@pytest.mark.parametrize(
    "command", [("check", "config", CONFIG), ("check", "rules", ALERTS), ("test", "rules", Path("alerts_test.yml"))]
)
def test_promtool_passes(command: tuple[str, str, Path]) -> None:
    *words, file = command
    found = subprocess.run(
        [program("promtool", "prometheus"), *words, str(file)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_real_prometheus_loads_the_rules_and_reads_the_exporter(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in installation.settings.items():
        monkeypatch.setenv(name, value)
    exporter, thread = start_http_server(0, "127.0.0.1", make_registry(load_settings()))
    port = unused_port()
    config = CONFIG.read_text().replace("9464", str(exporter.server_port)).replace("60s", "4s").replace("30s", "4s")
    (tmp_path / "prometheus.yml").write_text(config)
    shutil.copy(ALERTS, tmp_path)
    command = [
        *(
            program("prometheus", "prometheus"),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
        ),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = tmp_path / "log"
    with log.open("w") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            api = f"http://127.0.0.1:{port}/api/v1"
            late = wait_for(f"{api}/query?query=earshot_late_partitions", lambda found: found["result"])
            loaded = wait_for(f"{api}/rules", lambda found: found["groups"])["groups"][0]["rules"]
        finally:
            process.terminate()
            process.wait(30)
    exporter.shutdown()
    exporter.server_close()
    thread.join()
    assert [(each["metric"]["tenant"], each["value"][1]) for each in late["result"]] == [("harbor", "0")], (
        log.read_text()
    )
    assert [rule["name"] for rule in loaded] == [rule["alert"] for rule in rules()]


def wait_for(url: str, is_there: Any) -> Any:
    """The data of an answer of Prometheus, once something is in it."""
    for _ in range(1200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found = json.load(answer)["data"]
        except OSError:
            found = None
        if found is not None and is_there(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{urllib.parse.urlsplit(url).path} had nothing in two minutes")
