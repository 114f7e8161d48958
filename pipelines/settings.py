"""Settings: the one place that reads the environment.

Here: every setting, its default and its meaning. Secrets are masked in every repr.
Not here: what the settings are used for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assets.web.public_addresses import Network
from reports.mail_settings import KINDS, EventSettings, FileSettings, SendGridSettings, SmtpSettings, TransportSettings
from sql.connections.limits import Limits
from sql.safety.masking import masked, register_secret, register_url
from sql.values import PermanentError

# The server counts milliseconds in 32 bits: 24 days.
_MOST_SECONDS = 2_000_000

# Variables whose value is a secret: ours, libpq's, those of cloud stores.
SECRET_NAMES = re.compile(r"(?i)PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|CREDENTIAL|ALERT_WEBHOOK")

# Where steps of days in chunks run: Dagster's names of its executors.
EXECUTORS = ("in_process", "multiprocess", "celery", "k8s")

LOCAL_BROKER = "redis://127.0.0.1:6379/0"

# A value of fewer characters is a switch, such as "true".
SHORTEST_SECRET = 6


def secret() -> Any:
    """A setting whose value, and whose every password, is masked in every output."""
    return field(default=None, repr=False, metadata={"secret": True})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set; see docs/operators.md for each variable."""

    home: Path
    database_url: str | None = secret()
    database_read_url: str | None = secret()
    database_migrate_url: str | None = secret()
    limits: Limits = field(default_factory=Limits)
    dagster_postgres_url: str | None = secret()
    keyring_path: Path | None = None
    rules_path: Path | None = None
    fonts_path: Path | None = None
    start_seconds: int = 600
    mail: TransportSettings = field(default_factory=TransportSettings)
    events: EventSettings = field(default_factory=EventSettings)
    view_base_url: str | None = None
    private_networks: tuple[Network, ...] = ()
    dkim_selectors: tuple[str, ...] = ()
    disk_free_percent: float = 10.0
    archive: str | None = None
    history_days: int = 90
    executor: str = "in_process"
    broker_url: str = field(default=LOCAL_BROKER, repr=False, metadata={"secret": True})
    lost_s: int = 60

    def __repr__(self) -> str:
        shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return masked(f"Settings({', '.join(shown)})")

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.metadata.get("secret") and "url" in each.name:
                register_url(value)
            elif each.metadata.get("secret"):
                register_secret(value)


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of this installation: EARSHOT_HOME, else .earshot."""
    env = os.environ if environ is None else environ
    return Path(env.get("EARSHOT_HOME") or ".earshot").absolute()


def first_day_setting(environ: Mapping[str, str] | None = None) -> date | None:
    """The first day of the asset graph, if it is set. Raises PermanentError for what is no day."""
    text = (os.environ if environ is None else environ).get("EARSHOT_FIRST_DAY")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise PermanentError(f"EARSHOT_FIRST_DAY is {text!r}; it must be a day such as 2026-01-31") from None


def executor_setting(environ: Mapping[str, str] | None = None) -> str:
    """EARSHOT_EXECUTOR, one of EXECUTORS. Raises PermanentError for another."""
    name = (os.environ if environ is None else environ).get("EARSHOT_EXECUTOR") or EXECUTORS[0]
    if name not in EXECUTORS:
        raise PermanentError(f"EARSHOT_EXECUTOR is {name!r}; it can be {', '.join(EXECUTORS[:-1])} or {EXECUTORS[-1]}")
    return name


def event_log_setting(environ: Mapping[str, str] | None = None) -> str | None:
    """Where a line of JSON goes for each event: "stderr", or a file; None: nowhere."""
    return (os.environ if environ is None else environ).get("EARSHOT_EVENT_LOG") or None


def shows_tracebacks() -> bool:
    """Whether an unexpected error is to be printed with its (masked) traceback."""
    return _is_on(os.environ, "EARSHOT_DEBUG")


def register_environment(environ: Mapping[str, str] | None = None) -> None:
    """Mask every secret of the environment from now on: values of secret names, passwords of URLs in any variable."""
    env = os.environ if environ is None else environ
    for name, value in env.items():
        if name == "DATABASE_URL" or "://" in value or name.endswith("_URL"):
            register_url(value)
        if SECRET_NAMES.search(name) and len(value) >= SHORTEST_SECRET and not value.startswith("/"):
            register_secret(value)
    if password := env.get("POSTGRES_PASSWORD") or env.get("PGPASSWORD"):
        register_secret(password)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises PermanentError for values that cannot be used."""
    env = os.environ if environ is None else environ
    register_environment(env)
    home = home_folder(env)

    def path(name: str) -> Path | None:
        return Path(env[name]).expanduser() if env.get(name) else None

    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or _url_of_parts(env),
        database_read_url=env.get("DATABASE_READ_URL") or None,
        database_migrate_url=env.get("DATABASE_MIGRATE_URL") or None,
        limits=_limits(env),
        dagster_postgres_url=env.get("DAGSTER_POSTGRES_URL") or None,
        keyring_path=path("EARSHOT_KEYRING"),
        rules_path=path("EARSHOT_RULES"),
        fonts_path=path("EARSHOT_FONTS"),
        start_seconds=_number(env, "EARSHOT_START_SECONDS", 600, "a number of seconds"),
        mail=_mail(env, path("EARSHOT_OUTBOX") or home / "outbox"),
        events=EventSettings(
            env.get("EARSHOT_EVENTS") or None,
            env.get("SENDGRID_WEBHOOK_KEY") or None,
            _number(env, "EARSHOT_EVENTS_MAX_AGE_H", 72, "a number of hours"),
        ),
        view_base_url=env.get("EARSHOT_VIEW_BASE_URL") or None,
        private_networks=_networks(env),
        dkim_selectors=tuple((env.get("EARSHOT_DKIM_SELECTORS") or "").replace(",", " ").split()),
        disk_free_percent=_percent(env, "EARSHOT_DISK_FREE_PERCENT", 10.0),
        archive=env.get("EARSHOT_ARCHIVE") or None,
        history_days=_number(env, "EARSHOT_HISTORY_DAYS", 90, "a number of days, or 0"),
        executor=executor_setting(env),
        broker_url=env.get("EARSHOT_BROKER_URL") or LOCAL_BROKER,
        lost_s=_number(env, "EARSHOT_LOST_S", 60, "a number of seconds"),
    )


