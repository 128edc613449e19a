"""Finding messages and titles. Only what the person may see is looked at, counted or offered as a choice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Max, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform

from conversations import storable
from conversations.folding import canonical, fold, found
from conversations.models import Conversation, Exchange, Message, SearchText
from conversations.search_schema import grams
from conversations.selectors.access import visible_to
from team.models import User

MAX_WORDS: Final = 200
"""Characters of a query that count."""
MAX_TERMS: Final = 8
SCANNED: Final = 300_000
"""The newest messages that SQLite looks through for one or two characters: its index begins at three."""
TRIGRAM: Final = 3
CHOICES_FROM: Final = 2_000
"""The newest exchanges from which a filter's choices are read."""
BEFORE: Final = 60
AFTER: Final = 220
"""Characters of an excerpt before its first hit, and from there on."""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What is searched for. Fields left out do not count; `error` is an error's kind, `person` and `tag` are ids.

    Model, provider, state and error belong to answers: with one of them only answers are found.
    """

    words: str = ""
    model: str = ""
    provider: str = ""
    state: str = ""
    error: str = ""
    tag: int | None = None
    person: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_images: bool = False
    has_tools: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """What has to occur, folded: words between spaces, and "whole phrases"."""
        return search_terms(self.words)

    @property
    def narrows(self) -> bool:
        """Whether anything but words was asked for."""
        return any(getattr(self, name) not in ("", None, False) for name in self.__slots__ if name != "words")


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `pieces` are a stretch of its text in order; True marks what was searched for."""

    message: Message
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class HitPage:
    """A stretch of what was found, newest first; `after` fetches the next one, "" at the end.

    `bounded` says that only the newest messages were looked through.
    """

    hits: tuple[Hit, ...] = ()
    after: str = ""
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class TitleHit:
    """A conversation whose title was found."""

    conversation: Conversation
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class SearchChoices:
    """What the filters offer: values that occur in what the person may see, and people as (id, name)."""

    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    people: tuple[tuple[int, str], ...] = field(default=())


def search_terms(words: str) -> tuple[str, ...]:
    """Return what a query asks for. An open quotation mark is a character like any other."""
    text = storable.text(words[:MAX_WORDS]).strip()
    quoted = text.count('"') % 2 == 0
    parts = re.findall(r'"([^"]+)"|(\S+)' if quoted else r"()(\S+)", text)
    terms = (fold(" ".join((phrase or word).split())) for phrase, word in parts)
    return tuple(dict.fromkeys(filter(None, terms)))[:MAX_TERMS]


def search_messages(*, user: User, wanted: SearchFilter, after: str = "", limit: int = 20) -> HitPage:
    """Return messages that `user` may see, newest first. Three queries with words, two without; none for no question."""
    if wanted.terms:
        return _by_words(user, wanted, after, limit)
    if wanted.narrows:
        return _by_filters(user, wanted, after, limit)
    return HitPage()


def search_titles(*, user: User, words: str, limit: int = 5) -> list[TitleHit]:
    """Return conversations that `user` may see and whose title has all the words, the one changed last first. One query."""
    terms = search_terms(words)
    if not terms:
        return []
    rows = SearchText.objects.filter(visible_to(user, "conversation"), message=None)
    for term in terms:
        rows = rows.filter(text__contains=term)
    rows = rows.select_related("conversation").order_by("-conversation__updated")[:limit]
    return [TitleHit(row.conversation, _pieces(row.conversation.title, terms)) for row in rows]


def search_choices(*, user: User) -> SearchChoices:
    """Return what the filters may offer this person, from the newest exchanges that they may see. One query."""
    newest = (
        Exchange.objects.filter(visible_to(user, "run__conversation"))
        .order_by("-id")
        .annotate(kind=KeyTextTransform("kind", "error"))
        .values_list("model", "provider_name", "kind", "run__person", "run__person__username")[:CHOICES_FROM]
    )
    rows = list(newest)

    def several(index: int) -> tuple[str, ...]:
        return tuple(sorted({str(row[index]) for row in rows if row[index]}))

    people = {(row[3], row[4]) for row in rows if row[3]}
    return SearchChoices(
        models=several(0),
        providers=several(1),
        errors=several(2),
        people=tuple(sorted(people, key=lambda person: person[1])),
    )


def _by_words(user: User, wanted: SearchFilter, after: str, limit: int) -> HitPage:
    rows = SearchText.objects.filter(visible_to(user, "conversation"), message__deleted=None)
    rows = rows.filter(message__isnull=False)
    short = connection.vendor == "sqlite" and all(len(term) < TRIGRAM for term in wanted.terms)
    bounded = False
    if short:
        newest = SearchText.objects.aggregate(newest=Max("id"))["newest"] or 0
        bounded = newest > SCANNED
        rows = rows.filter(id__gt=newest - SCANNED)
    rows = _holding(rows, wanted.terms)
    rows = _narrowed(rows, user, wanted, "message__")
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(id__lt=int(after))
    found_rows = list(rows.order_by("-id").values_list("id", "message_id")[: limit + 1])
    page = found_rows[:limit]
    more = str(page[-1][0]) if len(found_rows) > limit else ""
    return HitPage(_hits([pk for _, pk in page], wanted.terms), more, bounded)


_MATCHING: Final = (
    '"conversations_searchtext"."id" IN (SELECT rowid FROM conversations_searchindex WHERE text MATCH %s)'
)


