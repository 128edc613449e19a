"""A person's open page on a served process, without a browser: what it posts, and what its socket tells it."""

import json
import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.fakes import FakeUpstream
from tests.served import Installation, ServedProcess

PATIENCE = 20.0  # seconds for what should come at once, on a busy machine
ALTOGETHER = 150.0  # seconds, however much comes: who repeats themselves is not read for ever
ACK_BYTES = 64 * 1024


def provider_environment(*upstreams: FakeUpstream, names: tuple[str, ...] = ("Fake",)) -> dict[str, str]:
    """Return the environment in which the served process has these upstreams as team providers and may call them."""
    providers = [
        {
            "name": name,
            "base_url": upstream.base_url,
            "api": "generic",
            "key": "sk-canary-0123456789abcdef",
            "models": ["model-a"],
        }
        for name, upstream in zip(names, upstreams, strict=True)
    ]
    return {
        "PLAYGROUND_PROVIDERS": json.dumps(providers),
        "PLAYGROUND_PRIVATE_HOSTS": ",".join(upstream.address for upstream in upstreams),
    }


@dataclass
class Followed:
    """What the page shows of one exchange, built from its updates as the page does."""

    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    updates: list[list[Any]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    state: str = ""
    end: dict[str, Any] | None = None
    ends: int = 0
    resets: int = 0

    def take(self, message: Mapping[str, Any]) -> None:
        if message.get("reset"):
            self.texts.clear()
            self.numbers.clear()
            self.resets += 1
        self.numbers.append(message["n"])
        self.updates += message["u"]
        for kind, *rest in message["u"]:
            match kind:
                case "c" | "r" | "f":
                    place = (kind, rest[0])
                    self.texts[place] = self.texts.get(place, "") + rest[1]
                case "s":
                    self.state = rest[0]
                case "q":
                    self.places.append(rest[0])
                case "end":
                    self.end, self.ends = rest[0], self.ends + 1
                    self.state = rest[0]["state"]

    @property
    def text(self) -> str:
        return self.texts.get(("c", 0), "")


class Socket:
    """The page's socket; it reads and acknowledges as the page does."""

    def __init__(self, connection: ClientConnection, *, acknowledge: bool = True) -> None:
        self._open = ExitStack()
        self.connection = self._open.enter_context(connection)
        self.followed: dict[int, Followed] = {}
        self.controls: list[dict[str, Any]] = []
        self.received = self.acknowledged = 0
        self.close_code: int | None = None
        self._acknowledge = acknowledge

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def follow(self, exchange: UUID | str, *, ref: int = 1, after: int = 0) -> Followed:
        """Follow an exchange; what it shows so far is kept when `after` goes on from there."""
        if after == 0:
            self.followed[ref] = Followed()
        followed = self.followed.setdefault(ref, Followed())
        self.say(type="follow", exchange=str(exchange), ref=ref, after=after)
        return followed

    def read(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """Return the next message. Raises ConnectionClosed, and TimeoutError when none comes."""
        try:
            text = self.connection.recv(timeout)
        except ConnectionClosed as closed:
            self.close_code = closed.rcvd.code if closed.rcvd else None
            raise
        assert isinstance(text, str)
        message: dict[str, Any] = json.loads(text)
        if "e" in message:
            self.received += len(text.encode())
            if self._acknowledge and self.received - self.acknowledged >= ACK_BYTES:
                self.acknowledged = self.received
                self.say(type="ack", bytes=self.received)
            self.followed.setdefault(message["e"], Followed()).take(message)
        else:
            self.controls.append(message)
        return message

    def _read_before(self, last: float) -> None:
        """Read the next message. Raises TimeoutError when none comes, and after `last` although more would come."""
        if time.monotonic() > last:
            raise TimeoutError
        self.read()

    def until(self, condition: Callable[[], Any], *, what: str = "") -> Any:
        """Read until the condition holds; return its value."""
        last = time.monotonic() + ALTOGETHER
        while not (value := condition()):
            try:
                self._read_before(last)
            except TimeoutError:
                pytest.fail(
                    f"waited in vain for {what or condition}; it shows {self.followed}, {self.controls}"
                )
        return value

    def until_text(self, text: str, *, ref: int = 1) -> Followed:
        """Read until the page shows exactly this text."""
        self.until(lambda: self.followed[ref].text == text, what=f"the text {text!r}")
        return self.followed[ref]

    def until_end(self, *refs: int) -> Followed:
        """Read until every one of these has ended (the first alone if none is named); return the first."""
        wanted = refs or (1,)
        self.until(lambda: all(self.followed[ref].end for ref in wanted), what=f"the end of {wanted}")
        return self.followed[wanted[0]]

    def until_control(self, **wanted: Any) -> dict[str, Any]:
        """Read until a control message with these fields has come; return it."""

        def found() -> dict[str, Any] | None:
            return next((c for c in self.controls if wanted.items() <= c.items()), None)

        message: dict[str, Any] = self.until(found, what=f"a message with {wanted}")
        return message

    def until_closed(self) -> int | None:
        """Read until the server closes; return its close code."""
        last = time.monotonic() + ALTOGETHER
        try:
            while True:
                self._read_before(last)
        except ConnectionClosed:
            return self.close_code
        except TimeoutError:
            pytest.fail("waited in vain for the socket to be closed")

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@dataclass(frozen=True)
class Sent:
    """What one press of Send was answered with."""

    run_id: UUID
    response: httpx.Response
    exchanges: tuple[str, ...]

    @property
    def exchange(self) -> str:
        if len(self.exchanges) != 1:
            pytest.fail(f"expected one exchange, got {self.response.status_code}: {self.response.text}")
        return self.exchanges[0]


@dataclass
class Page:
    """A signed-in person at one of their conversations."""

    process: ServedProcess
    client: httpx.Client
    conversation: str
    provider: str
    model: str = "model-a"

    def at(self, process: ServedProcess) -> "Page":
        """The same person and conversation, through another process or after a restart."""
        client = process.client()
        client.cookies = self.client.cookies
        return replace(self, process=process, client=client)

    def fields(self, message: str, **fields: Any) -> dict[str, Any]:
        base = {"message": message, "provider": self.provider, "model": self.model, "system": ""}
        return base | {"parameters": json.dumps({"stream": "true"})} | fields

    def run_path(self, run_id: UUID) -> str:
        return f"/conversations/{self.conversation}/runs/{run_id}/"

    def send(self, message: str = "Hello", *, run_id: UUID | None = None, **fields: Any) -> Sent:
        """Press Send."""
        run_id = run_id or uuid4()
        response = self.process.post(self.client, self.run_path(run_id), self.fields(message, **fields))
        exchanges = re.findall(r'<article[^>]*data-exchange="([0-9a-f-]+)"', response.text)
        return Sent(run_id, response, tuple(dict.fromkeys(exchanges)))

    def stop(self, exchange: str) -> httpx.Response:
        return self.process.post(self.client, f"/exchanges/{exchange}/stop/")

    def socket(self, *, acknowledge: bool = True, **options: Any) -> Socket:
        socket = Socket(self.process.socket(self.client, **options), acknowledge=acknowledge)
        socket.until_control(type="hello")
        return socket

    def conversation_new(self, *, model: str) -> "Page":
        """The same person at a new conversation, or at the newest one if that is empty."""
        response = self.process.post(self.client, "/conversations/")
        return replace(self, conversation=_conversation_of(response), model=model)


def page_open(process: ServedProcess, name: str = "alice") -> Page:
    """Sign somebody up and open their first conversation."""
    client = process.sign_up(name)
    response = client.get("/")
    response.raise_for_status()
    return Page(process, client, _conversation_of(response), providers_offered(response.text).get("Fake", ""))


def providers_offered(html: str) -> dict[str, str]:
    """Return the ids of the providers that a page offers, by name."""
    return {name: pk for pk, name in re.findall(r'<option[^>]*value="([0-9a-f-]{36})"[^>]*>\s*(\w+)', html)}


def _conversation_of(response: httpx.Response) -> str:
    found = re.fullmatch(r"/conversations/([0-9a-f-]{36})/", response.url.path)
    if found is None:
        pytest.fail(f"{response.url} ({response.status_code}) is no conversation:\n{response.text[:2000]}")
    return found[1]


@dataclass(frozen=True)
class KeptRow:
    """An exchange as the database holds it, read without the product."""

    state: str
    error: dict[str, Any] | None
    timing: dict[str, float]
    texts: tuple[str, ...]


def kept_row(installation: Installation, exchange: str) -> KeptRow:
    """Read an exchange and its answers from the installation's database."""
    ((state, error, timing),) = _rows(
        installation, "SELECT state, error, timing FROM conversations_exchange WHERE id = ?", exchange
    )
    answers = _rows(
        installation,
        "SELECT content FROM conversations_message WHERE exchange_id = ? ORDER BY choice",
        exchange,
    )
    texts = tuple("".join(part.get("text", "") for part in _json(content)) for (content,) in answers)
    return KeptRow(state, _json(error), _json(timing), texts)


def kept_trace(installation: Installation, exchange: str) -> str:
    """Return the text that the kept trace of an exchange adds up to."""
    pieces = _rows(
        installation,
        "SELECT data FROM conversations_trace WHERE exchange_id = ? ORDER BY sequence",
        exchange,
    )
    raw = b"".join(zlib.decompress(bytes(data)) for (data,) in pieces)
    chunks = [json.loads(line[6:]) for line in raw.decode().split("\n\n") if line.startswith("data: {")]
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def kept_row_ended(installation: Installation, exchange: str) -> KeptRow | None:
    """Read an exchange once it has ended, to wait for that."""
    row = kept_row(installation, exchange)
    return row if row.state not in ("queued", "streaming") else None


def exchange_count(installation: Installation, run_id: UUID) -> int:
    """Return how many exchanges a run made."""
    query = "SELECT count(*) FROM conversations_exchange WHERE run_id = ?"
    count: int = _rows(installation, query, str(run_id))[0][0]
    return count


def run_count(installation: Installation, conversation: str) -> int:
    """Return how many runs a conversation has had."""
    query = "SELECT count(*) FROM conversations_run WHERE conversation_id = ?"
    count: int = _rows(installation, query, conversation)[0][0]
    return count


@contextmanager
def database_held(installation: Installation) -> Iterator[None]:
    """Lock the database so that nobody else can write conversations and exchanges."""
    url = installation.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(url) as connection:
            connection.execute(
                "LOCK TABLE conversations_conversation, conversations_exchange IN EXCLUSIVE MODE"
            )
            yield
        return
    with closing(sqlite3.connect(installation.folder / "playground.sqlite3", timeout=20)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.rollback()


def _rows(installation: Installation, query: str, *identifiers: str) -> list[Any]:
    url = installation.environment.get("DATABASE_URL")
    if url:
        with psycopg.connect(url, autocommit=True) as connection:
            return connection.execute(query.replace("?", "%s"), identifiers).fetchall()
    with closing(sqlite3.connect(installation.folder / "playground.sqlite3", timeout=20)) as file:
        return file.execute(query, [pk.replace("-", "") for pk in identifiers]).fetchall()


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
