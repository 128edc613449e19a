"""Mask secrets once, before anything is stored, logged, framed or shown.

A secret is the endpoint's key and every value of its extra headers. Headers that carry secrets are masked by
name, whatever their value; everywhere else a secret is masked by value, if it has at least MIN_SECRET characters
(a key such as ``EMPTY`` would otherwise mask ordinary words). The mask is ``••••`` followed by the last four
characters of a secret of at least 20 characters, and nothing for a shorter one.

By value means: as it is, as URLs and HTML escape it, and however JSON may spell it.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, quote_plus

from upstream.wire.request import Endpoint, PreparedRequest

MIN_SECRET: Final = 12
MIN_PREFIX: Final = 3
"""Characters of a secret's beginning that make us hold text back. Fewer are no secret (``sk``), and holding every
text that ends with the first letter of a key would delay ordinary answers."""

DOTS: Final = "••••"

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/]))")
_ODD_ESCAPE: Final = re.compile(r"\\(?:u00[2-7]|/)")
_ODD_ESCAPE_BYTES: Final = re.compile(rb"\\(?:u00[2-7]|/)")
"""Escapes of characters that need none, as Go and PHP write them; JSON lets a sender escape any character."""

SECRET_HEADERS: Final = frozenset(
    {
        "authorization", "proxy-authorization", "cookie", "set-cookie", "api-key", "x-api-key", "x-goog-api-key",
        "x-auth-token", "x-access-token", "ocp-apim-subscription-key", "x-amz-security-token",
    }
)  # fmt: skip


def mask(secret: str) -> str:
    """Return what stands in for this secret."""
    return DOTS + (secret[-4:] if len(secret) >= 20 else "")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The request as it may be kept and shown: no secret in it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str


class Secrets:
    """The values to mask in one exchange. Truthy when there is anything to mask by value."""

    __slots__ = ("_any", "_bytes", "_escaped", "_header_names", "_pattern", "heads", "values")

    def __init__(self, values: Iterable[str] = (), header_names: Iterable[str] = ()) -> None:
        self.values = tuple(sorted({v for v in values if len(v) >= MIN_SECRET}, key=lambda v: (-len(v), v)))
        self.heads = tuple({v[:MIN_PREFIX] for v in self.values})
        self._header_names = SECRET_HEADERS | {name.lower() for name in header_names}
        forms = {form: mask(value) for value in self.values for form in _forms(value)}
        self._escaped = dict(sorted(forms.items(), key=lambda item: (-len(item[0]), item[0])))
        self._bytes = tuple(
            (k.encode("utf-8", "surrogatepass"), v.encode()) for k, v in self._escaped.items()
        )
        self._pattern = re.compile("|".join(map(re.escape, self._escaped))) if forms else None
        self._any: re.Pattern[str] | None = None

    @classmethod
    def of(cls, endpoint: Endpoint) -> "Secrets":
        """Return the secrets of this endpoint: its key, and its extra headers by name and by value."""
        names = [name for name, _ in endpoint.extra_headers]
        if endpoint.auth == "header":
            names.append(endpoint.auth_header)
        values = [endpoint.key]
        for _, value in endpoint.extra_headers:
            values += [value, *_credential(value)]
        return cls([value.strip() for value in values], names)

    def __bool__(self) -> bool:
        return bool(self.values)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self.values)} by value>"

    def text(self, text: str) -> str:
        """Return the text with every secret masked by value."""
        found = self.find(text)
        if not found:
            return text
        pieces: list[str] = []
        position = 0
        for start, end, replacement in found:
            pieces += [text[position:start], replacement]
            position = end
        return "".join([*pieces, text[position:]])

    def find(self, text: str) -> list[tuple[int, int, str]]:
        """Return where secrets lie, in order and apart: start, end, and the mask to put there."""
        if self._pattern is None:
            return []
        found = [(m.start(), m.end(), self._escaped[m[0]]) for m in self._pattern.finditer(text)]
        if "\\" in text and _ODD_ESCAPE.search(text) and self._is_spelled_out(text):
            for match in self._any_spelling().finditer(text):
                start, end = match.span()
                if all(end <= first or start >= last for first, last, _ in found):
                    found.append((start, end, mask(self.values[(match.lastindex or 1) - 1])))
            found.sort()
        return found

    def _is_spelled_out(self, text: str) -> bool:
        """Say whether a value appears once the escapes are undone; cheaper than searching for every spelling."""
        plain = _ESCAPE.sub(lambda match: match[2] or chr(int(match[1], 16)), text)
        return any(value in plain for value in self.values)

    def _any_spelling(self) -> re.Pattern[str]:
        """Return a pattern for the values with any of their characters escaped as JSON allows; made when needed."""
        if self._any is None:
            values = ("".join(map(_spellings, value)) for value in self.values)
            self._any = re.compile("|".join(f"({value})" for value in values))
        return self._any

    def find_late(self, text: str) -> list[tuple[int, int, str]]:
        """Like ``find``, for text whose first characters (fewer than MIN_PREFIX) may have been let out before."""
        found = self.find(text)
        for form, replacement in self._escaped.items():
            for skipped in range(1, MIN_PREFIX):
                end = len(form) - skipped
                if text.startswith(form[skipped:]) and all(start >= end for start, _, _ in found):
                    found.insert(0, (0, end, replacement))
        return found

    def open_at(self, text: str, start: int) -> int:
        """Return where, at or after ``start``, the end of the text may be the beginning of a secret."""
        best = len(text)
        for form in self._escaped:
            for length in range(min(len(form) - 1, len(text) - start), MIN_PREFIX - 1, -1):
                if len(text) - length < best and text.endswith(form[:length]):
                    best = len(text) - length
                    break
        return best

    def bytes(self, data: bytes) -> bytes:
        """Return the bytes with every secret masked by value; the secret must lie in them whole."""
        for form, replacement in self._bytes:
            if form in data:
                data = data.replace(form, replacement)
        if self._bytes and b"\\" in data and _ODD_ESCAPE_BYTES.search(data):
            text = data.decode("utf-8", "surrogateescape")
            masked = self.text(text)
            return data if masked is text else masked.encode("utf-8", "surrogateescape")
        return data

    def tree(self, value: Any) -> Any:
        """Return JSON data with every string and every key masked; the same object if nothing was masked."""
        if self._pattern is None:
            return value
        return self._masked(value) if self.find(json.dumps(value, ensure_ascii=False)) else value

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self._masked(item) for key, item in value.items()}
        return value

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return the headers with secret ones masked by name, and every secret masked by value."""
        return tuple((name, self._header(name.lower(), value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        if name not in self._header_names:
            return self.text(value)
        scheme, space, rest = value.partition(" ")
        if space and scheme.lower() in ("bearer", "basic", "digest", "token", "key"):
            return f"{scheme} {mask(rest)}"
        return mask(value)


NO_SECRETS: Final = Secrets()


def sent(request: PreparedRequest, secrets: Secrets) -> SentRequest:
    """Return what was sent as it may be kept. After this call no layer holds the key."""
    return SentRequest(
        method=request.method,
        url=secrets.text(request.url),
        headers=secrets.headers(request.headers),
        body=secrets.text(request.body.decode("utf-8", "replace")),
    )


def _credential(value: str) -> list[str]:
    """Return the part of ``Bearer abc…`` that is the secret."""
    scheme, space, rest = value.strip().partition(" ")
    return [rest.strip()] if space and scheme.isalpha() and " " not in rest.strip() else []


def _forms(value: str) -> set[str]:
    """Return the spellings under which a provider usually echoes the value; ``_spellings`` has the unusual ones."""
    return {
        value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1],
        quote(value, safe=""), quote(value), quote_plus(value), html.escape(value),
    }  # fmt: skip


def _spellings(character: str) -> str:
    """Return a pattern for one character of a JSON string, escaped or not."""
    hexadecimal = "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{ord(character):04x}")
    short = "|" + re.escape("\\" + character) if character in '"\\/' else ""
    return rf"(?:{re.escape(character)}|\\u{hexadecimal}{short})"
