"""The guard before the UI: requests over real HTTP and WebSockets, as browsers and programs send them."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pipelines.ui.guard import Guard

JSON = {"Content_Type": "application/json"}
MUTATION = 'mutation { terminateRun(runId: "1") { __typename } }'


async def answer(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@contextmanager
def guarded(*names: str, any_address: bool = False) -> Iterator[int]:
    """A server that accepts every request, behind the guard; its port."""
    routes = [Route("/{path:path}", answer, methods=["GET", "POST", "PUT", "DELETE"]), WebSocketRoute("/graphql", talk)]
    app = Guard(Starlette(routes=routes), names, any_address=any_address)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with guarded("dagster.example") as found:
        yield found


def ask(
    port: int, method: str = "GET", path: str = "/graphql", body: str = "", **headers: str
) -> tuple[int, str, Mapping[str, str]]:
    """Status, text and headers of an answer. Header names are written with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True)
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Host": f"localhost:{port}", "Content-Length": str(len(body)), **spelled}.items():
            for line in value.split("\n"):
                connection.putheader(name, line)
        connection.endheaders(body.encode())
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3000", "127.0.0.1:8080", "[::1]:3000", "dagster.example", "dagster.example:443"]
)
def test_the_server_answers_to_its_names_on_any_port(port: int, host: str) -> None:
    assert ask(port, Host=host)[:2] == (200, "done")


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost@evil.example", "localhost.", ""),
        *("192.168.1.4", "[fe80::1]", "localhost:3000:1", "localhost evil", "localhost\nevil.example", "0.0.0.0"),
    ],
)
def test_any_other_name_is_refused_with_what_to_do(port: int, host: str) -> None:
    status, text, _ = ask(port, Host=host)
    assert status in (400, 403)
    assert status == 400 or "--allow-host" in text


def test_a_server_on_all_addresses_answers_to_any_of_them_but_to_no_other_name() -> None:
    with guarded(any_address=True) as port:
        assert ask(port, Host="192.168.1.4:3000")[0] == 200
        assert ask(port, Host="[fe80::1]")[0] == 200
        assert ask(port, Host="192.168.1.4.evil.example")[0] == 403


def test_programs_and_the_uis_own_pages_may_change_things(port: int) -> None:
    assert ask(port, "POST", body="{}", **JSON)[0] == 200
    own = {"Origin": "http://localhost:3000", "Host": "localhost:3000", "Sec_Fetch_Site": "same-origin"}
    assert ask(port, "POST", body="{}", **JSON, **own)[0] == 200
    behind_a_proxy = {"Origin": "https://dagster.example", "Host": "dagster.example"}
    assert ask(port, "POST", body="{}", **JSON, **behind_a_proxy)[0] == 200


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:4000", "Host": "localhost:3000"},
        {"Origin": "http://localhost", "Host": "localhost:3000"},
        {"Origin": "http://127.0.0.1:3000", "Host": "localhost:3000"},
        {"Origin": "http://localhost.evil.example:3000", "Host": "localhost:3000"},
        {"Origin": "file://localhost:3000", "Host": "localhost:3000"},
        {"Origin": "http://localhost:x", "Host": "localhost:3000"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost:3000", "Host": "localhost:3000"},
        {"Origin": "http://localhost:3000\nhttps://evil.example", "Host": "localhost:3000"},
    ],
)
def test_pages_of_other_sites_change_nothing(port: int, page: dict[str, str]) -> None:
    for method in ("POST", "PUT", "DELETE"):
        status, text, _ = ask(port, method, body="{}", **JSON, **page)
        assert (status, "page of another site" in text) == (403, True)
    assert upgrade(port, **page)[0] in (400, 403)


@pytest.mark.parametrize(
    "kind",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""),
        *("text/plain; application/json", "text/plain;application/json", "application/json-seq"),
    ],
)
def test_what_any_form_can_send_is_refused(port: int, kind: str) -> None:
    for path in ("/graphql", f"/graphql?query={quote(MUTATION)}", "/report_asset_materialization/downloads"):
        status, text, _ = ask(port, "POST", path, body="{}", Content_Type=kind)
        assert (status, "application/json" in text) == (403, True)


def test_graphql_over_get_is_refused_however_it_is_written(port: int) -> None:
    query = quote(MUTATION)
    for path in (
        f"/graphql?query={query}",
        f"/graphql/?query={query}",
        f"/graphql?a=1&query={query}",
        "/graphql?query",
    ):
        assert ask(port, path=path)[0] == 403
        assert ask(port, path=path, Accept="*/*")[0] == 403
    assert ask(port, path=f"/graphql?%71uery={query}")[0] == 403
    assert ask(port, path=f"/graphql?query={query}", Accept="text/html")[0] == 200
    assert ask(port, path="/runs?query=1")[0] == 200


def test_no_other_page_shows_the_ui_in_a_frame(port: int) -> None:
    assert {name.lower(): value for name, value in ask(port)[2].items()}["x-frame-options"] == "DENY"


def upgrade(port: int, **headers: str) -> tuple[int, str]:
    key = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    return ask(port, **{**key, "Sec_WebSocket_Version": "13", **headers})[:2]


def test_websockets_are_for_the_uis_own_pages_and_for_programs(port: int) -> None:
    assert upgrade(port)[0] == 101
    assert upgrade(port, Origin="http://localhost:3000", Host="localhost:3000")[0] == 101
    status, text = upgrade(port, Host="evil.example", Origin="http://evil.example")
    assert (status, "--allow-host" in text) == (403, True)
