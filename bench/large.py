"""A large exchange: how long each tab of its inspector takes to open, the first time.

    python -m bench.large [--megabytes 10]

The answer comes through the product as any other does, in small chunks. A tab's time is the server's processor time and the
clock's, from the request to the last byte.
"""

import argparse
import asyncio
import contextlib
import time

import httpx
import psutil

from bench.answers import answers
from bench.product import Product, free_port, product_served

TABS = ("request", "response", "events", "timing", "tokens")
WORD = "word "
CHUNK = 130  # bytes of an event that carries one


async def _exchange_made(product: Product, upstream_port: int, megabytes: float) -> str:
    """Have an answer of that many bytes recorded; return its exchange."""
    pieces = [WORD] * int(megabytes * 1_000_000 / CHUNK)
    server = await asyncio.start_server(answers(pieces, 1_000_000), "127.0.0.1", upstream_port)
    async with server:
        (conversation,) = product.conversations_take(1)
        exchange = await asyncio.to_thread(product.send, "large", conversation)
        state = ""
        while state not in ("completed", "failed", "stopped", "interrupted"):
            await asyncio.sleep(1)
            state = await asyncio.to_thread(
                product.shell,
                f"from conversations.models import Exchange; print(Exchange.objects.get(pk='{exchange}').state, end='')",
            )
    if state != "completed":
        raise SystemExit(f"The answer ended as {state}.")
    return exchange


def _tabs_open(product: Product, exchange: str) -> None:
    server = psutil.Process(product.pid)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{product.port}",
        headers={"Cookie": product.cookies, "HX-Request": "true"},
        trust_env=False,
        timeout=60,
    ) as client:
        for tab in TABS:
            used, began = sum(server.cpu_times()[:2]), time.perf_counter()
            answer = client.get(f"/exchanges/{exchange}/{tab}/")
            took, spent = time.perf_counter() - began, sum(server.cpu_times()[:2]) - used
            answer.raise_for_status()
            print(
                f"  {tab:<9} {spent * 1000:5.0f} ms of processor time, {took * 1000:5.0f} ms by the clock, "
                f"{len(answer.content) / 1000:,.0f} kB",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=10)
    options = parser.parse_args()
    upstream_port = free_port()
    with contextlib.ExitStack() as stack:
        product = stack.enter_context(product_served(upstream_port))
        exchange = asyncio.run(_exchange_made(product, upstream_port, options.megabytes))
        print(f"An exchange of about {options.megabytes:g} MB, each tab opened once")
        _tabs_open(product, exchange)


if __name__ == "__main__":
    main()
