"""What happens to a connection before Django: proxies, bodies, headers; and the application under another server."""

import ipaddress
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx
import pytest
from django.conf import settings

from playground.edge.bodies import BodyLimit
from playground.edge.headers import SecurityHeaders
from playground.edge.proxies import TrustedProxies
from playground.edge.types import Message, Receive, Scope, Send, respond
from tests.served import Installation, ServedProcess, wait_for

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Kept:
    """An application that keeps its scope and reads its body."""

    def __init__(self) -> None:
        self.scope: Scope = {}
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        while (message := await receive())["type"] == "http.request":
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await respond(send, 200, "taken")
                return


async def call(app: Handler, bodies: Iterable[bytes] = (b"",), **scope: Any) -> list[Message]:
    """Send one request whose body comes in these parts; return what the application sent."""
    parts = list(bodies)
    queue: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return queue.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    base = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "client": ("10.0.0.1", 1),
        "scheme": "http",
    }
    await app(base | scope, receive, send)
    return sent


def forwarded(value: bytes, proto: bytes = b"https") -> list[tuple[bytes, bytes]]:
    return [
        (b"x-forwarded-for", value),
        (b"x-forwarded-proto", proto),
        (b"x-forwarded-host", b"evil"),
        (b"a", b"b"),
    ]


@pytest.mark.parametrize(
    ("peer", "chain", "client", "scheme"),
    [
        ("10.0.0.1", b"203.0.113.9", "203.0.113.9", "https"),
        ("10.0.0.1", b"198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9", "https"),
        ("10.0.0.1", b"10.0.0.3, 10.0.0.2", "10.0.0.3", "https"),
        ("10.0.0.1", b"nonsense, 10.0.0.2", "10.0.0.2", "https"),
        ("10.0.0.1", b"nonsense", "10.0.0.1", "https"),
        ("::ffff:10.0.0.1", b"203.0.113.9", "203.0.113.9", "https"),
        ("fd00::1", b"2001:db8::1", "2001:db8::1", "https"),
        ("203.0.113.1", b"198.51.100.1", "203.0.113.1", "http"),
        ("", b"198.51.100.1", "", "http"),
    ],
)
async def test_only_the_trusted_part_of_the_chain_is_believed(
    peer: str, chain: bytes, client: str, scheme: str
) -> None:
    app = Kept()
    await call(TrustedProxies(app, networks=PROXIES), client=(peer, 5), headers=forwarded(chain))
    assert app.scope["client"][0] == client
    assert app.scope["scheme"] == scheme
    assert app.scope["headers"] == [(b"a", b"b")]


async def test_a_socket_behind_a_proxy_is_secure_too() -> None:
    app = Kept()
    proxies = TrustedProxies(app, networks=PROXIES)
    await call(proxies, type="websocket", scheme="ws", headers=forwarded(b"203.0.113.9"))
    assert app.scope["scheme"] == "wss"


@pytest.mark.parametrize(
    ("length", "parts", "status"),
    [
        (None, [b"x" * 10], 200),
        (b"10", [b"x" * 10], 200),
        (b"11", [b"x" * 11], 413),
        (None, [b"x" * 6, b"x" * 6], 413),
        (b"1", [b"x" * 6, b"x" * 6], 413),
        (b"ten", [b""], 400),
    ],
)
async def test_a_body_is_bounded_by_what_it_says_and_by_what_comes(
    length: bytes | None, parts: list[bytes], status: int
) -> None:
    app = Kept()
    headers = [(b"content-length", length)] if length else []
    sent = await call(BodyLimit(app, form_bytes=10, upload_bytes=100), parts, headers=headers)
    assert sent[0]["status"] == status
    assert len(sent) == 2
    assert len(app.body) <= 10


async def test_uploads_have_a_bound_of_their_own() -> None:
    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    sent = await call(BodyLimit(Kept(), form_bytes=10, upload_bytes=100), [b"x" * 100], headers=headers)
    assert sent[0]["status"] == 200


async def test_headers_are_added_but_not_replaced() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"Referrer-Policy", b"no-referrer")]}
        )

    sent = await call(SecurityHeaders(app))
    headers = [(name.lower(), value) for name, value in sent[0]["headers"]]
    assert (b"referrer-policy", b"no-referrer") in headers
    assert (b"x-content-type-options", b"nosniff") in headers
    assert len({name for name, _ in headers}) == len(headers)


@pytest.mark.served
def test_another_server_runs_the_application_too(installation: Installation) -> None:
    """uvicorn speaks the lifespan protocol, and bounds no body by itself."""
    options = ["--lifespan", "on", "--port", "0", "--log-level", "info"]
    process = ServedProcess(
        [sys.executable, "-m", "uvicorn", "playground.asgi:application", *options],
        installation.environment,
        installation.folder / "uvicorn.log",
    )
    installation.processes.append(process)
    marker = "Uvicorn running on "
    wait_for(lambda: marker in process.output, within=30, what="uvicorn")
    process.url = process.output.partition(marker)[2].split()[0]
    assert process.health()["status"] == "ok"
    process.sign_up("alice")
    body = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    too_much = httpx.post(f"{process.url}/accounts/login/", content=body, trust_env=False, timeout=30)
    assert too_much.status_code == 413
    process.terminate()
    assert "Application shutdown complete" in process.output
