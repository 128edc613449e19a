"""Search: the page with its filters, the dialog that answers as one types, and the way to a message that was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from conversations import selectors, services
from conversations.models import Exchange, Message
from conversations.selectors import Hit, SearchFilter
from playground.views.desk import conversation_of
from playground.views.signed_in import PersonRequest, signed_in
from team.models import User

PAGE: Final = 20
"""Messages on one page of results."""
BRIEF: Final = 12
"""Messages in the dialog."""
FIELDS: Final = (
    "q", "model", "provider", "state", "tag", "person", "since", "until", "images", "tools", "error",
)  # fmt: skip
ROLES: Final = {
    "user": gettext_lazy("Question"),
    "assistant": gettext_lazy("Answer"),
    "tool": gettext_lazy("Tool result"),
    "function": gettext_lazy("Tool result"),
}


@dataclass(frozen=True, slots=True)
class HitView:
    """One message that was found, and where it opens. `pieces` are (text, whether it was searched for)."""

    href: str
    title: str
    who: str
    model: str
    created: datetime
    pieces: tuple[tuple[str, bool], ...]
    failed: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FilterView:
    """A filter with its choices, in the words of the page."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@require_GET
@signed_in
def search(request: PersonRequest) -> HttpResponse:
    """Show what was found: the page; its next results where `after` is given; the dialog's short list where `brief` is."""
    asked = {name: request.GET.get(name, "") for name in FIELDS}
    wanted = filter_asked(asked)
    brief = "brief" in request.GET
    page = selectors.search_messages(
        user=request.user,
        wanted=wanted,
        after=request.GET.get("after", ""),
        limit=BRIEF if brief else PAGE,
    )
    kept = {name: value for name, value in asked.items() if value}
    context = {
        "asked": asked,
        "hits": [hit_view(hit) for hit in page.hits],
        "next_href": f"{reverse('search')}?{urlencode(kept | {'after': page.after})}" if page.after else "",
        "all_href": f"{reverse('search')}?{urlencode(kept)}",
        "bounded": page.bounded,
        "is_asked": bool(wanted.terms) or wanted.narrows,
    }
    if "after" in request.GET and request.htmx:
        return render(request, "playground/_search_hits.html", context)
    # Filters ask for messages: a title has no model and no state.
    titles = () if wanted.narrows else selectors.search_titles(user=request.user, words=wanted.words)
    context["titles"] = titles
    if brief:
        return render(request, "playground/_search_brief.html", context)
    context |= {"section": "search", "filters": filters_offered(request.user, asked)}
    context["narrowed"] = wanted.narrows
    template = "_search_results" if request.htmx else "search"
    return render(request, f"playground/{template}.html", context)


@require_GET
@signed_in
def message_show(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Lead to a message in its conversation. The page shows the branch through it, and scrolls there."""
    found = conversation_of(request.user, pk)
    if not selectors.message_is_in(conversation=found, pk=message):
        raise Http404
    shown = selectors.column_of(conversation=found)
    if selectors.may_edit(user=request.user, conversation=found):
        path = selectors.branch_ids(conversation_id=found.pk, leaf_id=shown.leaf_id)
        if message not in path:
            services.branch_show(column=shown, message_id=message)
    return redirect(f"{reverse('conversation', args=[pk])}?at={message}#message-{message}")


def filter_asked(asked: Mapping[str, str]) -> SearchFilter:
    """Read the fields of the form; what makes no sense does not count."""
    states = {state.value for state in Exchange.State}
    until = _day(asked["until"])
    return SearchFilter(
        words=asked["q"],
        model=asked["model"][:300],
        provider=asked["provider"][:200],
        state=asked["state"] if asked["state"] in states else "",
        error=asked["error"][:100],
        tag=_number(asked["tag"]),
        person=_number(asked["person"]),
        since=_day(asked["since"]),
        until=until + timedelta(days=1) if until else None,
        has_images=bool(asked["images"]),
        has_tools=bool(asked["tools"]),
    )


def _day(text: str) -> datetime | None:
    """Return the first moment of a day, by the server's clock."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day and day.year < 9999 else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None


def hit_view(hit: Hit) -> HitView:
    """Return a found message for the template."""
    message = hit.message
    exchange = message.exchange
    who = str(message.author) if message.role == Message.Role.USER and message.author else ""
    return HitView(
        href=reverse("message-show", args=[message.conversation_id, message.pk]),
        title=message.conversation.title,
        who=who or str(ROLES.get(message.role, message.role)),
        model=exchange.model if exchange else "",
        created=message.created,
        pieces=hit.pieces,
        failed=exchange is not None and exchange.state == Exchange.State.FAILED,
    )


def filters_offered(user: User, asked: Mapping[str, str]) -> tuple[FilterView, ...]:
    """Return the filters with the choices that occur in what the person may see."""
    offered = selectors.search_choices(user=user)
    tags = selectors.tags_of(user=user)
    states = tuple((state.value, str(state.label)) for state in Exchange.State if state not in Exchange.LIVE)
    rows = (
        ("model", _("Model"), tuple((name, name) for name in offered.models)),
        ("provider", _("Provider"), tuple((name, name) for name in offered.providers)),
        ("person", _("Person"), tuple((str(pk), name) for pk, name in offered.people)),
        ("tag", _("Tag"), tuple((str(tag.pk), tag.name) for tag in tags)),
        ("state", _("State"), states),
        ("error", _("Error"), tuple((kind, kind) for kind in offered.errors)),
    )
    return tuple(
        FilterView(
            name,
            label,
            tuple(Choice(value, words, value == asked[name]) for value, words in _with(values, asked[name])),
        )
        for name, label, values in rows
    )


def _with(values: tuple[tuple[str, str], ...], chosen: str) -> tuple[tuple[str, str], ...]:
    """Return the choices, with the chosen one among them: a link may name what is not offered any more."""
    known = any(value == chosen for value, _label in values)
    return values if known or not chosen else (*values, (chosen, chosen))