def _mail(env: Mapping[str, str], outbox: Path) -> TransportSettings:
    """The mail settings; what is not set keeps its default in reports/mail_settings.py."""
    kind = env.get("EARSHOT_MAIL_TRANSPORT")
    if kind and kind not in KINDS:
        raise PermanentError(f"EARSHOT_MAIL_TRANSPORT is {kind!r}; it can be file, smtp or sendgrid")
    return TransportSettings(
        file=FileSettings(outbox),
        smtp=SmtpSettings(
            **_chosen(
                host=env.get("SMTP_HOST"),
                port=_number(env, "SMTP_PORT", 0),
                user=env.get("SMTP_USER"),
                password=env.get("SMTP_PASSWORD"),
                security=env.get("SMTP_SECURITY"),
            )
        ),
        sendgrid=SendGridSettings(
            **_chosen(
                api_key=env.get("SENDGRID_API_KEY"),
                host=env.get("SENDGRID_HOST"),
                sandbox=_is_on(env, "SENDGRID_SANDBOX"),
            )
        ),
        **_chosen(
            kind=kind,
            mail_from=env.get("EARSHOT_MAIL_FROM"),
            at_once=_number(env, "EARSHOT_MAIL_AT_ONCE", 0, "a number of mails"),
            unsubscribe_url=env.get("EARSHOT_UNSUBSCRIBE_URL"),
            token_secret=env.get("EARSHOT_TOKEN_SECRET"),
            alert_webhook=env.get("EARSHOT_ALERT_WEBHOOK"),
            alert_mail=env.get("EARSHOT_ALERT_MAIL"),
        ),
    )


def _chosen(**values: Any) -> dict[str, Any]:
    """The settings that the environment sets; the others keep their defaults."""
    return {name: value for name, value in values.items() if value}


def _url_of_parts(env: Mapping[str, str]) -> str | None:
    if not env.get("POSTGRES_HOST"):
        return None
    user = quote(env.get("POSTGRES_USER") or "postgres", safe="")
    password = env.get("POSTGRES_PASSWORD")
    login = f"{user}:{quote(password, safe='')}" if password else user
    port = _number(env, "POSTGRES_PORT", 5432)
    database = quote(env.get("POSTGRES_DATABASE") or "earshot", safe="")
    return f"postgresql://{login}@{env['POSTGRES_HOST']}:{port}/{database}"


def _limits(env: Mapping[str, str]) -> Limits:
    """EARSHOT_DB_SILENCE_S and so on: one for each limit, in whole seconds."""
    given = {each.name: env.get(f"EARSHOT_DB_{each.name.upper()}") for each in fields(Limits)}
    for name, text in given.items():
        if text and not (text.isdecimal() and 1 <= int(text) <= _MOST_SECONDS):
            raise PermanentError(
                f"EARSHOT_DB_{name.upper()} is {text!r}; it must be a number of seconds from 1 to {_MOST_SECONDS}"
            )
    return Limits(**{name: int(text) for name, text in given.items() if text})


def _networks(env: Mapping[str, str]) -> tuple[Network, ...]:
    """EARSHOT_PRIVATE_NETWORKS: networks that feeds and their files may lie on, such as 10.1.0.0/16, 127.0.0.0/8."""
    found = []
    for text in (env.get("EARSHOT_PRIVATE_NETWORKS") or "").replace(",", " ").split():
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise PermanentError(
                f"EARSHOT_PRIVATE_NETWORKS has {text!r}, which is no network ({error}); write it as 10.1.0.0/16"
            ) from None
    return tuple(found)


def _is_on(env: Mapping[str, str], name: str) -> bool:
    return (env.get(name) or "").lower() in ("1", "true", "yes")


def _number(env: Mapping[str, str], name: str, default: int, what: str = "a port number") -> int:
    text = env.get(name)
    if not text:
        return default
    if not text.isdigit():
        raise PermanentError(f"{name} is {text!r}; it must be {what}")
    return int(text)


def _percent(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text) or float(text) > 100:
        raise PermanentError(f"{name} is {text!r}; it must be a number from 0 to 100")
    return float(text)
