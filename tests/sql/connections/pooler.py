"""PgBouncer in transaction mode before the server, with no setting of its own that helps us.

Here: starting and stopping it. Not here: what is done through it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sql.embedded.account import PLAIN_ENVIRONMENT, serving_account
from tests.programs import program

_INI = """
[databases]
* = host=127.0.0.1 port={server}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {sessions}
logfile = {folder}/log
"""

_TLS = """\
client_tls_sslmode = require
client_tls_cert_file = {folder}/cert
client_tls_key_file = {folder}/key
"""


@contextmanager
def pooled(
    url: str, folder: Path, sessions: int = 3, *, tls: bool = False, others: Sequence[str] = ()
) -> Iterator[str]:
    """The address of the same database through a pooler of so few sessions; its folder is made where all can enter.

    tls: it takes encrypted connections alone, and the address names its certificate. others: addresses of more logins.
    """
    pgbouncer = program("pgbouncer", "pgbouncer")
    place, account = urlsplit(url), serving_account()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    folder.mkdir()
    logins = [urlsplit(each) for each in (url, *others)]
    (folder / "users").write_text("".join(f'"{each.username}" "{each.password}"\n' for each in logins))
    ini = _INI.format(server=place.port, port=port, folder=folder, sessions=sessions)
    (folder / "ini").write_text(ini + (_TLS.format(folder=folder) if tls else ""))
    secret = [folder / "users", folder / "ini"]
    if tls:
        _make_certificate(folder)
        secret.append(folder / "key")
    for each in secret:
        account.own(each, 0o600)
    account.own(folder, 0o711)
    process = subprocess.Popen(
        [pgbouncer, str(folder / "ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.uid if account.switched else None,
        group=account.gid if account.switched else None,
        extra_groups=[] if account.switched else None,
    )
    try:
        _wait(port, process)
        address = url.replace(f":{place.port}/", f":{port}/")
        yield f"{address}?sslmode=verify-ca&sslrootcert={folder}/cert" if tls else address
    finally:
        process.terminate()
        process.wait()


def _make_certificate(folder: Path) -> None:
    """One that signs itself, for a day."""
    openssl = shutil.which("openssl", path=PLAIN_ENVIRONMENT["PATH"])
    assert openssl, "openssl is not installed: apt-get install openssl"
    made = ["-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", *made],
        check=True,
        capture_output=True,
    )
    (folder / "cert").chmod(0o644)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, "PgBouncer ended at once"
            time.sleep(0.05)
        else:
            return
