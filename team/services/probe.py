"""The "Test" button: one small real request, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from team.provider_values import model_names_of
from team.selectors import allowed_hosts
from upstream.address_guard import AddressGuard
from upstream.client import UpstreamClient
from upstream.wire.capture import Secrets
from upstream.wire.errors import UpstreamError
from upstream.wire.request import Endpoint, PreparedRequest, headers_build, url_join


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What ``GET {base}/models`` gave, secrets masked."""

    url: str
    names: tuple[str, ...] = ()
    error: UpstreamError | None = None
    milliseconds: float = 0


async def provider_probe(*, endpoint: Endpoint) -> ProbeResult:
    """Ask a provider for its models, with its key. Raises nothing that an upstream can cause."""
    request = PreparedRequest(
        method="GET",
        url=url_join(endpoint.base_url, "/models"),
        headers=headers_build(endpoint, accept="application/json"),
        body=b"",
    )
    client = UpstreamClient(guard=AddressGuard(allowed_hosts))
    started = time.perf_counter()
    secrets = Secrets.of(endpoint)
    url = secrets.text(request.url)
    try:
        payload = await client.get_json(request, secrets=secrets)
    except UpstreamError as error:
        return ProbeResult(url, error=error, milliseconds=_ms(started))
    finally:
        await client.aclose()
    return ProbeResult(url, names=model_names_of(payload), milliseconds=_ms(started))


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
