"""The request that every sample sends: as kept, with each masked secret named by an environment variable."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from upstream.wire.capture import DOTS

KEY_VARIABLE: Final = "API_KEY"
BODY_FILE: Final = "request.json"
INLINE_MAX: Final = 100_000
"""Bytes of a body that stands in the code. Linux takes arguments of 128 KiB, Java constants of 64 KiB, people far less."""
TRANSPORT_HEADERS: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent"}
)
"""Headers that every client sets by itself; a sample that repeats them breaks when the body is edited."""
_MASKED = re.compile(re.escape(DOTS) + r"[^\s&#]*")
_LATIN: Final = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class SampleText:
    """A text with at most one secret: `before` + the environment variable `variable` + `after`; without one `before`."""

    before: str
    variable: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request without secrets. `masked_body` says that the body held one, so the sample cannot send the same bytes."""

    method: str
    url: SampleText
    headers: tuple[tuple[str, SampleText], ...]
    body: str
    masked_body: bool

    @property
    def in_file(self) -> bool:
        """Whether the body is too long to stand in code, so that the sample reads it from `BODY_FILE`."""
        return len(self.body.encode()) > INLINE_MAX

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that the sample reads, each once."""
        named = [self.url.variable, *(value.variable for _name, value in self.headers)]
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def document(self) -> dict[str, Any] | None:
        """The body as a JSON object, or None where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def streams(self) -> bool:
        """Whether the answer comes as a stream of events."""
        return (self.document or {}).get("stream") is True


def sample_request(*, method: str, url: str, headers: Iterable[tuple[str, str]], body: str) -> SampleRequest:
    """Return a kept (masked) request in the form that samples are made from."""
    shown = [(name, value) for name, value in headers if name.lower() not in TRANSPORT_HEADERS]
    return SampleRequest(
        method=method,
        url=_text(url, KEY_VARIABLE),
        headers=tuple((name, _text(value, _variable(name))) for name, value in shown),
        body=body,
        masked_body=DOTS in body,
    )


def body_pieces(body: str, *, longest: int = 8_000) -> list[str]:
    """Return the body cut where a person would break the line; joined, the pieces are the body again.

    JSON is cut between its members and between the items of a member that is a list; nothing is longer than `longest`
    characters.
    """
    cuts = [*_cuts(body), len(body)]
    pieces: list[str] = []
    start = 0
    for cut in cuts:
        pieces += [body[at : min(at + longest, cut)] for at in range(start, cut, longest)]
        start = max(start, cut)
    return pieces or [""]


def _cuts(body: str) -> list[int]:
    """Return the places after which a JSON text is broken, in order: depth 1, and depth 2 within lists."""
    cuts: list[int] = []
    opened: list[str] = []
    text = escaped = False
    for at, character in enumerate(body):
        if text:
            text, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            text = True
        elif character in "[{":
            opened.append(character)
            if opened == ["{", "["]:
                cuts.append(at + 1)
        elif character in "]}" and opened:
            if opened == ["{", "["]:
                cuts.append(at)
            opened.pop()
        elif character == "," and opened in (["{"], ["{", "["]):
            cuts.append(at + 1)
    return cuts


def _text(value: str, variable: str) -> SampleText:
    found = _MASKED.search(value)
    if not found:
        return SampleText(value)
    return SampleText(value[: found.start()], variable, value[found.end() :])


def _variable(header: str) -> str:
    own = header.lower() in ("authorization", "api-key", "x-api-key")
    return KEY_VARIABLE if own else _LATIN.sub("_", header).upper()
