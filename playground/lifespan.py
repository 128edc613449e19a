"""What a server process does before its first request and after its last one, whichever ASGI server it is."""

import gc

from channels.db import database_sync_to_async
from django.conf import settings

from playground import consumers, lifecycle
from playground.edge.types import App, Receive, Scope, Send
from playground.local_model import local_model
from playground.runtime import runtime
from team.services import providers_from_environment

RESTARTING = 1012  # websocket close code: the browser comes back by itself


async def start_up() -> None:
    """Take the providers from the environment, end the runs that a dead process left, start the local model.

    Raises TeamError when a provider of PLAYGROUND_PROVIDERS cannot be kept.
    """
    await database_sync_to_async(providers_from_environment)(settings.PROVIDERS)
    await runtime().start_up()
    await local_model().start()
    # What is loaded stays: the collector need not look through all of it again, which holds up every token for 0.1 s.
    gc.collect()
    gc.freeze()


async def shut_down(*, grace: float) -> None:
    """Refuse new runs, let running ones finish for `grace` seconds, keep the rest as interrupted, close the sockets."""
    lifecycle.drain_begin()
    await runtime().drain(grace=grace)
    await consumers.close_all(code=RESTARTING)
    await local_model().stop()
    await runtime().close()


class Lifespan:
    """Answers the ASGI lifespan protocol, for servers that speak it (uvicorn, granian; daphne does not)."""

    def __init__(self, app: App, *, grace: float) -> None:
        self._app = app
        self._grace = grace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start up and shut down when told; pass everything else on."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        try:
            await start_up()
        except Exception as problem:
            await send({"type": "lifespan.startup.failed", "message": str(problem)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await shut_down(grace=self._grace)
        await send({"type": "lifespan.shutdown.complete"})
