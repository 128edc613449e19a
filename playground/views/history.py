"""The list of conversations beside the workbench: its pages, what is done with several of them, and the trash."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from conversations import selectors, services
from conversations.models import Conversation
from conversations.money_words import spent_text
from conversations.selectors import ListFilter, ListPlace, Shelf
from playground.nudges import Nudge
from playground.runtime import nudge_send
from playground.view_models import ConversationGroup, ConversationList, ConversationRow, ListChoice
from playground.views.desk import conversation_of, uuid_or_none
from playground.views.signed_in import PersonRequest, signed_in
from team.models import User

PAGE: Final = 50
"""Conversations on one page of the list."""
MOST_SHOWN: Final = 500
"""Conversations that one refresh of the list brings back at most."""
MAX_CHOSEN: Final = 500
"""Conversations that one deed may concern."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@require_GET
@signed_in
def conversation_list(request: PersonRequest) -> HttpResponse:
    """Return a page of the list: `view` names which, `after` where it goes on, `shown` how many rows there are now.

    With `seen` the conversation in `current` counts as read: the page that asks has it before the person.
    """
    asked = request.GET
    current = uuid_or_none(asked.get("current", "").strip("/").rpartition("/")[2])
    if current and "seen" in asked:
        services.conversation_seen(user=request.user, conversation=conversation_of(request.user, current))
    listed = list_view(request.user, asked, current=current)
    template = "_conversation_rows" if "after" in asked else "_conversation_list"
    return render(request, f"playground/{template}.html", {"conversations": listed})


def list_view(user: User, asked: Mapping[str, str] | QueryDict, *, current: UUID | None) -> ConversationList:
    """Return a page of the list for the template, as `asked` by the query of its address."""
    view = asked.get("view", "") or Shelf.OWN
    query = asked.get("q", "").strip()[:200]
    place, begun = _place(asked.get("after", ""))
    shown = asked.get("shown", "")
    limit = min(max(PAGE, int(shown) if shown.isdecimal() and len(shown) < 6 else 0), MOST_SHOWN)
    tags = selectors.tags_of(user=user)
    wanted = _filter(view, query)
    page = selectors.conversation_list(user=user, wanted=wanted, after=place, limit=limit)
    groups = _groups(page.rows, current, user)
    more = {"view": view, "q": query, "current": f"/{current}" if current else ""}
    if page.next is not None:
        more["after"] = _place_text(page.next, groups[-1].key)
    return ConversationList(
        groups=groups,
        query=query,
        view=view,
        choices=_choices(view, [(tag.pk, tag.name) for tag in tags]),
        next_href=reverse("conversation-list") + "?" + urlencode(more) if page.next else "",
        begun=begun,
    )


def _filter(view: str, query: str) -> ListFilter:
    if view.startswith("tag-") and view[4:].isdecimal() and view.isascii() and len(view) < 20:
        return ListFilter(title=query, tag=int(view[4:]))
    try:
        return ListFilter(shelf=Shelf(view), title=query)
    except ValueError as error:
        raise Http404 from error


def _choices(view: str, tags: Sequence[tuple[int, str]]) -> tuple[ListChoice, ...]:
    """Return what the list can show, its own tags last."""
    shelves = (
        (Shelf.OWN, _("All chats")),
        (Shelf.ARCHIVED, _("Archived")),
        (Shelf.TEAM, _("From the team")),
        *((f"tag-{pk}", name) for pk, name in tags),
    )
    return tuple(ListChoice(key, label, key == view, is_tag=key.startswith("tag-")) for key, label in shelves)


def _groups(rows: Sequence[Conversation], current: UUID | None, user: User) -> tuple[ConversationGroup, ...]:
    groups: dict[tuple[str, str], list[ConversationRow]] = {}
    today = timezone.localdate()
    for each in rows:
        row = ConversationRow(
            id=each.pk,
            title=each.title,
            updated=each.updated,
            current=each.pk == current,
            live=getattr(each, "live", False),
            href=reverse("conversation", args=[each.pk]),
            pinned=each.pinned,
            team=each.visibility != Conversation.Visibility.PRIVATE,
            unread=getattr(each, "unread", False) and each.pk != current,
            tags=tuple(tag.name for tag in getattr(each, "own_tags", ())),
            own=each.owner_id == user.pk,
            owner="" if each.owner_id == user.pk else each.owner.get_full_name(),
        )
        groups.setdefault(_heading(each, today), []).append(row)
    return tuple(ConversationGroup(key, label, tuple(rows)) for (key, label), rows in groups.items())


def _heading(each: Conversation, today: date) -> tuple[str, str]:
    if each.pinned:
        return "pinned", _("Pinned")
    day = timezone.localtime(each.updated).date()
    if day >= today:
        return "today", _("Today")
    if day == today - timedelta(days=1):
        return "yesterday", _("Yesterday")
    if day > today - timedelta(days=7):
        return "week", _("Previous 7 days")
    return "older", _("Older")


def _place_text(place: ListPlace, group: str) -> str:
    since = (place.updated - EPOCH) // MICROSECOND
    return f"{int(place.pinned)}.{since}.{place.id.hex}.{group}"


