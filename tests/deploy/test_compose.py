"""compose.yaml is of the Compose specification, and names commands, variables, ports and files that there are."""

from __future__ import annotations

import copy
from typing import Any

import click
import pytest
import yaml
from compose_spec import PyCompose

from pipelines.chunks.broker import make_celery
from pipelines.settings import load_settings
from tests.deploy.reading import (
    DEPLOY,
    compose,
    documented_variables,
    filled,
    known_variables,
    option,
    ours,
    parse,
    variables_in_code,
)

SERVICES: dict[str, Any] = compose()["services"]
OURS = dict(ours(SERVICES))


def validate(content: dict[str, Any]) -> None:
    """Raises ValueError for what is not of the Compose specification."""
    PyCompose.from_yaml(yaml.safe_dump(content)).validate()


def test_the_file_is_of_the_specification_and_a_wrong_one_is_not() -> None:
    validate(compose())
    wrong = copy.deepcopy(compose())
    wrong["services"]["redis"]["helthcheck"] = wrong["services"]["redis"].pop("healthcheck")
    with pytest.raises(ValueError, match="helthcheck"):
        validate(wrong)
    missing = copy.deepcopy(compose())
    del missing["secrets"]["users"]
    with pytest.raises(ValueError, match="users"):
        validate(missing)


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_ours_and_each_variable_one_that_settings_know(name: str) -> None:
    service = OURS[name]
    assert service["command"][0] == "earshot"
    parse(service["command"])
    unknown = set(service["environment"]) - known_variables()
    assert unknown == set()
    check = service.get("healthcheck", {}).get("test", ["CMD", "python"])
    assert check[0] == "CMD"
    if check[1] != "python":
        parse(check[1:])


# What compose.yaml does not hand on, and why.
FIXED = {
    "DATABASE_URL": "the database of the file, or of an override of it",
    "DATABASE_MIGRATE_URL": "of the migration alone",
    "DAGSTER_POSTGRES_URL": "the database of the file",
    "POSTGRES_HOST": "DATABASE_URL is given",
    "POSTGRES_PORT": "DATABASE_URL is given",
    "POSTGRES_DATABASE": "DATABASE_URL is given",
    "POSTGRES_USER": "DATABASE_URL is given",
    "POSTGRES_PASSWORD": "DATABASE_URL is given",
    "EARSHOT_EXECUTOR": "days are divided over the workers of the file",
    "EARSHOT_BROKER_URL": "the broker of the file",
    "EARSHOT_KEYRING": "a secret of the file",
    "EARSHOT_HOME": "of the image",
    "EARSHOT_DAGSTER_FOLDER": "of the image",
    "EARSHOT_OUTBOX": "in the home",
    "EARSHOT_RULES": "in the home: earshot rules update",
    "EARSHOT_FONTS": "of the image",
    "EARSHOT_START_SECONDS": "of earshot ui, which is no container",
}


def test_every_setting_of_the_code_is_documented_and_handed_on_or_fixed() -> None:
    names = variables_in_code() | {name for name in known_variables() if name.startswith("EARSHOT_")}
    assert {"EARSHOT_ARCHIVE", "EARSHOT_EVENT_LOG", "SMTP_HOST", "EARSHOT_DB_LOCK_S"} <= names
    assert names - known_variables() == set()
    assert names - documented_variables() - {"EARSHOT_DAGSTER_FOLDER"} == set()
    given = {name: f"given-{name}" for name in names}
    text = filled((DEPLOY / "compose.yaml").read_text(encoding="utf-8"), **given)
    for service in dict(ours(yaml.safe_load(text)["services"])).values():
        handed = {name for name in names if service["environment"].get(name) == given[name]}
        assert names - handed == {name for name in FIXED if name in names}


def test_settings_that_are_handed_on_empty_have_their_defaults() -> None:
    empty = {name: "" for name, value in OURS["daemon"]["environment"].items() if not value}
    assert len(empty) > 25
    before = load_settings({"DATABASE_URL": "postgresql://x/y"})
    assert load_settings({"DATABASE_URL": "postgresql://x/y", **empty}) == before


def test_a_command_or_variable_that_there_is_not_would_be_found() -> None:
    with pytest.raises(click.UsageError, match="No such option"):
        parse(["earshot", "serve", "daemon", "--codeserver", "x:1"])
    with pytest.raises(click.UsageError):
        parse(["dagster", "api", "grpc-health"])
    assert "EARSHOT_EXECUTER" not in known_variables()
    assert {"DATABASE_URL", "EARSHOT_KEYRING", "EARSHOT_FIRST_DAY"} <= known_variables()


def test_processes_find_each_other() -> None:
    port = option(SERVICES["code-server"]["command"], "--port")
    assert option(SERVICES["code-server"]["healthcheck"]["test"], "--port") == port
    for name in ("daemon", "webserver"):
        assert option(SERVICES[name]["command"], "--code-server") == f"code-server:{port}"
    ui = option(SERVICES["webserver"]["command"], "--port")
    proxy = (DEPLOY / "proxy" / "nginx.conf.template").read_text()
    assert f"proxy_pass         http://webserver:{ui};" in proxy
    assert f":{ui}/server_info" in SERVICES["webserver"]["healthcheck"]["test"][-1]
    listens = proxy.partition("listen ")[2].partition(" ")[0]
    assert SERVICES["proxy"]["ports"] == [f"443:{listens}"]
    for name, service in OURS.items():
        broker = make_celery(service["environment"]["EARSHOT_BROKER_URL"]).connection()
        assert (broker.hostname, broker.port, broker.password) == ("redis", 6379, "earshot"), name
        assert "@timescaledb:5432/earshot" in service["environment"]["DATABASE_URL"]


def test_prometheus_and_grafana_read_what_the_others_serve() -> None:
    read = yaml.safe_load((DEPLOY / "prometheus" / "compose.yml").read_text())
    (target,) = read["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target == f"metrics:{option(SERVICES['metrics']['command'], '--port')}"
    assert "--config.file=/etc/prometheus/compose.yml" in SERVICES["prometheus"]["command"]
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "earshot.yaml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted


def test_every_file_that_is_mounted_is_there_and_every_secret_is_one() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
        for secret in service.get("secrets", ()):
            assert secret in compose()["secrets"]
    proxy = (DEPLOY / "proxy" / "nginx.conf.template").read_text()
    for secret in SERVICES["proxy"]["secrets"]:
        assert f"/run/secrets/{secret}" in proxy
    assert all(each["file"].startswith("./secrets/") for each in compose()["secrets"].values())
    assert "deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text().splitlines()


def test_nobody_reaches_the_ui_but_by_the_proxy_and_no_process_of_ours_can_write_where_it_should_not() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if service.get("ports")}
    assert sorted(published) == ["grafana", "proxy", "timescaledb"]
    assert all(str(port).startswith("127.0.0.1:") for name in ("grafana", "timescaledb") for port in published[name])
    proxy = (DEPLOY / "proxy" / "nginx.conf.template").read_text()
    assert "auth_basic_user_file /run/secrets/users;" in proxy
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    migrators = [name for name, service in OURS.items() if "DATABASE_MIGRATE_URL" in service["environment"]]
    assert migrators == ["migrate"]
