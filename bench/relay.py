"""What the product adds between an upstream and a page: latency, time to first token, CPU, bytes.

Every token of the fast upstream (`fake_upstream.c` of the load tools) carries the time at which it was written. The
same client reads n streams of 50 tokens a second twice, the rounds interleaved: straight from the upstream (the bare
reader) and through the product: POST, commit, run, journal, socket. Read the ratios; both suffer from whatever else
the machine does.
"""

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import psutil
from yarl import URL

from tests.served import ROOT, ServedProcess

LOAD = Path(os.environ.get("PLAYGROUND_LOAD", ROOT.parent / "shared" / "load"))
UPSTREAM_PORT = 18_077
ROUNDS = 3
TOKENS = 200
MODEL = f"fake-n{TOKENS}-r50"
FAST = "fake-n2000-r0"
FAST_STREAMS = 8
MARK = re.compile(r"@(\d{9,})@")
EXCHANGE = re.compile(r'data-exchange="([0-9a-f-]{36})"')


@dataclass
class Figures:
    """What one round of one reader measured. Times in ms."""

    latencies: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    size: int = 0
    complete: int = 0

    def take(self, text: str, began: int) -> None:
        now = time.monotonic_ns()
        for mark in MARK.findall(text):
            if len(self.first) < self.complete + 1:
                self.first.append((now - began) / 1e6)
            self.latencies.append((now - int(mark)) / 1e6)


