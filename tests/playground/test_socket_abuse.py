"""Pages that mean harm, or are broken: refused, bounded, and of no consequence for anybody else (a served process)."""

import contextlib
import json
import os
import socket as sockets
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.fakes import FakeUpstream, Gate, Stream
from tests.playground.pages import Page, Socket

pytestmark = pytest.mark.served
MB = 1024 * 1024


def memory(page: Page) -> float:
    """Resident memory of the server process in bytes."""
    return float(psutil.Process(page.process.process.pid).memory_info().rss)


def raw_socket(page: Page) -> sockets.socket:
    """Open the page's websocket as bare TCP, so that anything can be said on it."""
    raw = knocking(page)
    let_in(raw)
    return raw


def knocking(page: Page) -> sockets.socket:
    """Ask for the page's websocket and read nothing yet."""
    address = urlsplit(page.process.url)
    raw = sockets.create_connection((address.hostname, address.port), timeout=20)
    cookies = "; ".join(f"{name}={value}" for name, value in page.client.cookies.items())
    lines = (
        "GET /ws/exchanges/ HTTP/1.1",
        f"Host: {address.netloc}",
        f"Origin: {page.process.url}",
        f"Cookie: {cookies}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return raw


def let_in(raw: sockets.socket) -> None:
    """Read until the websocket is open and says hello."""
    head = b""
    while b'"hello"' not in head:
        data = raw.recv(4096)
        assert data, "turned away"
        head += data
    assert b" 101 " in head.split(b"\r\n")[0]


def masked(text: str) -> bytes:
    """A text message as a client's frame; its mask is zero."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + data


def read_all(raw: sockets.socket, limit: int = 1 << 20) -> bytes:
    """Read until the other side hangs up."""
    data = b""
    try:
        while (piece := raw.recv(65536)) and len(data) < limit:
            data += piece
    except ConnectionError:
        pass  # hung up on us while we were still talking
    return data


def test_a_frame_of_100_mb_is_refused_before_it_is_read(page: Page) -> None:
    before = memory(page)
    with raw_socket(page) as raw:
        try:
            raw.sendall(b"\x81\xff" + (100 * MB).to_bytes(8, "big") + b"\0\0\0\0")
            for _ in range(100):
                raw.sendall(b"a" * MB)
        except ConnectionError:
            pass  # which is what should happen
        assert len(read_all(raw)) < 200  # at most a close frame
    assert memory(page) - before < 20 * MB
    with page.socket() as still:
        still.say(type="ping")
        still.until_control(type="pong")


def test_a_message_in_endless_fragments_is_cut_off(page: Page) -> None:
    before = memory(page)
    with raw_socket(page) as raw:
        fragment = b"\xfe\x80\x00" + b"\0\0\0\0" + b"a" * 0x8000
        closed = False
        try:
            raw.sendall(b"\x01" + fragment)
            for _ in range(3000):
                raw.sendall(b"\x00" + fragment)
        except ConnectionError:
            closed = True
        assert closed or read_all(raw)
    assert memory(page) - before < 20 * MB


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        "1",
        '"follow"',
        "NaN",
        "[" * 4000,
        "x" * 60_000,
        "{}",
        '{"type": null}',
        '{"type": ["follow"]}',
        '{"type": "connect"}',
        '{"type": "websocket.disconnect"}',
        '{"type": "follow"}',
        '{"type": "follow", "exchange": 5, "ref": 1, "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-0000-0000-00000000000g", "ref": 1, "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": "1", "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": -1, "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": 2147483648, "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": true, "after": 0}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": 1, "after": "0"}',
        '{"type": "follow", "exchange": "00000000-0000-7000-8000-000000000000", "ref": 1, "after": 0.5}',
        '{"type": "follow", "exchange": {"__proto__": 1}, "ref": 1, "after": 0}',
    ],
)
def test_a_message_that_makes_no_sense_is_answered_and_harms_nothing(page: Page, text: str) -> None:
    with page.socket() as socket:
        socket.connection.send(text)
        assert socket.until_control(type="error")["code"] == "bad_message"
        socket.say(type="ping")
        socket.until_control(type="pong")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "unfollow", "ref": "x"},
        {"type": "unfollow", "ref": 99},
        {"type": "ack", "bytes": 10**30},
        {"type": "ack", "bytes": -1},
        {"type": "ack", "bytes": None},
        {"type": "ack"},
    ],
)
def test_what_can_be_ignored_is_ignored(page: Page, message: dict[str, object]) -> None:
    with page.socket() as socket:
        socket.say(**message)
        socket.say(type="ping")
        socket.until_control(type="pong")
        assert [control["type"] for control in socket.controls] == ["hello", "pong"]


@pytest.mark.parametrize(
    "seen", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "\0", "x" * 3_000]
)
def test_a_state_that_no_page_was_in_is_a_change(page: Page, seen: str) -> None:
    with page.socket() as socket:
        socket.say(type="watch", conversation=page.conversation, seen=seen)
        assert socket.until_control(type="changed")["conversation"] == page.conversation
        socket.say(type="ping")
        socket.until_control(type="pong")


def test_a_binary_message_is_answered(page: Page) -> None:
    with page.socket() as socket:
        socket.connection.send(b"\x00\x01")
        socket.until_control(type="error", code="bad_message")


def test_a_flood_is_cut_off(page: Page) -> None:
    before = memory(page)
    with page.socket() as socket:
        try:
            for _ in range(20_000):
                socket.connection.send('{"type":"ping"}')
        except ConnectionClosed:
            pass  # which is what should happen
        assert socket.until_closed() == 4429
        errors = [control for control in socket.controls if control["type"] == "error"]
        assert [error["code"] for error in errors] == ["too_fast"]
        assert len(socket.controls) < 600
    assert memory(page) - before < 20 * MB


def test_more_exchanges_than_one_page_may_follow_are_refused(page: Page, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=[gate, "Hi"]))
    exchange = page.send().exchange
    with page.socket() as socket:
        for ref in range(300):
            socket.follow(exchange, ref=ref)
        socket.until_control(type="error", code="too_many", ref=256)
        gate.open()
        socket.until_end(*range(256))


def test_a_page_that_reads_nothing_and_lies_about_it_costs_no_memory(
    page: Page, upstream: FakeUpstream
) -> None:
    """It asks for a large answer again and again and acknowledges what it never read."""
    gate = Gate()
    upstream.script(page.model, Stream(text=["x" * 20_000] * 100 + [gate, "!"]))
    exchange = page.send().exchange
    with page.socket() as honest:
        honest.follow(exchange)
        honest.until(lambda: len(honest.followed[1].text) == 2_000_000)
        before = memory(page)
        with raw_socket(page) as liar:
            liar.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
            liar.settimeout(0.5)
            follow = json.dumps({"type": "follow", "exchange": exchange, "ref": 1, "after": 0})
            lies = [json.dumps({"type": "ack", "bytes": size * 100_000}) for size in range(1, 30)]
            try:
                for _ in range(12):
                    liar.sendall(b"".join(map(masked, [follow, *lies])))
            except (TimeoutError, ConnectionError):
                pass  # it is not listened to any more
            honest.say(type="ping")
            honest.until_control(type="pong")
            assert memory(page) - before < 30 * MB
        gate.open()
        assert honest.until_end().text.endswith("!")


def test_hundreds_of_sockets_cost_little_and_can_all_be_served(page: Page, upstream: FakeUpstream) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=["Hi", gate, "!"]))
    exchange = page.send().exchange
    before = memory(page)
    many = int(os.environ.get("SOCKETS", "200"))
    open_now = [Socket(page.process.socket(page.client)) for _ in range(many)]
    try:
        for each in open_now:
            each.until_control(type="hello")
            each.follow(exchange)
        gate.open()
        assert {each.until_end().text for each in open_now} == {"Hi!"}
        assert (memory(page) - before) / many < 300 * 1024
    finally:
        for each in open_now:
            each.close()


def test_hundreds_that_knock_at_once_are_let_in_and_hold_up_nobody(
    page: Page, upstream: FakeUpstream
) -> None:
    gate = Gate()
    upstream.script(page.model, Stream(text=["Hi", gate, "!"]))
    exchange = page.send().exchange
    many = int(os.environ.get("SOCKETS", "200"))
    with page.socket() as honest, contextlib.ExitStack() as crowd:
        honest.follow(exchange)
        honest.until_text("Hi")
        before = memory(page)
        knocked = [crowd.enter_context(knocking(page)) for _ in range(many)]
        gate.open()
        assert honest.until_end().text == "Hi!"
        for each in knocked:
            let_in(each)
        assert (memory(page) - before) / many < 300 * 1024
