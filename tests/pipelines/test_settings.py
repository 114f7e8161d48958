"""Settings: what the environment says, and what is refused with a sentence."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from pipelines.settings import load_settings
from reports.mail_settings import FileSettings, SendGridSettings, SmtpSettings, TransportSettings
from sql.connections.limits import Limits
from sql.values import PermanentError


def test_every_limit_of_the_database_can_be_set() -> None:
    environ = {f"EARSHOT_DB_{each.name.upper()}": str(number) for number, each in enumerate(fields(Limits), 1)}
    assert load_settings(environ).limits == Limits(1, 2, 3, 4, 5, 6, 7)
    assert load_settings({}).limits == Limits()


@pytest.mark.parametrize("text", ["0", "-1", "ten", "1.5", "²", "99999999999"])
def test_a_limit_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match=r"EARSHOT_DB_IDLE_S is .* must be a number of seconds from 1 to 2000000"):
        load_settings({"EARSHOT_DB_IDLE_S": text})


def test_mail_settings_keep_their_defaults_where_nothing_is_set() -> None:
    assert load_settings({"EARSHOT_HOME": "/srv/home"}).mail == TransportSettings(
        file=FileSettings(folder=Path("/srv/home/outbox"))
    )


def test_each_variable_of_mail_is_read_and_secrets_are_in_no_repr() -> None:
    environ = {
        "EARSHOT_MAIL_TRANSPORT": "smtp",
        "EARSHOT_OUTBOX": "/srv/mails",
        "EARSHOT_MAIL_FROM": "reports@signal.example",
        "SMTP_HOST": "mail.example",
        "SMTP_PORT": "2525",
        "SMTP_USER": "ann",
        "SMTP_PASSWORD": "a-password-of-smtp",
        "SMTP_SECURITY": "tls",
        "SENDGRID_API_KEY": "SG.invented-key.of-a-test",
        "SENDGRID_HOST": "eu",
        "SENDGRID_SANDBOX": "true",
        "EARSHOT_UNSUBSCRIBE_URL": "https://signal.example/stop",
        "EARSHOT_TOKEN_SECRET": "a-secret-of-tokens",
    }
    settings = load_settings(environ)
    assert settings.mail == TransportSettings(
        kind="smtp",
        file=FileSettings(folder=Path("/srv/mails")),
        mail_from="reports@signal.example",
        smtp=SmtpSettings(host="mail.example", port=2525, user="ann", password="a-password-of-smtp", security="tls"),
        sendgrid=SendGridSettings(api_key="SG.invented-key.of-a-test", host="eu", sandbox=True),
        unsubscribe_url="https://signal.example/stop",
        token_secret="a-secret-of-tokens",
    )
    for secret in ("a-password-of-smtp", "SG.invented-key.of-a-test", "a-secret-of-tokens"):
        assert secret not in repr(settings)


def test_an_executor_that_there_is_not_is_refused_and_the_brokers_password_is_in_no_repr() -> None:
    with pytest.raises(
        PermanentError, match="EARSHOT_EXECUTOR is 'ray'; it can be in_process, multiprocess, celery or k8s"
    ):
        load_settings({"EARSHOT_EXECUTOR": "ray"})
    settings = load_settings(
        {"EARSHOT_EXECUTOR": "celery", "EARSHOT_BROKER_URL": "redis://:a-broker-word@broker:6379/0"}
    )
    assert settings.executor == "celery"
    assert "a-broker-word" not in repr(settings)
