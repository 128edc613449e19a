"""From a finished draft to the exact bytes of the request.

The builder never reads the catalog and never adds a default: what the draft does not hold is not sent.
Parameter values are JSON source text and go out verbatim, so ``1.0`` stays ``1.0`` and a 40-digit integer keeps
its digits.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from upstream.wire.spelled import spelled_dumps

RESERVED_HEADERS = frozenset(
    {
        "authorization", "proxy-authorization", "host", "content-length", "transfer-encoding", "connection",
        "content-type", "expect", "te", "trailer", "upgrade", "keep-alive",
    }
)  # fmt: skip
"""Headers an extra header may not set: the builder or the transport owns them."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class InvalidDraft(ValueError):
    """The draft cannot be sent; ``field`` names the part to correct, ``message`` says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send and as whom. ``auth`` is "bearer", "header" (in ``auth_header``) or "none"."""

    base_url: str
    auth: str = "bearer"
    auth_header: str = ""
    key: str = field(default="", repr=False)
    extra_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """A request before it is bytes.

    ``path``        the API's path below the base URL, e.g. "/chat/completions"
    ``messages``    API-shaped message objects in order, the system message first
    ``parameters``  name → JSON source text as typed; an absent name is not sent; "null" sends null
    """

    endpoint: Endpoint
    path: str
    model: str
    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """Exactly what is handed to the transport."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes


def url_join(base_url: str, path: str) -> str:
    """Return the URL of ``path`` below ``base_url``; the base URL's query string stays last.

    A base URL that already ends with the path (somebody pasted the whole endpoint) is not doubled.
    """
    parts = urlsplit(base_url.strip())
    base = parts.path.rstrip("/")
    tail = "/" + path.strip("/") if path.strip("/") else ""
    joined = base if tail and base.endswith(tail) else base + tail
    return urlunsplit((parts.scheme, parts.netloc, joined or "/", parts.query, ""))


def request_build(draft: Draft) -> PreparedRequest:
    """Return the request for this draft, byte for byte.

    Body: ``{"model":…,"messages":[…],<parameters in order>}`` as compact UTF-8 JSON. A parameter named "model" or
    "messages" takes the place of ours. Raises InvalidDraft.
    """
    try:
        url = url_join(draft.endpoint.base_url, draft.path)
        usable = url.startswith(("http://", "https://")) and bool(urlsplit(url).hostname)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidDraft("base_url", "The base URL must begin with http:// or https:// and name a host.")
    members = {"model": _json(draft.model, "model"), "messages": _json(list(draft.messages), "messages")}
    for name, text in draft.parameters.items():
        members[name] = _checked(name, text)
    body = "{" + ",".join(f"{_json(name, name)}:{text}" for name, text in members.items()) + "}"
    try:
        encoded = body.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidDraft("body", "The text holds half of a surrogate pair.") from error
    accept = "text/event-stream" if members.get("stream", "").strip() == "true" else "application/json"
    return PreparedRequest("POST", url, headers_build(draft.endpoint, accept=accept), encoded)


def headers_build(endpoint: Endpoint, *, accept: str) -> tuple[tuple[str, str], ...]:
    """Return the headers for this endpoint: ours first, then the provider's extra headers in order.

    Raises InvalidDraft where an extra header would replace one that we or the transport own.
    """
    own = [("Content-Type", "application/json"), ("Accept", accept)]
    if endpoint.key and endpoint.auth == "bearer":
        own.append(("Authorization", f"Bearer {endpoint.key}"))
    elif endpoint.key and endpoint.auth == "header":
        own.append((endpoint.auth_header, endpoint.key))
    elif endpoint.auth not in ("bearer", "header", "none"):
        raise InvalidDraft("auth", f"Unknown way to authenticate: {endpoint.auth}.")
    taken = {name.lower() for name, _ in own} - {"accept"}
    for name, _ in endpoint.extra_headers:
        if name.lower() in taken | RESERVED_HEADERS:
            raise InvalidDraft("extra_headers", f"The header {name} cannot be set as an extra header.")
    replaced = {name.lower() for name, _ in endpoint.extra_headers}
    headers = [pair for pair in own if pair[0].lower() not in replaced] + list(endpoint.extra_headers)
    if not _is_header_value(endpoint.key):
        raise InvalidDraft("key", "The API key holds characters that no header may hold.")
    for name, value in headers:
        if not _TOKEN.match(name):
            raise InvalidDraft("extra_headers", f"{name!r} is not a header name.")
        if not _is_header_value(value):
            raise InvalidDraft(
                "extra_headers", f"The value of {name} holds characters that no header may hold."
            )
    return tuple(headers)


def _is_header_value(value: str) -> bool:
    return value == value.strip() and value.isprintable() and value.isascii()


def _json(value: Any, where: str) -> str:
    try:
        return spelled_dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDraft(where, "This cannot be written as JSON.") from error


def _checked(name: str, text: str) -> str:
    """Return the JSON source text, stripped; raise InvalidDraft unless it is exactly one JSON value."""
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=len, parse_float=len)
    except (ValueError, RecursionError) as error:
        raise InvalidDraft(name, "This is not one JSON value.") from error
    return text.strip(" \t\r\n")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
