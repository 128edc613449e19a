"""The request that every sample sends: as kept, with each masked secret named by an environment variable."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from upstream.wire.capture import DOTS

KEY_VARIABLE = "API_KEY"
TRANSPORT_HEADERS = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent"})
"""Headers that every client sets by itself; a sample that repeats them breaks when the body is edited."""
_MASKED = re.compile(re.escape(DOTS) + r"\S*")


@dataclass(frozen=True, slots=True)
class SampleHeader:
    """One header: `before` + the environment variable `variable` + `after`; without a variable just `before`."""

    name: str
    before: str
    variable: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request without secrets. `masked_body` says that the body held one, so the sample cannot send the same bytes."""

    method: str
    url: str
    headers: tuple[SampleHeader, ...]
    body: str
    masked_body: bool


def sample_request(*, method: str, url: str, headers: Iterable[tuple[str, str]], body: str) -> SampleRequest:
    """Return a kept (masked) request in the form that samples are made from."""
    shown = tuple(_header(name, value) for name, value in headers if name.lower() not in TRANSPORT_HEADERS)
    return SampleRequest(method, url, shown, body, DOTS in body)


def _header(name: str, value: str) -> SampleHeader:
    found = _MASKED.search(value)
    if not found:
        return SampleHeader(name, value)
    own = name.lower() in ("authorization", "api-key", "x-api-key")
    variable = KEY_VARIABLE if own else re.sub(r"\W", "_", name).upper()
    return SampleHeader(name, value[: found.start()], variable, value[found.end() :])
