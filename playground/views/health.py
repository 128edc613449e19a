"""`GET /healthz`: whether this server can do its work, for load balancers and people."""

import asyncio
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from playground import lifecycle
from playground.local_model import State, local_model

WITHIN: Final = 3.0  # seconds for each part to answer


@never_cache
@require_safe
async def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """Answer `{"status", "database", "journal", "local_model"}`, each part `{"status", …}`.

    200 with "ok", or with "degraded" when the journal or the local model is away; 503 with "degraded" without the
    database and with "stopping" once the server shuts down.
    """
    database, journal = await asyncio.gather(_database(), _journal())
    model = local_model().status()
    parts = {
        "database": {"status": database},
        "journal": {"status": journal, "kind": "redis" if settings.REDIS_URL else "memory"},
        "local_model": {"status": model.state},
    }
    is_well = database == journal == "ok" and model.state in (State.READY, State.OFF, State.MISSING)
    status = "stopping" if lifecycle.draining else "ok" if is_well else "degraded"
    code = 200 if database == "ok" and not lifecycle.draining else 503
    return JsonResponse({"status": status, **parts}, status=code)


async def _database() -> str:
    try:
        async with asyncio.timeout(WITHIN):
            await _database_ask()
    except (DatabaseError, TimeoutError):
        return "down"
    return "ok"


@database_sync_to_async
def _database_ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _journal() -> str:
    if not settings.REDIS_URL:
        return "ok"
    from redis.asyncio import Redis  # a tenth of the server's start, and most have no use for it
    from redis.exceptions import RedisError

    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=WITHIN, socket_connect_timeout=WITHIN)
    try:
        await redis.ping()
    except (RedisError, OSError):
        return "down"
    finally:
        await redis.aclose()
    return "ok"
