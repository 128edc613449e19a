"""Changes of the tree by hand. Each answers with what the page has to know; the page fetches what is new as any other does.

A deed answers with JSON: `tip` is the end of the branch to show (null: the shown one), `undo` where the deed is taken back,
`said` the sentence for whoever did it; or with `go`, the page to load instead.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation, Message
from conversations.services import Changed, ChangeLost, MessageGone, NotADraft, Place, StillStreaming, Words
from playground.forms import MESSAGE_MAX
from playground.views.desk import column_asked, conversation_of, editable_conversation, uuid_or_none
from playground.views.messages import message_views
from playground.views.signed_in import PersonRequest, problem, signed_in
from playground.watching import conversation_changed, lists_changed
from team.models import User

P = ParamSpec("P")
Deed = Callable[Concatenate[PersonRequest, P], HttpResponse]


class WordsForm(forms.Form):
    """What a message should say."""

    role = forms.ChoiceField(choices=Message.Role.choices)
    text = forms.CharField(
        strip=False,
        max_length=MESSAGE_MAX,
        error_messages={
            "required": gettext_lazy("Write something, or delete the message."),
            "max_length": gettext_lazy(
                "This message has %(show_value)d characters; at most %(limit_value)d can be sent."
            ),
        },
    )
    tool_call_id = forms.CharField(required=False, max_length=200)

    def words(self) -> Words:
        """Return what was typed, line ends as the field had them; call after `is_valid`."""
        cleaned = self.cleaned_data
        return Words(cleaned["role"], cleaned["text"].replace("\r\n", "\n"), cleaned["tool_call_id"])


def deed(view: Deed[P]) -> Callable[..., Any]:
    """Let only signed-in people do it by POST, and say in a sentence why it could not be done."""

    @wraps(view)
    def told(request: PersonRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Conversation.DoesNotExist as error:  # it went into the trash a moment ago
            raise Http404 from error
        except MessageGone:
            return problem(409, _("This message is not there any more: somebody deleted it meanwhile."))
        except StillStreaming:
            return problem(409, _("An answer is still streaming there: wait for it, or stop it first."))
        except NotADraft:
            return problem(
                409, _("Only messages that were not sent yet, and have no alternatives, can change places.")
            )
        except ChangeLost:
            return problem(409, _("This cannot be undone any more: something of it was changed since."))

    return require_POST(signed_in(told))


def done(request: PersonRequest, found: Conversation, changed: Changed, said: str) -> JsonResponse:
    """Tell every page of the conversation, and answer the one that asked."""
    conversation_changed(found, tip=changed.tip, by=request.user)
    undo = reverse("change-undo", args=[found.pk, changed.change])
    return JsonResponse({"tip": str(changed.tip) if changed.tip else None, "undo": undo, "said": said})


def words_of(request: PersonRequest) -> Words | HttpResponse:
    """Return what a form says, or the answer to a form that says nothing."""
    form = WordsForm(request.POST)
    if form.is_valid():
        return form.words()
    return problem(422, *(message for messages in form.errors.values() for message in messages))


@deed
def message_edit(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Give a message other words: in place where it was never sent, else as an alternative."""
    found = editable_conversation(request.user, pk)
    words = words_of(request)
    if isinstance(words, HttpResponse):
        return words
    changed = services.message_edit(
        person=request.user,
        conversation_id=found.pk,
        message_id=message,
        words=words,
        column_id=column_asked(found, request.POST).pk,
    )
    said = _("Edited. What was there stays as an alternative.") if changed.tip else _("Edited.")
    return done(request, found, changed, said)


@deed
def message_insert(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Put a message right `before` or `after` another one, or at the start of an empty tree."""
    found = editable_conversation(request.user, pk)
    words = words_of(request)
    if isinstance(words, HttpResponse):
        return words
    place = Place(uuid_or_none(request.POST.get("before")), uuid_or_none(request.POST.get("after")))
    changed = services.message_insert(
        person=request.user,
        conversation_id=found.pk,
        place=place,
        words=words,
        column_id=column_asked(found, request.POST).pk,
    )
    return done(request, found, changed, _("Inserted."))


@deed
def message_delete(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Delete one message, or with `branch` everything below it too."""
    found = editable_conversation(request.user, pk)
    branch = "branch" in request.POST
    delete = services.branch_delete if branch else services.message_delete
    changed = delete(person=request.user, conversation_id=found.pk, message_id=message)
    return done(request, found, changed, _("Branch deleted.") if branch else _("Message deleted."))


@deed
def message_move(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Let a draft change places with its neighbour, `way` up or down."""
    found = editable_conversation(request.user, pk)
    changed = services.message_move(
        person=request.user,
        conversation_id=found.pk,
        message_id=message,
        way="up" if request.POST.get("way") == "up" else "down",
    )
    return done(request, found, changed, _("Moved."))


@deed
def branch_continue(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Let the column go on from a message; `undo` leads back to where it was."""
    found = editable_conversation(request.user, pk)
    before = services.branch_continue(
        person=request.user,
        conversation_id=found.pk,
        message_id=message,
        column_id=column_asked(found, request.POST).pk,
    )
    back = reverse("branch-show", args=[found.pk, before]) if before and before != message else None
    said = _("What you write next goes below this message. What followed stays.")
    return JsonResponse({"tip": str(message), "undo": None, "back": back, "said": said})


@deed
def branch_copy(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Copy the branch up to a message into a new conversation of one's own; `go` leads there."""
    found = conversation_of(request.user, pk)
    title = _("%(title)s (branch)") % {"title": found.title or _("New chat")}
    copy = services.branch_copy(
        person=request.user,
        conversation_id=found.pk,
        message_id=message,
        title=title,
        column_id=column_asked(found, request.POST).pk,
    )
    lists_changed(copy)
    return JsonResponse({"go": reverse("conversation", args=[copy.pk])})


@deed
def change_undo(request: PersonRequest, pk: UUID, change: UUID) -> HttpResponse:
    """Take a change back."""
    found = editable_conversation(request.user, pk)
    changed = services.change_undo(person=request.user, conversation_id=found.pk, change_id=change)
    conversation_changed(found, tip=changed.tip, by=request.user)
    if changed.columns:
        return JsonResponse({"go": reverse("conversation", args=[found.pk])})
    return JsonResponse({"tip": str(changed.tip) if changed.tip else None, "said": _("Undone.")})


@require_POST
@signed_in
def branch_show(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Show the branch through one message; answers with it and what follows."""
    found = conversation_of(request.user, pk)
    column = column_asked(found, request.POST)
    leaf = branch_lead(request.user, found, column, message)
    shown = selectors.branch_from(conversation_id=found.pk, leaf_id=leaf, start=message)
    named = column.pk if "column" in request.POST else None
    return render(request, "playground/_messages.html", {"messages": message_views(shown, column=named)})


def branch_lead(user: User, found: Conversation, column: Column, message: UUID) -> UUID | None:
    """Lead a column to the newest end below a message, and return that; for who may only look, it stays where it is.

    Other pages are not told: which branch one reads is one's own affair.
    """
    shape = selectors.tree_shape(conversation_id=found.pk)
    if message not in shape:
        raise Http404
    if selectors.may_edit(user=user, conversation=found):
        services.branch_show(column=column, message_id=message)
    return shape.end(message)
