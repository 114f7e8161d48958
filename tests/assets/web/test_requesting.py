"""What is fetched from an address: from where, how much, how long, and the message when it fails."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from assets.web import requesting
from assets.web.public_addresses import EVERYWHERE
from assets.web.requesting import MOST_REDIRECTS, Limits, PrivateAddressError, request, shown
from pipelines.commands.rules import rules
from pipelines.rules.fetching import MOST_BYTES, RulesUnavailableError, fetch
from sql.values import EarshotError, PermanentError
from tests.reports.delivery.servers import Listener, trickle

Answer = Callable[[str], bytes]
Serve = Callable[[Answer], str]
OK = b"HTTP/1.1 200 OK\r\n"
LIMITS = Limits(10_000, total_s=10)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that answer each path with bytes, whatever these are."""
    listeners: list[Listener] = []

    def start(answer: Answer) -> str:
        def talk(connection: socket.socket) -> None:
            received = connection.makefile("rb").readline().decode("latin-1").split()
            connection.sendall(answer(received[1]))

        listeners.append(Listener(talk))
        return f"http://127.0.0.1:{listeners[-1].port}"

    yield start
    for listener in listeners:
        listener.close()


def whole(body: bytes, **headers: str) -> bytes:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return OK + f"Content-Length: {len(body)}\r\n{head}\r\n".encode() + body


