"""What relays tokens, and how a click on it and its streams are begun: the product, and the least that could."""

import json
import selectors
import socket
import time
from typing import Any, Protocol

from bench.product import Product, exchange_in, follow_frame, response_is_whole


class Candidate(Protocol):
    """Something that relays."""

    name: str
    pids: list[int]

    def begin(self, model: str, count: int) -> list[socket.socket]:
        """Begin so many streams, all of them under way; return the sockets on which their tokens come."""

    def ttft(self, count: int) -> list[float]:
        """Return the ms from a click to the first token, for clicks spread over a second."""


class ProductCandidate:
    """The product."""

    def __init__(self, load: Any, product: Product, name: str = "product") -> None:
        self.name, self.product, self.load = name, product, load
        self.pids = [product.pid]

    def begin(self, model: str, count: int) -> list[socket.socket]:
        exchanges = [self.product.send(model, each) for each in self.product.conversations_take(count)]
        sockets = [self.product.socket(self.load) for _ in exchanges]
        for opened, exchange in zip(sockets, exchanges, strict=True):
            opened.sendall(follow_frame(self.load, exchange))
        return sockets

    def followers(self, model: str, count: int) -> list[socket.socket]:
        exchange = self.product.send(model, *self.product.conversations_take(1))
        sockets = [self.product.socket(self.load) for _ in range(count)]
        for opened in sockets:
            opened.sendall(follow_frame(self.load, exchange))
        return sockets

    def ttft(self, count: int) -> list[float]:
        waits = Waits(count)
        for conversation in self.product.conversations_take(count):
            waits.add(_Click(self, conversation))
        return waits.run()


class _Click:
    """One press of Send, as a page does it: POST, read the answer, follow, wait for a token."""

    def __init__(self, candidate: ProductCandidate, conversation: str) -> None:
        self.candidate = candidate
        self.post = candidate.load.tcp(candidate.product.port)
        self.tokens = candidate.product.socket(candidate.load)
        self.sockets = [self.post, self.tokens]
        self.request = candidate.product.post("fake-n20-r50", conversation=conversation)
        self.answer = b""

    def begin(self) -> None:
        self.post.sendall(self.request)

    def readable(self, ready: socket.socket) -> bool:
        data = ready.recv(65536)
        if ready is self.tokens:
            return b"@" in data
        self.answer += data
        if response_is_whole(self.answer):
            self.tokens.sendall(follow_frame(self.candidate.load, exchange_in(self.answer)))
        return False


class MinimalCandidate:
    """The minimal relay."""

    name = "minimal relay"

    def __init__(self, load: Any, port: int, pid: int) -> None:
        self.load, self.port, self.pids = load, port, [pid]

    def begin(self, model: str, count: int) -> list[socket.socket]:
        sockets = [self._open() for _ in range(count)]
        for opened in sockets:
            opened.sendall(self.request(model))
        return sockets

    def _open(self) -> socket.socket:
        opened: socket.socket = self.load.ws_connect(self.port, "/ws")[0]
        return opened

    def request(self, model: str) -> bytes:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
        frame: bytes = self.load.wsframe(json.dumps(body, separators=(",", ":")))
        return frame

    def ttft(self, count: int) -> list[float]:
        waits = Waits(count)
        for _ in range(count):
            waits.add(_Plain(self))
        return waits.run()


class _Plain:
    def __init__(self, candidate: MinimalCandidate) -> None:
        self.tokens = candidate._open()
        self.sockets = [self.tokens]
        self.request = candidate.request("fake-n20-r50")

    def begin(self) -> None:
        self.tokens.sendall(self.request)

    def readable(self, ready: socket.socket) -> bool:
        return b"@" in ready.recv(65536)


class Wait(Protocol):
    sockets: list[socket.socket]

    def begin(self) -> None: ...

    def readable(self, ready: socket.socket) -> bool: ...


class Waits:
    """Begins waits spread over a second, and times each until its token is there."""

    def __init__(self, count: int) -> None:
        self.spread = 1.0 / count
        self.waits: list[Wait] = []

    def add(self, wait: Wait) -> None:
        self.waits.append(wait)

    def run(self) -> list[float]:
        selector = selectors.DefaultSelector()
        begun: dict[int, float] = {}
        took: list[float] = []
        start = time.perf_counter()
        pending = list(enumerate(self.waits))
        while len(took) < len(self.waits):
            now = time.perf_counter()
            while pending and now >= start + pending[0][0] * self.spread:
                _number, wait = pending.pop(0)
                for each in wait.sockets:
                    selector.register(each, selectors.EVENT_READ, wait)
                begun[id(wait)] = time.perf_counter()
                wait.begin()
            due = start + pending[0][0] * self.spread - time.perf_counter() if pending else 1.0
            for key, _events in selector.select(max(due, 0)):
                wait = key.data
                if wait.readable(key.fileobj):
                    took.append((time.perf_counter() - begun[id(wait)]) * 1000)
                    for each in wait.sockets:
                        selector.unregister(each)
        for wait in self.waits:
            for each in wait.sockets:
                each.close()
        return took
