"""LiteLLM's public list of prices (`model_prices_and_context_window.json`), as an administrator uploads it.

One JSON object: model name → an object with `input_cost_per_token`, `output_cost_per_token` and perhaps
`cache_read_input_token_cost` (USD per token), `litellm_provider` and `mode`. Numbers are read as they are written,
never through a float. Whatever is odd is passed over with a reason; only a file that is no such object is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

CURRENCY: Final = "USD"
MAX_BYTES: Final = 8 * 1024 * 1024
"""The real file has about 1.5 MB."""
MAX_ENTRIES: Final = 20_000
MAX_NAME: Final = 300
MAX_RATE: Final = Decimal(1_000_000)
"""Per million tokens, exclusive: six digits before the point are kept, nine after it."""
CHAT_MODES: Final = frozenset({"chat", "completion", "responses"})
SPECIMEN: Final = "sample_spec"
_PLACES: Final = Decimal("0.000000001")
_CONTEXT: Final = Context(prec=60, Emin=-999_999, Emax=999_999)
_NUMBER: Final = re.compile(r"[+]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)
_MAX_DIGITS: Final = 60


class PricesUnreadable(ValueError):
    """The file is no list of prices. `code`: too_large, not_text, not_json, not_prices, too_many."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the file. `vendor` is LiteLLM's name of who sells it; figures are USD per million tokens."""

    vendor: str
    model: str
    input: Decimal
    cached: Decimal | None
    output: Decimal

    @property
    def is_free(self) -> bool:
        """Whether every figure is 0, which in this file often says that nobody knew."""
        return not (self.input or self.output or self.cached)


@dataclass(frozen=True, slots=True)
class PriceFile:
    """What a file holds. `skipped` counts entries by reason: kind, price, name, odd."""

    entries: tuple[Entry, ...]
    skipped: Mapping[str, int]

    @property
    def vendors(self) -> tuple[tuple[str, int], ...]:
        """Who sells how many of the models, by name."""
        return tuple(sorted(Counter(entry.vendor for entry in self.entries).items()))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The entries of a file that are to be prices; `skipped` as in PriceFile, with ambiguous and free among the reasons."""

    entries: tuple[Entry, ...]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Members:
    """A JSON object as it was written, its doubles too."""

    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Number:
    text: str


def prices_read(data: bytes) -> PriceFile:
    """Return the models of an uploaded file. Raises PricesUnreadable."""
    if len(data) > MAX_BYTES:
        raise PricesUnreadable("too_large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PricesUnreadable("not_text") from error
    try:
        document = json.loads(
            text,
            object_pairs_hook=lambda pairs: _Members(tuple(pairs)),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
        )
    except (ValueError, RecursionError) as error:
        raise PricesUnreadable("not_json") from error
    if not isinstance(document, _Members):
        raise PricesUnreadable("not_prices")
    if len(document.pairs) > MAX_ENTRIES:
        raise PricesUnreadable("too_many")
    return _entries_read(document.pairs)


def _entries_read(pairs: Iterable[tuple[str, Any]]) -> PriceFile:
    entries: dict[tuple[str, str], Entry] = {}
    skipped: Counter[str] = Counter()
    doubtful: set[tuple[str, str]] = set()
    for name, value in pairs:
        if name == SPECIMEN:
            continue
        read = _entry_read(name, value)
        if isinstance(read, str):
            skipped[read] += 1
            continue
        place = (read.vendor, read.model)
        if entries.setdefault(place, read) != read:
            doubtful.add(place)
    if not entries and not skipped:
        raise PricesUnreadable("not_prices")
    if doubtful:
        skipped["ambiguous"] += len(doubtful)
    kept = tuple(entry for place, entry in entries.items() if place not in doubtful)
    return PriceFile(kept, dict(skipped))


def _entry_read(name: str, value: Any) -> Entry | str:
    """Return one entry, or the reason why it is none."""
    if not isinstance(value, _Members):
        return "odd"
    members = dict(value.pairs)
    if len(members) != len(value.pairs):
        return "odd"
    mode = members.get("mode", "chat")
    if not isinstance(mode, str) or mode not in CHAT_MODES:
        return "kind"
    vendor = members.get("litellm_provider") or ""
    if not isinstance(vendor, str) or not _is_name(vendor or "-", 100):
        return "odd"
    # "vertex_ai/gemini-2.0" is sold by "vertex_ai-language-models", "deepseek/deepseek-chat" by "deepseek".
    head, _, rest = name.partition("/")
    model = rest if rest and (head == vendor or vendor.startswith(f"{head}-")) else name
    # A star is a name's character in the file, and would be a pattern here.
    if not _is_name(model, MAX_NAME) or "*" in model:
        return "name"
    given, out = _rate(members.get("input_cost_per_token")), _rate(members.get("output_cost_per_token"))
    cached = members.get("cache_read_input_token_cost")
    cached_rate = None if cached is None else _rate(cached)
    if given is None or out is None or (cached is not None and cached_rate is None):
        return "price"
    return Entry(vendor, model, given, cached_rate, out)


def _is_name(text: str, most: int) -> bool:
    return text == text.strip() and 0 < len(text) <= most and text.isprintable()


def _rate(value: Any) -> Decimal | None:
    """Return a price per token as one per million, None where it is no price that can be kept."""
    text = value.text if isinstance(value, _Number) else value
    if not isinstance(text, str) or len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text.strip()):
        return None
    try:
        rate = _CONTEXT.multiply(_CONTEXT.create_decimal(text.strip()), Decimal(1_000_000))
        if not rate < MAX_RATE:
            return None
        kept = rate.quantize(_PLACES, context=_CONTEXT)
    except InvalidOperation:
        return None
    # So small that nothing would be left of it: 0 would say that it is free.
    return None if rate and not kept else kept


def entries_choose(file: PriceFile, *, vendor: str = "", free: bool = False) -> Chosen:
    """Return the prices to take: one vendor's, or of all vendors those whose name has one price only.

    Entries without a price above 0 are taken only where `free` says that they are meant so.
    """
    skipped = Counter(file.skipped)
    by_model: dict[str, set[Entry]] = {}
    for entry in file.entries:
        if vendor and entry.vendor != vendor:
            continue
        if entry.is_free and not free:
            skipped["free"] += 1
            continue
        plain = entry if vendor else Entry("", entry.model, entry.input, entry.cached, entry.output)
        by_model.setdefault(entry.model, set()).add(plain)
    skipped["ambiguous"] += sum(len(entries) > 1 for entries in by_model.values())
    taken = tuple(next(iter(entries)) for entries in by_model.values() if len(entries) == 1)
    return Chosen(taken, {reason: count for reason, count in skipped.items() if count})
