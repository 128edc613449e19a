"""What reading from upstreams costs: our client beside bare aiohttp, httpx on aiohttp, and httpx, interleaved.

    python bench/client.py [--streams 20 100] [--rate 50] [--seconds 3] [--rounds 3]

An upstream in another process streams tokens that carry the time at which each was written. Reported, as medians of
the rounds: CPU seconds of this process per 1,000 tokens, latency p50 and p99 in ms, milliseconds until the heads of
all streams are there. Last, streams as fast as they can be read: tokens per second. Read ratios, not absolutes.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from upstream.address_guard import AddressGuard  # noqa: E402 - the path comes first
from upstream.client import UpstreamClient  # noqa: E402 - the path comes first
from upstream.wire.request import PreparedRequest  # noqa: E402 - the path comes first

CHUNK = (
    'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"bench",'
    '"choices":[{"index":0,"delta":{"content":" w@%d@"},"finish_reason":null}]}\n\n'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
FAST = 5_000  # tokens of a stream that is read as fast as it goes

Readers = Callable[[str], AsyncIterator[bytes]]


def token() -> bytes:
    data = (CHUNK % time.monotonic_ns()).encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


async def serve(told: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked = parse_qs(urlsplit(head.split(" ")[1]).query)
        count, rate = int(asked["tokens"][0]), float(asked["rate"][0])
        writer.write(HEAD)
        begin = time.monotonic()
        for number in range(count):
            if rate:
                await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
            writer.write(token())
            if not rate and number % 100 == 0:
                await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2048)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def upstream_run(told: Connection) -> None:
    asyncio.run(serve(told))


@asynccontextmanager
async def ours(origin: str) -> AsyncIterator[Readers]:
    client = UpstreamClient(guard=AddressGuard(["127.0.0.1"]))

    async def read(target: str) -> AsyncIterator[bytes]:
        async with client.stream(PreparedRequest("GET", origin + target, (), b"")) as response:
            yield b""
            async for data in response.chunks():
                yield data

    yield read
    await client.aclose()


@asynccontextmanager
async def bare_aiohttp(origin: str) -> AsyncIterator[Readers]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def read(target: str) -> AsyncIterator[bytes]:
            timeout = aiohttp.ClientTimeout(total=None, sock_read=120)
            async with session.get(origin + target, timeout=timeout) as response:
                yield b""
                async for data in response.content.iter_any():
                    yield data

        yield read


def httpx_reader(transport: Callable[[], httpx.AsyncBaseTransport]) -> Callable[..., object]:
    @asynccontextmanager
    async def reader(origin: str) -> AsyncIterator[Readers]:
        async with httpx.AsyncClient(transport=transport(), timeout=120) as client:

            async def read(target: str) -> AsyncIterator[bytes]:
                async with client.stream("GET", origin + target) as response:
                    yield b""
                    async for data in response.aiter_raw():
                        yield data

            yield read

    return reader


LIMITS = httpx.Limits(max_connections=4096)
CANDIDATES = {
    "upstream.client": ours,
    "aiohttp": bare_aiohttp,
    "httpx on aiohttp": httpx_reader(lambda: AiohttpTransport(limits=LIMITS)),
    "httpx": httpx_reader(lambda: httpx.AsyncHTTPTransport(limits=LIMITS)),
}


@dataclass
class Measure:
    tokens: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    heads: float = 0.0
    latencies: tuple[int, ...] = ()

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[int((len(ordered) - 1) * share)] / 1e6


async def measure(opened: object, origin: str, *, streams: int, tokens: int, rate: float) -> Measure:
    result = Measure()
    latencies: list[int] = []
    async with AsyncExitStack() as stack:
        read: Readers = await stack.enter_async_context(opened(origin))  # type: ignore[operator]
        cpu, wall = time.process_time(), time.perf_counter()

        async def one() -> None:
            rest = b""
            async for data in read(f"/?tokens={tokens}&rate={rate}"):
                if not data:
                    result.heads = (time.perf_counter() - wall) * 1000
                    continue
                now = time.monotonic_ns()
                *marks, rest = (rest + data).split(b"@")
                latencies.extend(now - int(mark) for mark in marks if mark.isdigit())

        jobs: list[Awaitable[None]] = [one() for _ in range(streams)]
        await asyncio.gather(*jobs)
        result.cpu, result.wall = time.process_time() - cpu, time.perf_counter() - wall
    result.tokens, result.latencies = len(latencies), tuple(latencies)
    assert result.tokens == streams * tokens, f"{streams * tokens - result.tokens} tokens were lost"
    return result


def row(name: str, rounds: list[Measure], *, fast: bool) -> str:
    def median(of: Callable[[Measure], float]) -> float:
        return statistics.median(of(one) for one in rounds)

    cpu = median(lambda one: one.cpu / one.tokens * 1000)
    if fast:
        return f"  {name:18} {median(lambda one: one.tokens / one.wall):10,.0f} tokens/s   CPU s/1k {cpu:.4f}"
    return (
        f"  {name:18} CPU s/1k {cpu:.4f}   p50 {median(lambda one: one.percentile(0.5)):7.2f}"
        f"   p99 {median(lambda one: one.percentile(0.99)):7.2f}   heads {median(lambda one: one.heads):6.0f} ms"
    )


async def compare(origin: str, arguments: argparse.Namespace) -> None:
    plans = [
        (streams, int(arguments.seconds * arguments.rate), arguments.rate) for streams in arguments.streams
    ]
    for streams, tokens, rate in [*plans, (20, FAST, 0.0)]:
        print(f"{streams} streams, {f'{rate:g} tokens/s each' if rate else 'as fast as they go'}")
        results: dict[str, list[Measure]] = {name: [] for name in CANDIDATES}
        for _ in range(arguments.rounds):
            for name, opened in CANDIDATES.items():
                results[name].append(await measure(opened, origin, streams=streams, tokens=tokens, rate=rate))
        for name, rounds in results.items():
            print(row(name, rounds, fast=not rate))


def main() -> None:
    parser = argparse.ArgumentParser(description="The upstream client beside aiohttp and httpx, same run.")
    parser.add_argument("--streams", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    hears, told = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=upstream_run, args=(told,), daemon=True)
    process.start()
    asyncio.run(compare(f"http://127.0.0.1:{hears.recv()}", arguments))
    process.terminate()
    process.join()


if __name__ == "__main__":
    main()
