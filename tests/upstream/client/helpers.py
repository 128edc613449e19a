"""What the tests of the upstream client share."""

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.fakes import FakeUpstream
from upstream.client import Timeouts, UpstreamClient, UpstreamResponse
from upstream.wire.errors import UpstreamError
from upstream.wire.request import PreparedRequest

KEY = "sk-canary-0123456789abcdef"
CHAT = "/chat/completions"


def chat_request(up: FakeUpstream, model: str = "model-a", *, url: str = "", **body: Any) -> PreparedRequest:
    """A streaming chat request to this upstream, with a key."""
    content = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": True, **body}
    headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {KEY}"))
    return PreparedRequest("POST", url or up.base_url + CHAT, headers, json.dumps(content).encode())


async def read(
    client: UpstreamClient, request: PreparedRequest, timeouts: Timeouts | None = None
) -> tuple[UpstreamResponse, bytes]:
    """The response and its whole body."""
    async with client.stream(request, timeouts or Timeouts()) as response:
        return response, b"".join([data async for data in response.chunks()])


async def fault(
    client: UpstreamClient,
    request: PreparedRequest,
    timeouts: Timeouts | None = None,
    *,
    on_data: Callable[[], None] = lambda: None,
) -> tuple[UpstreamError, bytes]:
    """The error that reading this response ends with, and what was read before."""
    got = b""
    try:
        async with client.stream(request, timeouts or Timeouts()) as response:
            async for data in response.chunks():
                got += data
                on_data()
    except UpstreamError as error:
        return error, got
    raise AssertionError(f"no error; read {got!r}")


class Names(AbstractResolver):
    """A resolver that says what the test wants: answers for a name are given in turn, the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): [list(a) for a in given] for name, given in answers.items()}
        self.asked: list[str] = []
        self.hanging = asyncio.Event()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - aiohttp's signature
    ) -> list[ResolveResult]:
        host = host.lower()
        self.asked.append(host)
        if host == "hangs.test":
            self.hanging.set()
            await asyncio.Event().wait()
        given = self.answers.get(host)
        if given is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = given.pop(0) if len(given) > 1 else given[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing to close."""