def _holding(rows: QuerySet[SearchText], terms: Sequence[str]) -> QuerySet[SearchText]:
    """Leave those whose text has all the terms, by the index that this database has for their length."""
    if connection.vendor == "sqlite":
        long = [term for term in terms if len(term) >= TRIGRAM]
        if long:
            phrases = " AND ".join('"' + term.replace('"', '""') + '"' for term in long)
            rows = rows.filter(_condition(_MATCHING, phrases))
        short = [term for term in terms if len(term) < TRIGRAM]
        for term in short:
            rows = rows.filter(_condition('instr("conversations_searchtext"."text", %s) > 0', term))
        return rows
    trigrams = _trigrams_reach()
    for term in terms:
        rows = rows.filter(text__contains=term)
        if not trigrams(term):
            holding = '"conversations_searchtext"."grams" @> %s::integer[]'
            rows = rows.filter(_condition(holding, grams(term)))
    return rows


def _condition(sql: str, value: Any) -> RawSQL:
    return RawSQL(sql, [value], output_field=BooleanField())  # noqa: S611 - constants above; the value is a parameter


class _Trigrams:
    """Which terms PostgreSQL's trigrams find: three letters or digits of a script that its locale knows, in a row."""

    def __init__(self, *, there: bool, unicode: bool) -> None:
        word = r"[^\W_]" if unicode else "[A-Za-z0-9]"
        self._word = re.compile(f"{word}{{{TRIGRAM}}}")
        self._there = there

    def __call__(self, term: str) -> bool:
        return self._there and self._word.search(term) is not None


_reach: dict[str, _Trigrams] = {}
"""What was learned of each database, by its name."""


def _trigrams_reach() -> _Trigrams:
    name = str(connection.settings_dict["NAME"])
    if name not in _reach:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('conversations_searchtext_trigrams') IS NOT NULL")
            there = bool(cursor.fetchone()[0])
            speaks = False
            if there:
                cursor.execute("SELECT cardinality(show_trgm('文字列')) > 0")
                speaks = bool(cursor.fetchone()[0])
        _reach[name] = _Trigrams(there=there, unicode=speaks)
    return _reach[name]


def _by_filters(user: User, wanted: SearchFilter, after: str, limit: int) -> HitPage:
    rows = Message.objects.filter(visible_to(user, "conversation"))
    rows = _narrowed(rows, user, wanted, "")
    try:
        rows = rows.filter(pk__lt=UUID(after)) if after else rows
    except ValueError:
        return HitPage()
    ids = list(rows.order_by("-id").values_list("id", flat=True)[: limit + 1])
    return HitPage(_hits(ids[:limit], ()), str(ids[limit - 1]) if len(ids) > limit else "")


def _narrowed(
    rows: QuerySet[Any], user: User, wanted: SearchFilter, to_message: Literal["", "message__"]
) -> QuerySet[Any]:
    """Apply every filter but the words; `to_message` leads from these rows to their message."""
    exchange = f"{to_message}exchange__"
    equal: dict[str, Any] = {
        f"{exchange}model": wanted.model,
        f"{exchange}provider_name": wanted.provider,
        f"{exchange}state": wanted.state,
        f"{to_message}created__gte": wanted.since,
        f"{to_message}created__lt": wanted.until,
        ("has_images" if to_message else "searched__has_images"): wanted.has_images,
        ("has_tools" if to_message else "searched__has_tools"): wanted.has_tools,
    }
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if wanted.error:  # few have one, and an index leads to them: not one by one along the messages
        failed = Exchange.objects.filter(error__isnull=False, error__kind=wanted.error)
        rows = rows.filter(**{f"{to_message}exchange__in": failed.values("pk")})
    if wanted.tag is not None:
        rows = rows.filter(conversation__tags__pk=wanted.tag, conversation__tags__person=user)
    if wanted.person is not None:
        said = Q(**{f"{to_message}author": wanted.person})
        asked = Q(**{f"{exchange}run__person": wanted.person})
        rows = rows.filter(said | asked)
    return rows


def _hits(ids: Sequence[UUID], terms: Sequence[str]) -> tuple[Hit, ...]:
    kept = Message.objects.select_related("conversation", "exchange", "author").defer(
        "exchange__body", "exchange__response", "exchange__headers", "exchange__response_headers", "reasoning"
    )
    by_id: Mapping[UUID, Message] = kept.in_bulk(list(ids))
    return tuple(Hit(by_id[pk], _pieces(_told(by_id[pk]), terms)) for pk in ids if pk in by_id)


def _told(message: Message) -> str:
    """Return what a message says: its text, or why it has none."""
    error = message.exchange.error if message.exchange else None
    return message.text + message.refusal or (str(error.get("message") or "") if error else "")


def _pieces(text: str, terms: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """Return the stretch of `text` around its first hit, parted into what was searched for and the rest."""
    whole = canonical(text)
    places = sorted(place for term in terms for place in found(whole, term))
    start = max(0, places[0][0] - BEFORE) if places else 0
    end = min(len(whole), (places[0][0] if places else 0) + AFTER)
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = start
    for begin, stop in places:
        if begin < at or begin >= end:
            continue
        pieces += [(whole[at:begin], False), (whole[begin:stop], True)]
        at = stop
    pieces.append((whole[at : max(end, at)] + (" …" if end < len(whole) else ""), False))
    return tuple((piece, marked) for piece, marked in pieces if piece)