def leading(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Over there\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


PRIVATE = [
    *("127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.9.9.9"),
    *("0.0.0.0", "0", "10.1.2.3", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200"),
    *("192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "2852039166"),
    *(
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
    ),
    *(
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
    ),
]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_machine_that_is_not_public_is_not_connected_to_however_it_is_spelt(host: str) -> None:
    with pytest.raises(PermanentError, match=r"no machine of the public internet.*--allow-private"):
        fetch(f"http://{host}:9/bots.json")


def test_the_command_needs_permission_for_machines_of_its_own_network(serve: Serve, tmp_path: Path) -> None:
    received: list[str] = []

    def answer(path: str) -> bytes:
        received.append(path)
        return whole(b"[]")

    address = serve(answer)
    refused = CliRunner(env={"EARSHOT_HOME": str(tmp_path)}).invoke(rules, ["update", "--from", address])
    assert "--allow-private" in str(refused.exception)
    assert received == []


def test_a_redirect_to_a_private_machine_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if this machine's first address were public, and its others were not.
    monkeypatch.setattr(requesting, "is_public", lambda text: text == "127.0.0.1")
    inner = serve(lambda _: whole(b"the secret of the cloud"))
    for target in ("127.0.0.2", "0x7f000002", "[::1]", "[::ffff:127.0.0.2]"):
        location = inner.replace("127.0.0.1", target)
        with pytest.raises(PermanentError, match="no machine of the public internet"):
            fetch(serve(lambda _, location=location: leading(location)))  # type: ignore[misc]
    assert fetch(serve(lambda _: leading(inner))) == b"the secret of the cloud"


def test_a_name_is_looked_up_once_and_that_answer_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose second answer is another machine: what was checked is what is asked."""
    port = int(serve(lambda _: whole(b"the first")).rpartition(":")[2])
    answers = iter(["127.0.0.1", "127.0.0.9", "127.0.0.9"])

    def look_up(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(requesting, "is_public", lambda text: text == "127.0.0.1")
    assert fetch(f"http://rebinding.example:{port}/") == b"the first"


def test_the_host_header_is_the_name_in_the_address(serve: Serve) -> None:
    heads: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(whole(b"x"))

    listener = Listener(talk)
    fetch(f"http://localhost:{listener.port}/a b?q=\u00fc&r=%20#end", allow_private=True)
    listener.close()
    assert heads[0].startswith(b"GET /a%20b?q=%C3%BC&r=%20 HTTP/1.1\r\n")
    assert f"Host: localhost:{listener.port}\r\n".encode() in heads[0]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "file:///etc/passwd",
            "ftp://example.com/x",
            "gopher://example.com",
            "data:text/plain,x",
            "jar:http://x!/",
            "",
        ),
        *(
            "http://",
            "http:///etc",
            "https://:443",
            "http://[::1",
            "http://example.com:port",
            "http://example.com:99999",
        ),
        "http://example.com:0/",
    ],
)
def test_only_web_addresses_are_taken(address: str) -> None:
    with pytest.raises(PermanentError, match="no http or https address"):
        fetch(address, allow_private=True)


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://me:secret@127.0.0.1/", "http://[x"]
)
def test_a_redirect_leads_to_web_addresses_only(serve: Serve, location: str) -> None:
    with pytest.raises(PermanentError) as refused:
        fetch(serve(lambda _: leading(location)), allow_private=True)
    assert "secret" not in str(refused.value)


def test_redirects_are_followed_so_far_and_no_further(serve: Serve) -> None:
    def chain(path: str) -> bytes:
        left = int(path.strip("/"))
        return leading(f"{left - 1}", 307) if left else whole(b"there")

    address = serve(chain)
    assert fetch(f"{address}/{MOST_REDIRECTS}", allow_private=True) == b"there"
    with pytest.raises(RulesUnavailableError, match=f"more than {MOST_REDIRECTS} redirects"):
        fetch(f"{address}/{MOST_REDIRECTS + 1}", allow_private=True)
    with pytest.raises(RulesUnavailableError, match="leads nowhere"):
        fetch(serve(lambda _: b"HTTP/1.1 302 Found\r\n\r\n"), allow_private=True)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate for this machine that processes of the test trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


@pytest.fixture
def secure(certificate: Path) -> Iterator[Callable[[bytes], int]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    listeners: list[Listener] = []

    def start(answer: bytes) -> int:
        def talk(connection: socket.socket) -> None:
            with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(65536)
                wrapped.sendall(answer)

        listeners.append(Listener(talk))
        return listeners[-1].port

    yield start
    for listener in listeners:
        listener.close()


def test_what_is_encrypted_stays_so(secure: Callable[[bytes], int], serve: Serve) -> None:
    plain = serve(lambda _: whole(b"anybody could have written this"))
    inside = secure(whole(b"as its owner wrote it"))
    leaving, staying = secure(leading(plain)), secure(leading(f"https://localhost:{inside}/"))
    assert fetch(f"https://localhost:{staying}/", allow_private=True) == b"as its owner wrote it"
    with pytest.raises(PermanentError, match="which is not encrypted"):
        fetch(f"https://localhost:{leaving}/", allow_private=True)
    # The address is this machine's; the certificate is for its name.
    with pytest.raises(RulesUnavailableError, match="could not be read"):
        fetch(f"https://127.0.0.1:{inside}/", allow_private=True)


ZEROS = bytes(2 * MOST_BYTES)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (OK + b"Content-Length: 99999999999\r\n\r\n" + ZEROS, "longer than"),
        (OK + b"\r\n" + ZEROS, "longer than"),
        (whole(gzip.compress(ZEROS, mtime=0), Content_Encoding="gzip"), "longer than"),
        (whole(zlib.compress(ZEROS), Content_Encoding="deflate"), "longer than"),
        (whole(gzip.compress(b"[]", mtime=0)[:-9], Content_Encoding="gzip"), "ends too early"),
        (whole(b"[]", Content_Encoding="gzip"), "cannot be unpacked"),
        (whole(b"[]", Content_Encoding="br"), "nobody asked for"),
        (whole(b"[]", Content_Encoding="gzip, gzip"), "nobody asked for"),
        (OK + b"Content-Length: 100\r\n\r\n[", "ended before it was whole"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[", "could not be read"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[", "could not be read"),
        (b"\x00\xff\r\n\r\n", "could not be read"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500, "could not be read"),
        (b"", "could not be read"),
        (b"HTTP/1.1 500 No\r\n\r\n", "answered with status 500"),
        (b"HTTP/1.1 206 Part\r\n\r\n[", "answered with status 206"),
    ],
)
def test_an_answer_that_is_too_long_or_not_whole_is_refused(serve: Serve, answer: bytes, complaint: str) -> None:
    with pytest.raises(EarshotError, match=complaint):
        fetch(f"{serve(lambda _: answer)}/bots.json?key=secret", allow_private=True)


def test_packed_responses_are_unpacked_and_missing_ones_are_none(serve: Serve) -> None:
    assert (
        fetch(serve(lambda _: whole(gzip.compress(b"[1]", mtime=0), Content_Encoding="gzip")), allow_private=True)
        == b"[1]"
    )
    assert fetch(serve(lambda _: b"HTTP/1.1 404 Not found\r\n\r\n"), allow_private=True) is None


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (b"", b"HTTP/1.1 "),
        (OK, b"X: y\r\n"),
        (OK + b"\r\n", b" "),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_server_that_trickles_is_left_at_the_deadline(before: bytes, text: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(before)
        trickle(connection, text, every_s=0.02)

    listener = Listener(talk)
    with pytest.raises(RulesUnavailableError, match=r"more than 0\.3 seconds altogether"):
        fetch(f"http://127.0.0.1:{listener.port}/", allow_private=True, total_s=0.3)
    listener.close()


def test_redirects_share_one_deadline(serve: Serve) -> None:
    slow = threading.Event()

    def answer(_: str) -> bytes:
        slow.wait(0.2)
        return leading("/again")

    with pytest.raises(RulesUnavailableError, match="altogether"):
        fetch(serve(answer), allow_private=True, total_s=0.5)


def test_a_proxy_that_is_set_is_used_and_its_login_stays_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        if b"refused" in received[-1]:
            connection.sendall(b"HTTP/1.1 407 Log in\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Go on\r\n\r\n")
        received.append(connection.recv(65536))
        connection.sendall(whole(b"through the proxy"))

    proxy = Listener(talk)
    monkeypatch.setenv("http_proxy", f"http://someone:secret@127.0.0.1:{proxy.port}")
    assert fetch("http://lists.invalid/bots.json") == b"through the proxy"
    assert received[0].startswith(b"CONNECT lists.invalid:80 ")
    assert b"Proxy-Authorization: Basic " in received[0]
    assert b"Proxy-Authorization" not in received[1]
    with pytest.raises(RulesUnavailableError) as refused:
        fetch("http://refused.invalid/bots.json")
    assert "secret" not in str(refused.value)
    with pytest.raises(PermanentError, match="no machine of the public internet"):
        fetch("http://169.254.169.254/latest")
    proxy.close()


@pytest.mark.parametrize(
    ("address", "printed"),
    [
        ("https://me:secret@host/a", "https://host/a"),
        ("https://host/a?token=secret#x", "https://host/a?..."),
        ("https://host/a#secret", "https://host/a"),
        ("https://host/@a", "https://host/@a"),
        ("ftp://secret@host", "ftp://host"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address: str, printed: str) -> None:
    assert shown(address) == printed


def test_permanent_redirects_say_where_an_address_has_moved_and_others_do_not(serve: Serve) -> None:
    def answer(path: str) -> bytes:
        steps = {"/a": ("/b", 301), "/b": ("/c", 308), "/c": ("/d", 302), "/lent": ("/a", 302)}
        return leading(*steps[path]) if path in steps else whole(b"x")

    address = serve(answer)
    found = request(f"{address}/a", LIMITS, private=EVERYWHERE)
    assert (found.content, found.address, found.moved_to) == (b"x", f"{address}/d", f"{address}/c")
    # What a temporary redirect leads to is the temporary place, wherever that has moved to.
    assert request(f"{address}/c", LIMITS, private=EVERYWHERE).moved_to is None
    assert request(f"{address}/lent", LIMITS, private=EVERYWHERE).moved_to is None


def test_a_status_without_content_is_an_answer_with_its_headers(serve: Serve) -> None:
    address = serve(lambda _: b'HTTP/1.1 304 Not modified\r\nETag: "1"\r\n\r\n')
    found = request(address, LIMITS, {"If-None-Match": '"1"'}, EVERYWHERE)
    assert (found.status, found.headers["etag"], found.content) == (304, '"1"', b"")


def test_an_answer_may_be_cut_where_enough_is_read(serve: Serve) -> None:
    address = serve(lambda _: OK + b"Content-Length: 99999999\r\n\r\n" + bytes(100_000))
    found = request(address, replace(LIMITS, cut=True), private=EVERYWHERE)
    assert len(found.content) == LIMITS.most_bytes


def test_a_network_that_is_named_may_be_reached_and_no_other(serve: Serve) -> None:
    address = serve(lambda _: whole(b"x"))
    assert request(address, LIMITS, private=[ip_network("127.0.0.0/8")]).content == b"x"
    with pytest.raises(PrivateAddressError, match="no machine of the public internet"):
        request(address, LIMITS, private=[ip_network("10.0.0.0/8")])


def test_a_redirect_out_of_encryption_may_be_allowed(secure: Callable[[bytes], int], serve: Serve) -> None:
    leaving = secure(leading(serve(lambda _: whole(b"plain"))))
    found = request(f"https://localhost:{leaving}/", replace(LIMITS, downgrade=True), private=EVERYWHERE)
    assert found.content == b"plain"
