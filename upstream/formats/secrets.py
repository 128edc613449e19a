"""Taking secrets out of what is imported, before anything else sees it."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from upstream.formats.records import ExchangeRecord, Headers
from upstream.wire.capture import DOTS, SECRET_HEADERS, Secrets

_NAMES: Final = re.compile(
    r"(api|access|auth|secret|session|subscription)[-_]?(key|token|id)?$|key$|token$|password|secret|signature",
    re.I,
)
_QUERY: Final = re.compile(
    r"^(key|sig|api[-_]?key|access[-_]?token|auth|token|secret|password|signature|subscription[-_]key)$", re.I
)
_VALUES: Final = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai|r8|nvapi|AIza|ghp|github_pat|glpat)[-_]?[A-Za-z0-9_\-]{16,}|\beyJ[\w-]{10,}\.[\w-]+"
)
"""How the values of well-known keys begin, and JSON web tokens."""
_KEPT: Final = frozenset({"x-request-id", "x-client-request-id", "openai-organization", "openai-project"})
MASK: Final = DOTS


class Stripping:
    """Collects what is taken out of one import."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.values: set[str] = set()

    def headers(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Return the headers with the values of secret ones masked."""
        return tuple((name, self._value(name, value)) for name, value in headers)

    def url(self, url: str) -> str:
        """Return the address without user, password and with the values of secret query parameters masked."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return ""
        place = parts.netloc.rpartition("@")
        if place[0]:
            self._note("user:password@", place[0])
        pairs = re.split(r"([&;])", parts.query)
        return urlunsplit((parts.scheme, place[2], parts.path, "".join(map(self._parameter, pairs)), ""))

    def credentials(self, value: str) -> None:
        """Note a user and password that were given apart, as with curl's -u."""
        self._note("user:password", value)

    def exchange(self, exchange: ExchangeRecord) -> ExchangeRecord:
        """Return an exchange without secrets, those that its headers named masked in everything else too."""
        given = replace(
            exchange,
            url=self.url(exchange.url),
            headers=self.headers(exchange.headers),
            response_headers=self.headers(exchange.response_headers),
        )
        secrets = Secrets(self.values)
        if not secrets:
            return given
        raw = secrets.bytes(given.raw)
        # The lengths of reads would no longer add up.
        pieces = given.pieces if len(raw) == len(given.raw) else ((len(raw), _last(given)),)
        return replace(
            given,
            body=secrets.text(given.body),
            response=secrets.text(given.response),
            error=secrets.tree(given.error),
            raw=raw,
            pieces=pieces,
        )

    def _value(self, name: str, value: str) -> str:
        if DOTS in value:
            return value
        known = name.lower() in SECRET_HEADERS or (name.lower() not in _KEPT and _NAMES.search(name))
        if not known and not _VALUES.search(value):
            return value
        scheme, space, rest = value.partition(" ")
        if space and scheme.lower() in ("bearer", "basic", "digest", "token", "key"):
            self._note(name, rest)
            return f"{scheme} {MASK}"
        self._note(name, *_VALUES.findall(value), *([value] if known else []))
        return MASK if known else _VALUES.sub(MASK, value)

    def _parameter(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        if not equals or DOTS in value or not (_QUERY.match(name) or _VALUES.search(value)):
            return pair
        self._note(f"?{name}=", value, *(decoded for _name, decoded in parse_qsl(pair)))
        return f"{name}={quote(MASK, safe=MASK)}"

    def _note(self, name: str, *values: str) -> None:
        self.names[name] = None
        self.values.update(value.strip() for value in values)


def _last(exchange: ExchangeRecord) -> float:
    return exchange.pieces[-1][1] if exchange.pieces else 0.0
