"""Reading an upstream that nobody here wrote: client and reader together, as a run does it."""

from dataclasses import dataclass
from typing import Any

from upstream.client import Timeouts, UpstreamClient
from upstream.wire.errors import UpstreamError
from upstream.wire.reader import ResponseReader
from upstream.wire.request import Draft, Endpoint, request_build

WEATHER_TOOL = (
    '[{"type":"function","function":{"name":"get_weather","description":"Weather of a city",'
    '"parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]'
)


@dataclass(frozen=True)
class Reading:
    """What came of one request."""

    status: int
    retry_after: float | None
    response: dict[str, Any]
    error: UpstreamError | None
    raw: bytes

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = self.response["choices"][0]["message"]
        return message

    @property
    def finish_reason(self) -> str | None:
        reason: str | None = self.response["choices"][0]["finish_reason"]
        return reason


async def converse(
    client: UpstreamClient,
    base_url: str,
    prompt: str,
    *,
    timeouts: Timeouts | None = None,
    **parameters: str,
) -> Reading:
    """Send one prompt; parameters are JSON source text, `stream="true"` if nothing is said."""
    draft = Draft(
        endpoint=Endpoint(base_url, key="sk-independent-0123456789"),
        path="/chat/completions",
        model="gpt-4o-mini",
        messages=({"role": "user", "content": prompt},),
        parameters={"stream": "true", **parameters},
    )
    reader: ResponseReader | None = None
    fault: UpstreamError | None = None
    status, retry_after, raw = 0, None, b""
    try:
        async with client.stream(request_build(draft), timeouts or Timeouts()) as response:
            status, retry_after = response.status, response.retry_after
            reader = ResponseReader(
                status=status, content_type=response.header("Content-Type"), headers=response.headers
            )
            async for data in response.chunks():
                raw += data
                reader.feed(data)
    except UpstreamError as error:
        fault = error
    if reader is None:
        return Reading(status, retry_after, {}, fault, raw)
    outcome = reader.close(fault)
    return Reading(status, retry_after, outcome.response, outcome.error, raw)
