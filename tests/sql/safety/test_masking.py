"""Secrets come out masked in every spelling, however badly a URL is written, in texts, logs and tracebacks."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from sql.safety.characters import visible
from sql.safety.logs import MaskedRecord, traceback_text
from sql.safety.masking import masked, register_secret, register_url

SECRETS = ("two MARK words", "MARK%zz", "pa@MARK:/#?", "quote'\"MARK\\", "schlüssel-MARK-ключ", "<MARK&>", "a+MARK=1;")
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda each: quote(each, safe=""),
    "percent, lower case": lambda each: re.sub("%..", lambda found: found.group().lower(), quote(each, safe="")),
    "plus": quote_plus,
    "twice": lambda each: quote(quote(each, safe="")),
    "repr": lambda each: repr(each)[1:-1],
    "ascii": lambda each: ascii(each)[1:-1],
    "json": lambda each: json.dumps(each)[1:-1],
    "html": html.escape,
    "sql": lambda each: each.replace("'", "''"),
    "shell": shlex.quote,
    "base64": lambda each: base64.b64encode(each.encode()).decode(),
    "bytes": lambda each: repr(each.encode())[2:-1],
    "upper case": str.upper,
    "hex": lambda each: each.encode().hex().upper(),
    "json in json": lambda each: json.dumps(json.dumps(each))[3:-3],
}
BAD_URLS = (
    "postgresql://ana:MARK with blanks@db/x",
    "postgresql://ana:MARK%zzMARK@db/x",
    "postgresql://ana:MARK@MARK@db:5432/x",
    "postgresql://ana:MA/MARK@db/x",
    "postgresql://ana:xy#MARK@db/x",
    "postgresql://ana:MARK:MARK@db/x",
    "postgresql://ana:MARKED",
    "postgres:/ana:MARK@db/x",
    "ana:MARK@db/x",
    "mysql+nope://ana:MARK?@db/x",
    "postgresql://db/x?user=ana&password=MARK%20it",
    "host=db user=ana password='MARK it''s'",
    "password=MARK host=db",
    "host=db password=MARK MARK user=ana",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_in_every_spelling(secret: str, spelling: str) -> None:
    register_secret(secret)
    spelled = SPELLINGS[spelling](secret)
    assert spelled not in masked(f"could not log in ({spelled}).")
    assert "MARK" not in masked(f"could not log in ({spelled}).")


@pytest.mark.parametrize("login", ["", "a", "ana", "\0ana\0"])
def test_a_secret_is_masked_inside_the_base64_of_a_login(login: str) -> None:
    register_secret("a secret, long enough")
    spelled = base64.b64encode(f"{login}:a secret, long enough.".encode()).decode()
    # At its ends a character stands for a bit of the secret and a bit of its neighbour.
    left = masked(spelled).replace("***", "")
    assert len(left) <= len(spelled) - 24


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_badly_written_url_gives_nothing_away_in_whole_or_in_pieces(url: str) -> None:
    register_url(url)
    assert "MARK" not in masked(f"cannot be read: {url!r}")
    for piece in url.replace("=", "@").replace("/", "@").replace("#", "@").replace(":", "@").split("@"):
        assert "MARK" not in masked(f'invalid token: "{piece}"')


def test_a_secret_that_was_not_registered_is_masked_by_its_form() -> None:
    text = (
        "postgresql://ana:hidden1@db, password=hidden2 and {'password': 'hidden3'}, Authorization: Bearer hidden4abc, "
        "SG.hidden5abcdef.hidden6abcdef, sslpassword = 'hidden7 x', Authorization: Basic hidden8hidden8=, "
        'smtp_password: "hidden9 x", X-Api-Key: hidden10, https://example.com/?token=hidden11, password%3Dhidden12'
    )
    assert "hidden" not in masked(text)


@pytest.mark.parametrize("text", ["http://127.0.0.1:3000 is open", "Use postgresql://ana@db:5432/x", "ratio: 5 of 6"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_a_password_that_is_a_name_of_ours_does_not_eat_every_message() -> None:
    register_url("postgresql://earshot:earshot@db/earshot")
    assert masked("`earshot db up` starts postgres") == "`earshot db up` starts postgres"
    assert masked("postgresql://earshot:earshot@db/earshot") == "postgresql://earshot:***@db/earshot"


def test_a_traceback_is_masked_with_its_causes_and_notes() -> None:
    register_secret("MARKED-secret")
    try:
        try:
            raise ValueError("MARKED-secret \x1b[2J")
        except ValueError as cause:
            cause.add_note("note MARKED-secret")
            raise RuntimeError("again MARKED-secret") from cause
    except RuntimeError as error:
        text = traceback_text(error)
    assert text.count("***") >= 3
    assert "MARKED" not in text
    assert "\x1b" not in text


def test_log_records_are_masked_and_cannot_forge_a_line() -> None:
    register_secret("MARKED-secret")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    spelled = ("MARKED-secret", "a\r\nERROR all is lost")
    handler.handle(MaskedRecord("sql.x", logging.INFO, "x.py", 1, "%s of %s", spelled, None))
    assert stream.getvalue() == "INFO *** of a\\x0d\\nERROR all is lost\n"


@pytest.mark.parametrize(
    "code",
    [
        "raise RuntimeError(S) from ValueError(S)",
        "import threading; threading.Thread(target=lambda: int(S)).start()",
        "import warnings; warnings.warn(S)",
        "import logging; logging.getLogger('x').warning('%s', S); logging.getLogger('x').error(S)",
        "import logging\ntry: int(S)\nexcept ValueError: logging.exception('it failed')",
        "class A:\n def __del__(self): raise ValueError(S)\nA()",
        "from sql.safety.logs import guard_streams; guard_streams()\nprint(S); print([S, 1], file=sys.stderr)",
        "from sql.safety.logs import guard_streams; guard_streams()\nimport traceback, click\n"
        "try: int(S)\nexcept ValueError: traceback.print_exc()\nclick.echo(S); sys.stdout.writelines([S])",
    ],
)
def test_nothing_that_a_guarded_process_prints_by_itself_shows_a_secret(code: str) -> None:
    start = "import sys; from sql.safety.logs import guard_process; from sql.safety.masking import register_secret\n"
    start += "S = 'se cret'.replace(' ', 'MARK%'); register_secret(S); guard_process()\n"
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert "***" in printed
    assert "seMARK" not in printed


def test_escapes_show_what_a_terminal_would_obey() -> None:
    assert visible("a\x1b[31m\x9b\u202e\u200b\ud800\x00é👩‍🚀\n") == (
        "a\\x1b[31m\\x9b\\u202e\\u200b\\ud800\\x00é👩\\u200d🚀\n"
    )
