"""`manage.py serve` from the outside: starting, being refused, being healthy, being told to stop."""

import contextlib
import http.client
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from twisted.internet.defer import Deferred
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from playground.server import PageSocket
from tests.served import Installation, ServedProcess, wait_for
from tests.servers import BACKENDS

pytestmark = pytest.mark.served
BODY_LIMIT = 32 * 1024 * 1024


def test_one_line_says_where_it_is(installation: Installation) -> None:
    served = installation.serve()
    assert served.output == f"Chat Playground is ready at {served.url}\n"
    assert httpx.get(f"{served.url}/healthz", trust_env=False, timeout=30).status_code == 200


def test_health_names_each_part(served: ServedProcess) -> None:
    health = served.health()
    assert health["status"] == "ok"
    assert health["database"] == {"status": "ok"}
    assert health["journal"]["status"] == "ok"
    assert health["local_model"] == {"status": "off"}


def test_a_taken_port_is_said_with_what_to_do(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = installation.start(PORT=str(other.getsockname()[1]))
        assert process.wait() == 1
    assert "is in use already" in process.output
    assert "PORT=8001 make run" in process.output
    assert "Traceback" not in process.output


def test_a_wrong_setting_is_said_without_a_traceback(installation: Installation) -> None:
    process = installation.start(PORT="http")
    assert process.wait() == 1
    assert "PORT: Expected a whole number" in process.output
    assert "Traceback" not in process.output


def test_an_address_of_another_machine_is_said(installation: Installation) -> None:
    process = installation.start(HOST="203.0.113.7")
    assert process.wait() == 1
    assert "is not an address of this machine" in process.output


def test_a_database_that_cannot_be_opened_is_said_with_what_to_do(
    installation: Installation, tmp_path: Path
) -> None:
    process = installation.start(DATABASE_URL=f"sqlite:///{tmp_path}")
    assert process.wait() == 1
    assert (
        "The database cannot be reached: unable to open database file. Check DATABASE_URL." in process.output
    )
    assert "Traceback" not in process.output


def test_a_database_without_tables_is_said_and_migrate_makes_them(
    installation: Installation, tmp_path: Path
) -> None:
    if "DATABASE_URL" in installation.environment:
        pytest.skip("an empty SQLite database shows it")
    (tmp_path / "empty").mkdir()
    folder = {"PLAYGROUND_DATA": str(tmp_path / "empty")}
    process = installation.start(**folder)
    assert process.wait() == 1
    assert "Run: make migrate" in process.output
    migrating = installation.start("--migrate", **folder)
    assert migrating.wait_ready().health()["status"] == "ok"


def test_a_public_server_prints_how_to_make_the_first_account(installation: Installation) -> None:
    served = installation.serve(HOST="0.0.0.0")
    assert "/accounts/signup/?token=" in served.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(served: ServedProcess, number: signal.Signals) -> None:
    served.process.send_signal(number)
    assert served.wait() == 0
    assert "Traceback" not in served.output


def test_a_signal_right_after_the_ready_line_is_not_lost(installation: Installation) -> None:
    served = installation.start()
    served.wait_ready()
    assert served.terminate() == 0


def test_the_same_signal_sent_twice_at_once_counts_once(served: ServedProcess) -> None:
    """`make` passes on a SIGTERM that the whole group got already."""
    served.process.send_signal(signal.SIGTERM)
    served.process.send_signal(signal.SIGTERM)
    assert served.wait() == 0


def test_a_signal_closes_sockets_so_that_pages_come_back(served: ServedProcess) -> None:
    alice = served.sign_up("alice")
    with served.socket(alice) as page:
        page.recv(timeout=5)
        served.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            exhaust(page)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert served.wait() == 0


def test_a_second_server_on_the_same_data_serves_the_same_people(installation: Installation) -> None:
    first, second = installation.serve(), installation.serve()
    alice = first.sign_up("alice")
    assert httpx.get(
        f"{second.url}/", cookies=dict(alice.cookies), trust_env=False, timeout=30
    ).status_code in (200, 302)
    first.kill()
    assert second.health()["status"] == "ok"


def exhaust(page: ClientConnection) -> None:
    """Read what comes until the socket is closed, which raises ConnectionClosed."""
    while True:
        page.recv(timeout=5)


def memory_of(process: ServedProcess) -> int:
    """Return the resident memory in bytes."""
    status = Path(f"/proc/{process.process.pid}/statm").read_text().split()
    return int(status[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_past_the_bound_is_refused_while_it_arrives(served: ServedProcess, chunked: bool) -> None:
    port = int(served.url.rpartition(":")[2])
    before = memory_of(served)
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 104857600"
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + b"\r\n\r\n")
        block = b"x" * 65536
        piece = b"10000\r\n" + block + b"\r\n" if chunked else block
        with contextlib.suppress(OSError):  # it hangs up on us, as it should
            for _ in range(104857600 // 65536):
                connection.sendall(piece)
        with contextlib.suppress(ConnectionResetError):  # our unread bytes may push its answer off the line
            answer = connection.recv(4096)
    assert answer == b"" or b"413 Content Too Large" in answer
    assert memory_of(served) - before < 2 * BODY_LIMIT
    assert served.health()["status"] == "ok"


def test_a_form_past_its_bound_gets_a_clear_413(served: ServedProcess) -> None:
    with served.client() as client:
        answer = client.post("/accounts/login/", content=b"a=" + b"x" * (17 * 1024 * 1024))
    assert answer.status_code == 413
    assert "16 MB" in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None, "http://127.0.0.1:1", "file://"])
def test_a_socket_from_a_foreign_page_is_refused(served: ServedProcess, origin: str | None) -> None:
    alice = served.sign_up("alice")
    assert handshake_status(served, alice, served.url) == 101
    assert handshake_status(served, alice, origin) in (400, 403)


def handshake_status(served: ServedProcess, client: httpx.Client, origin: str | None) -> int:
    """Return the status of a websocket's opening handshake with this Origin header."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items()),
    } | ({"Origin": origin} if origin is not None else {})
    connection = http.client.HTTPConnection("127.0.0.1", port_of(served), timeout=10)
    try:
        connection.request("GET", "/ws/exchanges/", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_message_past_the_bound_closes_the_socket(served: ServedProcess) -> None:
    alice = served.sign_up("alice")
    with served.socket(alice) as page:
        page.send("x" * (128 * 1024))
        with pytest.raises(ConnectionClosed):
            exhaust(page)
    assert served.health()["status"] == "ok"


def test_a_socket_that_was_given_up_is_not_opened_any_more() -> None:
    given_up = PageSocket()
    given_up.handshake_deferred = Deferred()
    given_up.state = PageSocket.STATE_CLOSED
    given_up.serverAccept()
    assert not given_up.handshake_deferred.called


def test_static_files_come_hashed_compressed_and_for_ever(served: ServedProcess) -> None:
    with served.client() as client:
        page = client.get("/accounts/login/")
        name = next(part for part in page.text.split('"') if part.startswith("/static/") and ".css" in part)
        answer = client.get(name, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = client.get(name, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert client.get("/static/../manage.py").status_code == 404


def test_forwarded_headers_count_from_a_trusted_proxy_only(installation: Installation) -> None:
    claimed = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.9",
        "Host": "playground.example.com",
    }
    plain = installation.serve(PUBLIC_URL="https://playground.example.com")
    behind = installation.serve(PUBLIC_URL="https://playground.example.com", TRUSTED_PROXY="127.0.0.1")
    urls = [f"http://127.0.0.1:{port_of(process)}/accounts/login/" for process in (plain, behind)]
    without, with_trust = (httpx.get(url, headers=claimed, trust_env=False, timeout=30) for url in urls)
    assert "strict-transport-security" not in without.headers
    assert "strict-transport-security" in with_trust.headers


def port_of(process: ServedProcess) -> int:
    """Return the port a process listens on, from the kernel: with PUBLIC_URL its ready line does not name it."""
    import psutil

    def found() -> int:
        connections = psutil.Process(process.process.pid).net_connections("tcp")
        return next((c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN), 0)

    return int(wait_for(found, what="a listening port"))


def test_it_stays_small(served: ServedProcess) -> None:
    """The goal is 120 MB for an installation that needs nothing else; the drivers of PostgreSQL and Redis are 20 MB.

    The time of a start is measured by `make bench`, where the machine is quiet.
    """
    served.health()
    bound = 120 if BACKENDS == "sqlite" else 140
    assert memory_of(served) < bound * 1024 * 1024


def test_every_middleware_is_async_capable() -> None:
    from django.utils.module_loading import import_string

    for name in settings.MIDDLEWARE:
        middleware = import_string(name)
        assert getattr(middleware, "async_capable", False), name
