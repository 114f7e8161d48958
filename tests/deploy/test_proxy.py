"""The proxy before the UI: its file in a real nginx asks for TLS and a password, and hands on what the guard needs."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.reading import DEPLOY
from tests.object_store import free_ports
from tests.programs import program
from tests.waiting import wait_for

TEMPLATE = (DEPLOY / "proxy" / "nginx.conf.template").read_text(encoding="utf-8")

# What the image has around the file, with the folder of the test for what it writes. Whoever runs the test may read it.
AROUND = """
user root root;
pid {0}/pid; error_log {0}/error.log; daemon off; worker_processes 1; events {{}}
http {{
    access_log off;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    include {0}/site.conf;
}}
"""


class Headers(http.server.BaseHTTPRequestHandler):
    """A UI that answers with the headers that it got."""

    def do_GET(self) -> None:
        content = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def certificate(folder: Path) -> None:
    made = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *name, *made]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Where the proxy takes TLS, and where it answers its health check."""
    certificate(tmp_path)
    (tmp_path / "users").write_text("ann:{PLAIN}secret\n")
    ui, outside, health = free_ports(3)
    text = TEMPLATE.replace("${EARSHOT_NAME}", "localhost").replace("webserver:3000", f"127.0.0.1:{ui}")
    text = text.replace("listen 8443 ssl", f"listen 127.0.0.1:{outside} ssl").replace("8081", f"{health}")
    for secret, name in (("tls_certificate", "certificate"), ("tls_key", "key"), ("users", "users")):
        text = text.replace(f"/run/secrets/{secret};", f"{tmp_path / name};")
    assert "/run/secrets" not in text
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(AROUND.format(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ui), Headers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    nginx = program("nginx", "nginx-light")
    config, errors = tmp_path / "nginx.conf", tmp_path / "early.log"
    command = [nginx, "-c", str(config), "-p", str(tmp_path), "-e", str(errors)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: process.poll() is not None or (tmp_path / "pid").exists(), "the start of nginx")
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield outside, health
    finally:
        process.terminate()
        process.communicate(timeout=30)
        server.shutdown()
        server.server_close()


def ask(url: str, folder: Path, login: str | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    """The status, and the headers that the UI got."""
    if login:
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    request = urllib.request.Request(url, headers=headers)
    context = ssl.create_default_context(cafile=str(folder / "certificate")) if url.startswith("https") else None
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}


def test_only_who_has_a_password_reaches_the_ui_and_the_ui_never_sees_it(
    ports: tuple[int, int], tmp_path: Path
) -> None:
    outside, health = ports
    url = f"https://localhost:{outside}/graphql"
    assert ask(url, tmp_path)[0] == 401
    assert ask(url, tmp_path, "ann:wrong")[0] == 401
    status, seen = ask(url, tmp_path, "ann:secret")
    assert (status, seen["Host"], seen.get("Authorization")) == (200, f"localhost:{outside}", None)
    # What the guard compares with the name of the proxy, and what the UI's subscriptions need.
    _, seen = ask(url, tmp_path, "ann:secret", Origin="https://elsewhere.example", Upgrade="websocket")
    assert (seen["Origin"], seen["Upgrade"], seen["Connection"]) == (
        "https://elsewhere.example",
        "websocket",
        "upgrade",
    )
    assert ask(f"http://127.0.0.1:{health}/health", tmp_path)[0] == 204
    assert ask(f"http://localhost:{outside}/", tmp_path, "ann:secret")[0] == 400, "without TLS"