def _place(text: str) -> tuple[ListPlace | None, str]:
    """Read where a page begins, and under which heading the one before ended. What makes no sense is the beginning."""
    parts = text.split(".")
    if len(parts) != 4 or not (parts[1].isdecimal() and parts[1].isascii() and len(parts[1]) < 18):
        return None, ""
    pk = uuid_or_none(parts[2])
    if pk is None:
        return None, ""
    return ListPlace(parts[0] == "1", EPOCH + int(parts[1]) * MICROSECOND, pk), parts[3]


# Deeds


@require_POST
@signed_in
def conversations_organise(request: PersonRequest) -> HttpResponse:
    """Do one `deed` with the conversations in `ids`; answers with the list, or leads on where the open one is gone."""
    ids = _ids(request)
    deed = _DEEDS.get(request.POST.get("deed", ""))
    if deed is None or not ids or len(ids) > MAX_CHOSEN:
        return HttpResponseBadRequest()
    try:
        deed(request, ids)
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    nudge_send(request.user.pk, Nudge("conversations"))
    current = uuid_or_none(request.POST.get("current", "").strip("/").rpartition("/")[2])
    if current in ids and request.POST["deed"] == "trash":
        return HttpResponseClientRedirect(reverse("workbench"))
    listed = list_view(request.user, request.POST, current=current)
    return render(request, "playground/_conversation_list.html", {"conversations": listed})


def _ids(request: PersonRequest) -> list[UUID]:
    ids = [uuid_or_none(text) for text in request.POST.getlist("ids")]
    if None in ids:
        raise Http404
    return [pk for pk in ids if pk is not None]


def _tag(request: PersonRequest, ids: Sequence[UUID]) -> None:
    names = services.tag_names(request.POST.get("tags", "")[:2000])
    services.conversations_tag(user=request.user, ids=ids, names=names)


_DEEDS: Final[Mapping[str, Callable[[PersonRequest, Sequence[UUID]], None]]] = {
    "pin": lambda request, ids: services.conversations_pin(user=request.user, ids=ids, pinned=True),
    "unpin": lambda request, ids: services.conversations_pin(user=request.user, ids=ids, pinned=False),
    "archive": lambda request, ids: services.conversations_archive(user=request.user, ids=ids, archived=True),
    "unarchive": lambda request, ids: services.conversations_archive(
        user=request.user, ids=ids, archived=False
    ),
    "trash": lambda request, ids: services.conversations_trash(user=request.user, ids=ids),
    "tag": _tag,
}


@require_http_methods(["GET", "POST"])
@signed_in
def conversation_keeping(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show how the person keeps a conversation (pinned, archived, their tags), or change it by a `deed`."""
    found = conversation_of(request.user, pk)
    if request.method == "POST":
        deed = request.POST.get("deed", "")
        try:
            if deed == "tags":
                names = services.tag_names(request.POST.get("tags", "")[:2000])
                services.conversation_tags_set(user=request.user, pk=pk, names=names)
            elif deed in ("pin", "unpin", "archive", "unarchive"):
                _DEEDS[deed](request, [pk])
            else:
                return HttpResponseBadRequest()
        except Conversation.DoesNotExist as error:
            raise Http404 from error
        nudge_send(request.user.pk, Nudge("conversations"))
        found = conversation_of(request.user, pk)
    tags = selectors.tags_on(user=request.user, conversation=found)
    context = {
        "conversation": found,
        "own": found.owner_id == request.user.pk,
        "tags": ", ".join(tag.name for tag in tags),
        "href": reverse("conversation-keeping", args=[pk]),
        "cost": spent_text(selectors.cost_of_conversation(conversation=found)),
    }
    return render(request, "playground/_keeping.html", context)


# The trash


@require_GET
@signed_in
def trash(request: PersonRequest) -> HttpResponse:
    """Show what the person threw away, the newest first, with the day on which each goes for good."""
    found = selectors.trash_of(user=request.user).order_by("-trashed", "-id")[: MOST_SHOWN + 1]
    rows = [(each, each.trashed + services.TRASH_KEPT) for each in found if each.trashed is not None]
    context = {"rows": rows[:MOST_SHOWN], "more": len(rows) > MOST_SHOWN, "days": services.TRASH_KEPT.days}
    context["section"] = "trash"
    return render(request, "playground/trash.html", context)


@require_POST
@signed_in
def trash_change(request: PersonRequest) -> HttpResponse:
    """Restore the conversations in `ids`, delete them for good, or `empty` the whole trash."""
    deed = request.POST.get("deed", "")
    ids = _ids(request)
    try:
        if deed == "restore" and ids:
            services.conversations_restore(user=request.user, ids=ids)
            said = ngettext("Restored.", "%(count)s conversations restored.", len(ids)) % {"count": len(ids)}
        elif deed == "delete" and ids:
            services.trash_delete(user=request.user, ids=ids)
            said = _("Deleted for good.")
        elif deed == "empty":
            services.trash_empty(user=request.user)
            said = _("The trash is empty.")
        else:
            return HttpResponseBadRequest()
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    nudge_send(request.user.pk, Nudge("conversations"))
    messages.success(request, said)
    return HttpResponseClientRedirect(reverse("trash")) if request.htmx else redirect("trash")
