"""The set-up through uv: it uses what pip is configured to use, since uv itself reads no pip.conf.

Here: .ci/install.py with a real pip.conf, a real uv and an index on loopback.
Not here: a whole installation, which every run of `make` on a fresh clone is.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "install.py"


@pytest.fixture(scope="module")
def install() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Index(ThreadingHTTPServer):
    """A package index without packages, which records the names requested."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    """Every package is unknown."""

    def do_GET(self) -> None:
        """Without a login the index asks for one."""
        assert isinstance(self.server, Index)
        self.server.requests.append((self.path, self.headers["Authorization"]))
        self.send_error(404 if self.headers["Authorization"] else 401)

    def log_message(self, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def index() -> Iterator[Index]:
    """The index, listening."""
    with Index() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_uv_asks_the_index_that_pip_conf_names_with_its_login(
    install: ModuleType, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    address = f"http://ada:s3cret@127.0.0.1:{index.server_port}/simple"
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {address}\nno-index = false\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    environment = install.build_environment(install.list_options(), os.environ) | {"UV_FIND_LINKS": "", "UV_INDEX": ""}
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "install", "--no-cache", "--dry-run", "--python", sys.executable, "harbour-lights"]
    subprocess.run(command, env=environment, capture_output=True, check=False, cwd=tmp_path)
    login = "Basic " + b64encode(b"ada:s3cret").decode()
    assert ("/simple/harbour-lights/", login) in index.requests


def test_the_environment_wins_over_files_and_uvs_own_settings_over_pips(install: ModuleType) -> None:
    lines = [
        "global.index-url='https://files.example/simple'",
        "global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'",
        "global.trusted-host='one.example two.example'",
        ":env:.index-url='https://chosen.example/simple'",
        "global.find-links='/srv/wheels'",
        "freeze.timeout='10'",
    ]
    environment = install.build_environment(install.read_options(lines), {"UV_FIND_LINKS": "/srv/mine"})
    assert environment == {
        "UV_DEFAULT_INDEX": "https://chosen.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "one.example two.example",
        "UV_FIND_LINKS": "/srv/mine",
    }


def test_where_uv_cannot_be_had_pip_installs_and_no_login_is_printed(tmp_path: Path) -> None:
    refuse = tmp_path / "pip" / "__main__.py"
    refuse.parent.mkdir()
    (refuse.parent / "__init__.py").touch()
    refuse.write_text(
        "import sys\n"
        "if sys.argv[-1] == 'uv':\n"
        "    sys.exit('no answer from https://ada:s3cret@index.example')\n"
        "print('pip', *sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, second = done.stdout.splitlines()
    assert first == "uv could not be installed; going on with pip, which takes some minutes ..."
    assert second.startswith("pip --disable-pip-version-check install -qq --constraint constraints.txt --editable")
    assert "s3cret" not in done.stdout + done.stderr
