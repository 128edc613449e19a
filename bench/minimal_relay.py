"""The least that could relay a stream: daphne, one websocket consumer, aiohttp. No accounts, nothing kept.

What the product adds is measured beside it, in the same run. `python bench/minimal_relay.py PORT UPSTREAM_PORT`
"""

import asyncio
import sys
from typing import Any

import aiohttp
import django
import orjson
import uvloop
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
settings.configure(SECRET_KEY="bench", INSTALLED_APPS=["channels"], ALLOWED_HOSTS=["*"])
django.setup()


class Relay(AsyncWebsocketConsumer):
    """Sends what each read of the upstream holds as one message."""

    session: aiohttp.ClientSession | None = None
    upstream = ""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        del bytes_data
        self.task = asyncio.create_task(self.relay(text_data or ""))

    async def relay(self, request: str) -> None:
        if Relay.session is None:
            Relay.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        async with Relay.session.post(self.upstream, data=request) as response:
            rest = b""
            while data := await response.content.readany():
                *events, rest = (rest + data).split(b"\n\n")
                deltas = [
                    orjson.loads(event[6:])["choices"][0]["delta"].get("content", "")
                    for event in events
                    if event.startswith(b"data: {")
                ]
                if text := "".join(deltas):
                    await self.send(orjson.dumps(["c", 0, text]).decode())


def main(port: int, upstream_port: int) -> None:
    from daphne.endpoints import build_endpoint_description_strings
    from daphne.server import Server

    Relay.upstream = f"http://127.0.0.1:{upstream_port}/v1/chat/completions"
    relay: Any = Relay.as_asgi()
    application = ProtocolTypeRouter({"websocket": URLRouter([path("ws", relay)])})
    endpoints = build_endpoint_description_strings(host="127.0.0.1", port=port)
    Server(application, endpoints=endpoints, signal_handlers=False).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
