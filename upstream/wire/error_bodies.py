"""Read what providers send when something goes wrong, whatever its shape, into one typed error.

Shapes seen: a string; ``{error: string}``; ``{error: {message, code, param, type}}``; the same in a list (Google);
``{detail: string | [{loc, msg}]}`` (FastAPI); ``{message, code}`` and a bare JSON string (SiliconFlow);
``{errors: [{code, message}]}`` (Cloudflare); ``base_resp`` (MiniMax); ``{error_code, error_msg}`` (Baidu);
``Response.Error`` (Tencent); ``error.metadata.raw`` with the real cause inside (OpenRouter); HTML pages and plain
text (proxies).
"""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from upstream.wire import error_kinds
from upstream.wire.errors import ProtocolViolation, UpstreamError
from upstream.wire.jsontext import clean, dumps, loads
from upstream.wire.retry import retry_after_in, retry_after_of

_MESSAGE_KEYS: Final = (
    "message", "error_message", "error_msg", "errorMessage", "msg", "status_msg", "detail", "details",
    "error_description", "description", "reason", "title", "Message",
)  # fmt: skip
_CODE_KEYS: Final = ("code", "error_code", "status_code", "Code")
_BESIDE_ERROR: Final = ("code", "message", "param", "type", "error_type", "status", "status_code")
_STATUS_KEYS: Final = (
    "status_code",
    "statusCode",
    "http_status_code",
    "http_status",
    "http_code",
    "status",
    "code",
)
_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 5
_TEXT_LIMIT: Final = 2_000
_TITLE: Final = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})</title>", re.I)
_INVISIBLE: Final = (("<!--", "-->"), ("<head", "</head"), ("<script", "</script"), ("<style", "</style"))
_PAGE_LIMIT: Final = 50_000
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an error body says; None and "" where it does not say it. ``status`` is one named inside the body."""

    message: str = ""
    code: str | int | None = None
    param: str | None = None
    type: str | None = None
    status: int | None = None
    retry_after: float | None = None


def error_from_response(
    *, status: int, text: str, document: Any, headers: Iterable[tuple[str, str]] = ()
) -> UpstreamError:
    """Return the typed error for a response with an error status.

    ``document`` is the parsed body, or None where the body is not JSON; ``text`` is the body.
    """
    wait = retry_after_of(headers)
    if 300 <= status < 400:
        place = next((value for name, value in headers if name.lower() == "location"), "")
        return ProtocolViolation(
            f"The provider answered {_status_line(status)}" + (f", to {place}" if place else "")
            + ". Redirects are not followed.", status=status, raw=text,
        )  # fmt: skip
    facts = read(document) if document is not None else Facts(message=_plain(text, status))
    if not facts.message:
        facts = replace(facts, message=f"The provider answered {_status_line(status)}.")
    return _typed(facts, status=status, raw=text, wait=wait)


def error_from_object(value: Any, *, status: int, raw: str) -> UpstreamError:
    """Return the typed error for an error object inside an answer whose HTTP status says success."""
    facts = read(value)
    if not facts.message:
        facts = replace(facts, message="The provider reported an error without saying which.")
    return _typed(facts, status=status, raw=raw, wait=None)


def page_error(text: str, *, status: int) -> UpstreamError:
    """Return the error for a successful response whose body is no JSON and no stream: a web page or plain text."""
    words = _plain(text, status)
    return ProtocolViolation(
        words if words else f"The provider answered {_status_line(status)} with an empty body.",
        status=status,
        raw=text,
    )


def error_in(document: Mapping[str, Any]) -> Any:
    """Return the error inside a document that may also hold an answer, or None.

    A document without choices is searched for every shape; one with choices only for ``error`` and ``base_resp``.
    """
    error = document.get("error")
    if _says_something(error):
        outer = {key: document[key] for key in _BESIDE_ERROR if document.get(key)}
        return {"error": error, **outer} if outer else error
    base = document.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (None, 0, "0"):
        return base
    if document.get("choices"):
        return None
    tencent = document.get("Response")
    if isinstance(tencent, dict) and isinstance(tencent.get("Error"), dict):
        return tencent["Error"]
    if document.get("object") == "error" or document.get("type") == "error":
        return document
    for key in (
        "errors",
        "error_msg",
        "error_message",
        "errorMessage",
        "detail",
        "message",
        "msg",
        "Message",
    ):
        value = document.get(key)
        if value and isinstance(value, str | list) and not _is_success(document):
            return document
    return None


def _is_success(document: Mapping[str, Any]) -> bool:
    """True for wrappers such as ``{"code": 200, "message": "success"}``."""
    code = document.get("code", document.get("status", document.get("error_code")))
    return code in (0, 200, "0", "200", "success", "Success", "ok", "OK")


def _says_something(error: Any) -> bool:
    if isinstance(error, dict):
        return any(v not in (None, "", 0, "0", 200, False, [], {}) for v in error.values())
    return bool(error)


def read(value: Any, depth: int = 0) -> Facts:
    """Return what this error value says, from the innermost cause outwards."""
    if isinstance(value, str):
        return _read_text(value.strip(), depth)
    if isinstance(value, list):
        return _read_list(value, depth)
    if not isinstance(value, dict) or depth > _MAX_DEPTH:
        return Facts(message="" if value is None else dumps(clean(value))[:_TEXT_LIMIT])
    own = Facts(
        message=_message(value, depth),
        code=_scalar(next((value[key] for key in _CODE_KEYS if key in value), None)),
        param=_name(value.get("param")) or _param(value),
        type=_name(value.get("type")) or _name(value.get("error_type")) or _name(value.get("status")),
        status=_status(value),
        retry_after=retry_after_in(value),
    )
    inner = value.get("error")
    if not isinstance(inner, dict | list):
        inner = value.get("errors")
    if not isinstance(inner, dict | list):
        return _with_metadata(own, value, depth)
    facts = read(inner, depth + 1)
    return Facts(
        message=facts.message or own.message,
        code=facts.code if facts.code is not None else own.code,
        param=facts.param or own.param,
        type=facts.type or (own.type if own.type != "error" else None),
        status=facts.status or own.status,
        retry_after=facts.retry_after or own.retry_after,
    )


def _read_text(text: str, depth: int) -> Facts:
    """Read a string; one that is a JSON object itself is opened."""
    if text[:1] in ("{", "[") and depth <= _MAX_DEPTH:
        try:
            facts = read(loads(text), depth + 1)
        except ValueError:
            facts = Facts()
        if facts.message:
            return facts
    if text[:1] == "<" and ">" in text:
        text = _web_text(text) or text
    return Facts(message=clean(text[:_TEXT_LIMIT]))


def _read_list(items: list[Any], depth: int) -> Facts:
    every = [read(item, depth + 1) for item in items[:_MAX_ITEMS]] if depth <= _MAX_DEPTH else []
    if not every:
        return Facts()
    message = "; ".join(dict.fromkeys(facts.message for facts in every if facts.message))
    return replace(every[0], message=message)


def _message(value: dict[str, Any], depth: int) -> str:
    """Return the sentence in an error object: the wordiest of ``error`` and the message keys' first."""
    found = ""
    for key in _MESSAGE_KEYS:
        item = value.get(key)
        if item and isinstance(item, str | list | dict):
            found = read(item, depth + 1).message
            if found:
                break
    error = value.get("error") or value.get("errors")
    if isinstance(error, str | list):
        words = read(error, depth + 1).message
        if not found or (" " in words and " " not in found):
            found = words
    if found and (place := _location(value)):
        found = f"{found} ({place})"
    return found


