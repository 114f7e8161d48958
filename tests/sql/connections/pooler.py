"""PgBouncer in transaction mode before the server, with no setting of its own that helps us.

Here: starting and stopping it. Not here: what is done through it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sql.embedded.account import PLAIN_ENVIRONMENT, serving_account

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


@contextmanager
def pooled(url: str, folder: Path, sessions: int = 3) -> Iterator[str]:
    """The address of the same database through a pooler of so few sessions; its folder is made where all can enter."""
    program = shutil.which("pgbouncer", path=PLAIN_ENVIRONMENT["PATH"])
    assert program, "PgBouncer is not installed: apt-get install pgbouncer (README.md names what the tests need)"
    place, account = urlsplit(url), serving_account()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    folder.mkdir()
    (folder / "users").write_text(f'"{place.username}" "{place.password}"\n')
    (folder / "ini").write_text(_INI.format(server=place.port, port=port, folder=folder, sessions=sessions))
    for each in (folder / "users", folder / "ini"):
        account.own(each, 0o600)
    account.own(folder, 0o700)
    process = subprocess.Popen(
        [program, str(folder / "ini")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.uid if account.switched else None,
        group=account.gid if account.switched else None,
        extra_groups=[] if account.switched else None,
    )
    try:
        _wait(port, process)
        yield url.replace(f":{place.port}/", f":{port}/")
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, "PgBouncer ended at once"
            time.sleep(0.05)
        else:
            return
