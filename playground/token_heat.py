"""How sure the model was of each token: logprobs of an answer as text, probabilities and alternatives. Pure functions.

Tokens that are parts of one character are joined by their bytes, so that every unit is text that can be read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

LEVELS: Final = (0.9, 0.7, 0.4, 0.15)
"""Probabilities at and above which a token is of level 0, 1, 2, 3; anything less is level 4."""
MAX_PARTS: Final = 8
"""Tokens of which one character may be made."""
MAX_ALTERNATIVES: Final = 20
SIGNS: Final = str.maketrans({"\n": "↵", "\r": None, "\t": "⇥", " ": "␣"})


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have stood there. `chosen`: it does. `whole`: its bytes are whole characters."""

    text: str
    probability: float
    chosen: bool = False
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Token:
    """One token; `top` are the alternatives as the provider sent them, read only for those that are shown."""

    text: str
    logprob: float
    data: bytes | None
    top: Any = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One token, or several that make a character. `number` counts from 1; `first` is the position of its first token."""

    number: int
    first: int
    text: str
    probability: float
    parts: int
    token: _Token
    whole: bool = True

    @property
    def level(self) -> int:
        """How unsure the model was: 0 (sure) to 4."""
        return level_of(self.probability)

    @property
    def spelled(self) -> str:
        """White space, or no text at all, in signs: the name of what has none. "" for text that can be seen."""
        return "" if self.text.strip() else self.text.translate(SIGNS) or "∅"

    @property
    def mark(self) -> str:
        """Those of the signs that stand for what takes no room, so that it can be seen and pointed at."""
        return self.spelled.strip("␣⇥")

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """What could have stood there, the likeliest first; of a unit of several tokens, in place of the first one."""
        return _alternatives(self.token, chosen=self.parts == 1)


def level_of(probability: float) -> int:
    """Return the level of a probability: 0 (sure) to 4."""
    return next((level for level, least in enumerate(LEVELS) if probability >= least), len(LEVELS))


def units_of(logprobs: Any, part: str = "content") -> list[Unit]:
    """Return the units of a choice's logprobs, of its content or its refusal; [] where there are none."""
    tokens = list(_tokens(logprobs, part))
    units: list[Unit] = []
    position = 0
    while position < len(tokens):
        size, text, whole = _joined(tokens, position)
        held = tokens[position : position + size]
        units.append(
            Unit(
                number=len(units) + 1,
                first=position,
                text=text,
                probability=_probability(sum(token.logprob for token in held)),
                parts=size,
                token=held[0],
                whole=whole,
            )
        )
        position += size
    return units


def prefix_of(units: Sequence[Unit], number: int, alternative: int) -> str:
    """Return the text up to unit `number` with one of its alternatives in its place. Raises LookupError."""
    if not 1 <= number <= len(units):
        raise LookupError(number)
    found = units[number - 1].alternatives
    before = units[: number - 1]
    if not 0 <= alternative < len(found) or not found[alternative].whole or not all(u.whole for u in before):
        raise LookupError(alternative)
    return "".join(unit.text for unit in before) + found[alternative].text


def perplexity(units: Sequence[Unit]) -> float | None:
    """Return e to the mean surprise of a token, None without tokens."""
    count = sum(unit.parts for unit in units)
    if not count:
        return None
    surprise = -sum(math.log(max(unit.probability, 1e-30)) for unit in units)
    return math.exp(min(surprise / count, 700.0))


def _joined(tokens: Sequence[_Token], position: int) -> tuple[int, str, bool]:
    """Return how many tokens make whole characters from here, their text, and whether it is whole."""
    data = b""
    for size in range(1, min(MAX_PARTS, len(tokens) - position) + 1):
        token = tokens[position + size - 1]
        if token.data is None:
            break
        data += token.data
        try:
            return size, data.decode(), True
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break
    first = tokens[position]
    return 1, *_shown(first.text, first.data)


def _shown(text: str, data: bytes | None) -> tuple[str, bool]:
    """Return a token as text, and whether that is all of it; bytes of a part of a character are shown as \\xe4."""
    if data is None:
        return text, "\ufffd" not in text
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace"), False


def _alternatives(token: _Token, *, chosen: bool) -> tuple[Alternative, ...]:
    found: list[Alternative] = []
    for text, logprob, data in islice(_top(token.top), MAX_ALTERNATIVES):
        shown, whole = _shown(text, data)
        same = chosen and (text, data) == (token.text, token.data)
        found.append(Alternative(shown, _probability(logprob), same, whole and shown != ""))
    return tuple(sorted(found, key=lambda each: -each.probability))


def _tokens(logprobs: Any, part: str) -> Iterator[_Token]:
    if not isinstance(logprobs, Mapping):
        return
    entries = logprobs.get(part)
    if isinstance(entries, list):
        yield from (token for entry in entries if (token := _token(entry)) is not None)
    elif part == "content":
        yield from _older(logprobs)


def _token(entry: Any) -> _Token | None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("token"), str):
        return None
    return _Token(
        entry["token"], _number(entry.get("logprob")), _bytes(entry.get("bytes")), entry.get("top_logprobs")
    )


def _top(top: Any) -> Iterator[tuple[str, float, bytes | None]]:
    """Yield the alternatives in either shape: a list of entries, or a map from text to logprob."""
    if isinstance(top, Mapping):
        yield from ((str(text), _number(logprob), None) for text, logprob in top.items())
    for each in top if isinstance(top, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("token"), str):
            yield each["token"], _number(each.get("logprob")), _bytes(each.get("bytes"))


def _older(logprobs: Mapping[str, Any]) -> Iterator[_Token]:
    """Read the shape of the older completions API: parallel lists of tokens, logprobs and maps of alternatives."""
    lists = [logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs")]
    tokens, values, tops = (each if isinstance(each, list) else [] for each in lists)
    for position, text in enumerate(tokens):
        if isinstance(text, str):
            value = values[position] if position < len(values) else None
            yield _Token(text, _number(value), None, tops[position] if position < len(tops) else None)


def _number(value: Any) -> float:
    """Return a logprob; what is none counts as impossible, as providers write -9999 for that."""
    sensible = isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
    return min(float(value), 0.0) if sensible else -9999.0


def _bytes(value: Any) -> bytes | None:
    if not isinstance(value, list) or not value:
        return None
    try:
        return bytes(value)
    except (ValueError, TypeError):
        return None


def _probability(logprob: float) -> float:
    return math.exp(max(logprob, -700.0))
