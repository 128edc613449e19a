"""Reading tokens as fast as they come, and what that took: latency, throughput, CPU and bytes."""

import ctypes
import json
import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.candidates import Candidate

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
    """The most tokens per second: ten streams as fast as they go, from the first request to the last token."""
    cpu, began = load.cpu(candidate.pids), time.perf_counter()
    sockets = candidate.begin("fake-n30000-r0", 10)
    tokens = _drain(load, sockets)
    took, cpu = time.perf_counter() - began, load.cpu(candidate.pids) - cpu
    load.closeall(sockets)
    row.add(tps=tokens / took, cpu=cpu / tokens * 1000)


def _drain(load: Any, sockets: Sequence[socket.socket]) -> int:
    """Read every socket to its last token, acknowledging as a page does; return how many tokens came."""
    selector = selectors.DefaultSelector()
    received = dict.fromkeys(sockets, 0)
    tails = dict.fromkeys(sockets, b"")
    tokens = 0
    for each in sockets:
        each.setblocking(True)
        selector.register(each, selectors.EVENT_READ)
    while tails:
        for key, _events in selector.select(10):
            ready = key.fileobj
            assert isinstance(ready, socket.socket)
            data = ready.recv(1 << 18)
            tokens += data.count(b" w@")
            received[ready] += len(data)
            # A little less than came, because the frames' own heads are not counted.
            ready.sendall(load.wsframe(json.dumps({"type": "ack", "bytes": int(received[ready] * 0.99)})))
            if b"@END@" in tails[ready] + data or not data:
                selector.unregister(ready)
                del tails[ready]
            else:
                tails[ready] = data[-8:]
    return tokens