async def bare(
    session: aiohttp.ClientSession, figures: Figures, _conversation: str, *, model: str = MODEL
) -> None:
    """Read one stream straight from the upstream."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    own, began = Figures(), time.monotonic_ns()
    async with session.post(f"http://127.0.0.1:{UPSTREAM_PORT}/v1/chat/completions", json=body) as answer:
        async for data in answer.content.iter_any():
            own.size += len(data)
            own.take(data.decode(), began)
    merge(figures, own)


class Product:
    """The served product with one person and one team provider on the upstream."""

    def __init__(self, served: ServedProcess, client: httpx.Client) -> None:
        self.url = served.url
        self.pid = served.process.pid
        self.headers = {"X-CSRFToken": client.cookies["csrftoken"], "Origin": served.url}
        self.cookies = dict(client.cookies)
        page = client.get("/").text
        found = re.search(r'<option value="([0-9a-f-]{36})"', page)
        if found is None:
            raise RuntimeError("the workbench offers no provider")
        self.provider = found[1]

    async def conversations(self, session: aiohttp.ClientSession, count: int) -> list[str]:
        made: list[str] = []
        for _ in range(count):
            async with session.post(f"{self.url}/conversations/", headers=self.headers) as answer:
                made.append(answer.url.path)
            # One message makes it a conversation of its own: an empty one is used again.
            await self.run(session, Figures(), made[-1], model="fake-n1-r0")
        return made

    async def run(
        self, session: aiohttp.ClientSession, figures: Figures, conversation: str, *, model: str = MODEL
    ) -> None:
        """Press Send and follow the answer on a socket that is open already, as a page does."""
        own = Figures()
        fields = {
            "message": "x",
            "provider": self.provider,
            "model": model,
            "parameters": '{"stream":"true"}',
        }
        async with session.ws_connect(f"{self.url}/ws/exchanges/", origin=self.url) as socket:
            await socket.receive()
            began = time.monotonic_ns()
            address = f"{self.url}{conversation}runs/{uuid4()}/"
            async with session.post(address, data=fields, headers=self.headers) as answer:
                found = EXCHANGE.search(await answer.text())
            if found is None:
                raise RuntimeError(f"the run was refused: {answer.status}")
            await socket.send_json({"type": "follow", "exchange": found[1], "ref": 1, "after": 0})
            async for message in socket:
                own.size += len(message.data)
                own.take(message.data, began)
                if '["end",' in message.data:
                    break
        merge(figures, own)


def merge(figures: Figures, own: Figures) -> None:
    """Add one stream to its round."""
    figures.latencies += own.latencies
    figures.first += own.first
    figures.size += own.size
    figures.complete += 1


async def measure(product: Product, count: int) -> None:
    """Print the rows for n = `count`."""
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, cookie_jar=jar) as session:
        jar.update_cookies(product.cookies, URL(product.url))
        places = await product.conversations(session, count)
        rounds: dict[str, list[dict[str, float]]] = {"bare reader": [], "chat playground": []}
        for _ in range(ROUNDS):
            for name, reader in (("bare reader", bare), ("chat playground", product.run)):
                rounds[name].append(await one_round(session, reader, places, product.pid))
    middle = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in rounds.items()
    }
    for name, row in middle.items():
        shown = "  ".join(f"{key} {value:9.3f}" for key, value in row.items())
        print(f"n={count:<4} {name:16} {shown}")
    added = {
        key: middle["chat playground"][key] - middle["bare reader"][key] for key in ("p50", "p99", "ttft")
    }
    print(f"n={count:<4} {'added':16} " + "  ".join(f"{key} {value:9.3f}" for key, value in added.items()))


async def fastest(product: Product) -> None:
    """Print how many tokens a second come through when the upstream writes as fast as it can."""
    timeout = aiohttp.ClientTimeout(total=None)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:
        jar.update_cookies(product.cookies, URL(product.url))
        places = await product.conversations(session, FAST_STREAMS)
        rates: dict[str, list[float]] = {"bare reader": [], "chat playground": []}
        for _ in range(ROUNDS):
            for name, reader in (("bare reader", bare), ("chat playground", product.run)):
                figures, began = Figures(), time.monotonic()
                await asyncio.gather(*(reader(session, figures, place, model=FAST) for place in places))
                rates[name].append(len(figures.latencies) / (time.monotonic() - began))
    for name, values in rates.items():
        print(f"{FAST_STREAMS} streams, unpaced: {name:16} {statistics.median(values):12,.0f} tokens/s")


async def one_round(
    session: aiohttp.ClientSession, reader: Any, places: list[str], pid: int
) -> dict[str, float]:
    """Read all streams once, started evenly over one second; return the round's figures."""
    figures, server = Figures(), psutil.Process(pid)
    before = server.cpu_times()

    async def later(number: int, place: str) -> None:
        await asyncio.sleep(number / max(len(places), 50))
        await reader(session, figures, place)

    await asyncio.gather(*(later(number, place) for number, place in enumerate(places)))
    after = server.cpu_times()
    tokens = len(figures.latencies)
    ordered = sorted(figures.latencies)
    spent = after.user + after.system - before.user - before.system
    return {
        "p50": ordered[tokens // 2],
        "p99": ordered[int(tokens * 0.99)],
        "ttft": statistics.median(figures.first),
        "tokens": float(tokens),
        "cpu_s_per_1k": spent / tokens * 1000,
        "bytes_per_token": figures.size / tokens,
    }


def main() -> None:
    """Measure at 1, 20 and 100 streams."""
    if not (LOAD / "load.py").is_file():
        print(f"relay: skipped, there are no load tools in {LOAD} (PLAYGROUND_LOAD names their folder)")
        return
    sys.path.insert(0, str(LOAD))
    import load  # type: ignore[import-not-found]  # a tool outside the repository

    upstream = load.fake_upstream(UPSTREAM_PORT)
    with tempfile.TemporaryDirectory() as folder:
        address = f"127.0.0.1:{UPSTREAM_PORT}"
        provider = {"name": "Fake", "base_url": f"http://{address}/v1", "auth": "none", "models": [MODEL]}
        environment = os.environ | {
            "PLAYGROUND_DATA": folder,
            "PORT": "0",
            "PLAYGROUND_LOCAL_MODEL": "0",
            "PLAYGROUND_PRIVATE_HOSTS": address,
            "PLAYGROUND_PROVIDERS": json.dumps([provider]),
            "PLAYGROUND_RUNS_PER_PERSON": "0",
            "PLAYGROUND_RUNS_PER_PROVIDER": "0",
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "manage.py", "serve", "--migrate"]
        served = ServedProcess(command, environment, Path(folder) / "log").wait_ready()
        try:
            product = Product(served, served.sign_up("bench"))
            for count in (1, 20, 100):
                asyncio.run(measure(product, count))
            asyncio.run(fastest(product))
        finally:
            served.terminate()
            upstream.terminate()
            upstream.wait()


if __name__ == "__main__":
    main()