def _with_metadata(own: Facts, value: dict[str, Any], depth: int) -> Facts:
    """Put the cause that a router hides in ``metadata.raw`` before its own words."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("raw"):
        return own
    cause = read(metadata["raw"], depth + 1)
    if not cause.message or cause.message in own.message:
        return own
    message = f"{cause.message} ({own.message})" if own.message else cause.message
    return replace(own, message=message, param=own.param or cause.param, type=own.type or cause.type)


def _location(value: dict[str, Any]) -> str:
    """Return FastAPI's ``loc`` as a dotted path."""
    loc = value.get("loc")
    return ".".join(str(item) for item in loc if isinstance(item, str | int)) if isinstance(loc, list) else ""


def _param(value: Any) -> str | None:
    """Return the field that the first ``loc`` names, without its leading "body"."""
    if isinstance(value, dict) and "loc" not in value:
        value = value.get("detail", value.get("details"))
    first = value[0] if isinstance(value, list) and value else value
    place = _location(first) if isinstance(first, dict) else ""
    return clean(place[:200].removeprefix("body.")) or None


def _status(value: dict[str, Any]) -> int | None:
    for key in _STATUS_KEYS:
        item = value.get(key)
        if isinstance(item, str) and len(item) == 3 and item.isdecimal():
            item = int(item)
        if isinstance(item, int) and 400 <= item <= 599:
            return item
    return None


def _scalar(value: Any) -> str | int | None:
    if isinstance(value, bool) or value == "":
        return None
    if isinstance(value, int):
        return value
    return clean(value[:200]) if isinstance(value, str) else None


def _name(value: Any) -> str | None:
    return clean(value[:200]) if isinstance(value, str) and value else None


def _typed(facts: Facts, *, status: int, raw: str, wait: float | None) -> UpstreamError:
    cls = error_kinds.classify(
        status=facts.status if status < 400 and facts.status else status,
        code=facts.code,
        type=facts.type,
        message=facts.message,
    )
    return cls(
        facts.message,
        status=status,
        code=facts.code,
        param=facts.param,
        type=facts.type,
        retry_after=wait if wait is not None else facts.retry_after,
        raw=raw,
    )


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _plain(text: str, status: int) -> str:
    """Return what a body that is not JSON says: plain text as it is, a web page by its title and first words."""
    text = clean(text.strip())
    if text[:1] != "<":
        return text[:_TEXT_LIMIT]
    words = _web_text(text)
    return f"The provider answered {_status_line(status)} with a web page" + (f": {words}" if words else ".")


def _web_text(page: str) -> str:
    """Return the title and first words of a web page, in time linear to its size."""
    page = page[:_PAGE_LIMIT]
    title = _TITLE.search(page)
    body = page
    for opening, closing in _INVISIBLE:
        body = _without(body, opening, closing)
    words = " ".join(html.unescape(_TAG.sub(" ", body)).split())[:200]
    heading = " ".join(html.unescape(title[1]).split()) if title else ""
    if heading and not words.startswith(heading):
        return f"{heading}. {words}" if words else heading
    return words or heading


def _without(page: str, opening: str, closing: str) -> str:
    lower = page.lower()
    if len(lower) != len(page):
        return page
    kept: list[str] = []
    position = 0
    while (start := lower.find(opening, position)) >= 0 and (end := lower.find(closing, start)) >= 0:
        kept.append(page[position:start])
        close = page.find(">", end)
        position = len(page) if close < 0 else close + 1
    kept.append(page[position:])
    return "".join(kept)
