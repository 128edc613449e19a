"""Warn of what looks like a secret or like personal data. Rules, not proof: some of it is harmless, some is not found."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conversations.sharing.leaks import strings_in

MAX_TEXT: Final = 1_000_000
"""Characters of one text that are looked at."""
MOST: Final = 50
"""Findings handed out; who has more has to look for themselves anyway."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. `kind` is a name in RULES; `excerpt` shows a secret's ends only.

    `place` is "title", "system", "parameters", "message", "request" or "response"; `number` counts messages and exchanges
    from 1, columns from 1 for the settings, and is 0 for the title.
    """

    kind: str
    excerpt: str
    place: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern that runs in time proportional to the text, and what must hold of what it matched."""

    kind: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = lambda _text: True


def luhn(text: str) -> bool:
    """Whether the digits in a text are a card number: 13–19 of them, not all alike, with the right check digit."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2 or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def resident_id(text: str) -> bool:
    """Whether 18 characters are a number of the People's Republic's identity cards: month, day and check character fit."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], weights, strict=True))
    return text[17].upper() == "10X98765432"[total % 11] and "01" <= text[10:12] <= "12"


def iban(text: str) -> bool:
    """Whether a text is a bank account's number with the right check digits."""
    compact = re.sub(r"\s", "", text)
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1


def inside_address(text: str) -> bool:
    """Whether an address leads inside: private, loopback or link-local."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return (address.is_private or address.is_link_local) and not address.is_unspecified


def telling(text: str) -> bool:
    """Whether what stands behind `password=` looks like a value and not like a placeholder."""
    value = re.split(r"[:=]\s*", text, maxsplit=1)[-1].strip("\"' ")
    return len(set(value)) > 3 and not re.match(
        r"\$|<|\{|%|os\.|process\.|env|your|none|null|true|false|xxx|•", value, re.I
    )


def _phone(text: str) -> bool:
    return 9 <= sum(character.isdigit() for character in text) <= 15


_EDGE: Final = r"(?<![\w.+/-])"
_END: Final = r"(?![\w-])"
RULES: Final[tuple[Rule, ...]] = (
    Rule("private_key", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")),
    Rule(
        "key",
        re.compile(
            r"(?<![A-Za-z0-9_-])(?:"
            r"sk-[\w-]{16,300}|[rps]k_(?:live|test)_\w{16,300}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}"
            r"|gh[pousr]_\w{30,300}|github_pat_\w{22,300}|glpat-[\w-]{20,300}|xox[abeoprs]-[\w-]{10,300}"
            r"|hf_[A-Za-z0-9]{30,300}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,300}|dop_v1_[0-9a-f]{64}|LTAI[A-Za-z0-9]{12,30}"
            r"|AGE-SECRET-KEY-1[0-9A-Z]{58}|SG\.[\w-]{22}\.[\w-]{43}"
            r")"
        ),
    ),
    Rule("token", re.compile(r"(?<![\w-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}")),
    Rule("token", re.compile(r"\b[Bb]earer\s{1,3}[\w.~+/-]{16,2000}=*")),
    Rule(
        "password",
        re.compile(
            r"(?i)(?<![a-z])(?:password|passwd|pwd|passphrase|secret|api[_-]?key|access[_-]?key|auth[_-]?token|client[_-]?secret"
            r"|密码|口令|密钥)[\"']?\s{0,3}[:=：]\s{0,3}[\"']?[^\s\"',;]{6,200}"
        ),
        telling,
    ),
    Rule("password", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:[^\s/@]{1,100}@")),
    Rule(
        "email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])")
    ),
    Rule("card", re.compile(rf"{_EDGE}[2-6]\d{{3}}(?:[ -]?\d){{9,15}}{_END}"), luhn),
    Rule("identity", re.compile(rf"{_EDGE}[1-9]\d{{5}}(?:19|20)\d{{9}}[\dXx]{_END}"), resident_id),
    Rule("identity", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?![\d-])")),
    Rule(
        "account",
        re.compile(rf"{_EDGE}[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{4}}){{2,7}}(?: ?[A-Z0-9]{{1,3}})?{_END}"),
        iban,
    ),
    Rule(
        "phone",
        re.compile(rf"{_EDGE}(?:\+|00)[1-9](?:[ ().-]{{0,2}}\d){{7,14}}{_END}"),
        _phone,
    ),
    Rule("phone", re.compile(rf"{_EDGE}1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_END}")),
    Rule("phone", re.compile(r"(?<![\w.-])\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])")),
    Rule("inside", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"), inside_address),
    Rule("inside", re.compile(r"(?<![\w:])f[cde][0-9a-fA-F]{2}:[0-9a-fA-F:]{2,40}(?![\w:])"), inside_address),
    Rule(
        "inside",
        re.compile(
            r"(?<![\w.-])(?:localhost|(?:[a-z0-9-]{1,63}\.){1,4}(?:local|internal|lan|corp|intranet))(?![\w-]|\.\w)"
        ),
    ),
)


def findings_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, what was found) in one text; the same place is not reported under two kinds."""
    taken: list[tuple[int, int]] = []
    for rule in RULES:
        for match in rule.pattern.finditer(text, 0, MAX_TEXT):
            start, end = match.span()
            if all(end <= first or start >= last for first, last in taken) and rule.holds(match[0]):
                taken.append((start, end))
                yield rule.kind, match[0]


PLAIN: Final = frozenset({"email", "phone", "inside"})
"""Kinds that are shown as they are: who looks for them has to find them."""


def excerpt_of(kind: str, text: str) -> str:
    """Return enough of what was found to know it again: of a secret no more than its ends."""
    line = " ".join(text.split())
    if kind in PLAIN:
        return line if len(line) <= 40 else f"{line[:40]}…"
    if len(line) <= 8:
        return f"{line[:2]}…"
    return f"{line[:4]}…{line[-2:]}" if len(line) <= 16 else f"{line[:8]}…{line[-4:]}"


def findings_of(document: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Return what to warn of in a snapshot, once for each place where it stands. At most MOST.

    Requests and responses repeat the messages: of them only what stands nowhere before.
    """
    found: dict[Finding, None] = {}
    seen: set[str] = set()
    for place, number, text in _texts(document, exchanges):
        for kind, match in findings_in(text):
            if place in ("request", "response") and match in seen:
                continue
            seen.add(match)
            found[Finding(kind, excerpt_of(kind, match), place, number)] = None
            if len(found) >= MOST:
                return tuple(found)
    return tuple(found)


def _texts(
    document: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, int, str]]:
    yield "title", 0, document["title"]
    for number, column in enumerate(document["columns"], start=1):
        yield "system", number, column["system"]
        for text in column["parameters"].values():
            yield "parameters", number, text
    for number, message in enumerate(document["messages"], start=1):
        for text in (*strings_in(message["parts"]), message["reasoning"], *strings_in(message["tool_calls"])):
            yield "message", number, text
    for number, exchange in enumerate(exchanges, start=1):
        request, response = exchange["request"], exchange["response"]
        yield "request", number, request["url"]
        yield "request", number, "\n".join(f"{name}: {value}" for name, value in request["headers"])
        yield "request", number, "\n".join(_strings(request["body"]))
        yield "response", number, "\n".join(f"{name}: {value}" for name, value in response["headers"])
        yield "response", number, "\n".join(_strings(response["document"]))


def _strings(source: str | None) -> Iterator[str]:
    try:
        yield from strings_in(json.loads(source or "null"))
    except (ValueError, RecursionError):
        yield source or ""
