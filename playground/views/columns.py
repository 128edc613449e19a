"""Several columns beside each other: making and ordering them, running them, choosing whose settings are edited."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation, Message, Run
from conversations.selectors import ColumnBranch
from conversations.services import MAX_COLUMNS, LastColumn, TooManyColumns
from playground.column_views import ColumnPane, ColumnPart, CompareView, column_labels, letter_of
from playground.parameter_rows import parameter_groups
from playground.sweep import SweepForm
from playground.views.desk import (
    NEWEST,
    api_id,
    column_asked,
    conversation_of,
    editable_conversation,
    models_of,
    provider_of,
    uuid_or_none,
)
from playground.views.messages import message_views, row_views
from playground.views.signed_in import PersonRequest, problem, signed_in
from playground.watching import conversation_changed
from team import selectors as team
from team.models import Provider, User
from upstream import catalog

# Making and ordering


@require_POST
@signed_in
def column_add(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Add a column that is a copy of another (`column`) or of the last one, and choose it."""
    found = editable_conversation(request.user, pk)
    like = column_asked(found, request.POST).pk if request.POST.get("column") else None
    try:
        made = services.column_add(conversation=found, like=like)
    except TooManyColumns:
        sentence = ngettext(
            "There can be at most %(most)d column.", "There can be at most %(most)d columns.", MAX_COLUMNS
        )
        messages.error(request, sentence % {"most": MAX_COLUMNS})
        return redirect("conversation", found.pk)
    except Column.DoesNotExist as error:
        raise Http404 from error
    conversation_changed(found, by=request.user)
    return redirect(_href(found, made.pk))


@require_POST
@signed_in
def column_remove(request: PersonRequest, pk: UUID, column: int) -> HttpResponse:
    """Remove a column; what was said in it stays in the tree."""
    found = editable_conversation(request.user, pk)
    try:
        change = services.column_remove(person=request.user, conversation=found, pk=column)
    except Column.DoesNotExist as error:
        raise Http404 from error
    except LastColumn:
        messages.error(request, _("A conversation keeps one column."))
        return redirect("conversation", found.pk)
    said = _("Column removed. What was said in it stays in the conversation as an alternative.")
    _say_with_undo(request, found, change, said)
    conversation_changed(found, by=request.user)
    return redirect("conversation", found.pk)


@require_POST
@signed_in
def column_move(request: PersonRequest, pk: UUID, column: int) -> HttpResponse:
    """Move a column one place: `by` is 1 (to the right) or -1."""
    found = editable_conversation(request.user, pk)
    by = request.POST.get("by")
    if by not in ("1", "-1"):
        return problem(422, _("A column moves one place at a time."))
    try:
        services.column_move(conversation=found, pk=column, by=int(by))
    except Column.DoesNotExist as error:
        raise Http404 from error
    conversation_changed(found, by=request.user)
    return redirect(_href(found, column))


@require_POST
@signed_in
def columns_sweep(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Make the columns from a list of models, or of values of one parameter; `column` is what they are copies of."""
    found = editable_conversation(request.user, pk)
    base = column_asked(found, request.POST)
    provider = provider_of(base, list(team.providers_for(user=request.user)))
    form = SweepForm(request.POST, api=catalog.api(api_id(provider)), settings=base.settings)
    if not form.is_valid():
        return problem(422, *(message for messages in form.errors.values() for message in messages))
    change = services.columns_sweep(
        person=request.user, conversation=found, base=base.pk, settings=form.columns()
    )
    _say_with_undo(request, found, change, _("These columns stand in the place of those before."))
    conversation_changed(found, by=request.user)
    return HttpResponse(status=204) if request.htmx else redirect("conversation", found.pk)


@require_POST
@signed_in
def columns_lead(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Let all columns go on from one answer (`message`), or each from its own where none is named; answers with all."""
    found = editable_conversation(request.user, pk)
    if named := request.POST.get("message"):
        message = uuid_or_none(named)
        if message is None:
            raise Http404
        try:
            services.columns_lead(conversation=found, message_id=message)
        except Message.DoesNotExist as error:
            raise Http404 from error
    else:
        services.columns_part(conversation=found)
    branches = selectors.columns_of(conversation=found, newest=NEWEST)
    parts = [branch_part(found, branch) for branch in branches]
    conversation_changed(found, by=request.user)
    return render(request, "playground/_column_parts.html", {"parts": parts})


# Whose settings are edited


@require_GET
@signed_in
def column_choose(request: PersonRequest, pk: UUID, column: int) -> HttpResponse:
    """Return what the page needs to edit a column: its parameter rows, its models, its fields."""
    found = conversation_of(request.user, pk)
    chosen = column_asked(found, {"column": str(column)})
    providers = list(team.providers_for(user=request.user))
    provider = provider_of(chosen, providers)
    groups = parameter_groups(
        api=catalog.api(api_id(provider)),
        parameters=chosen.settings.get("parameters", {}),
        model=chosen.settings.get("model", ""),
    )
    context = {
        "parameter_groups": groups,
        "models": models_of(provider),
        "column": chosen,
        "letter": letter_of(chosen.position),
        "provider": provider,
        "settings": chosen.settings,
    }
    return render(request, "playground/_column_chosen.html", context)


def labels_render(request: PersonRequest, found: Conversation, providers: Sequence[Provider]) -> HttpResponse:
    """Return the heads of all columns as they are now; one's settings may make another one differ."""
    labels = column_labels(selectors.column_list(conversation=found), providers)
    one_system = not any(label.system_differs for label in labels)
    return render(request, "playground/_column_labels.html", {"labels": labels, "one_system": one_system})


def compare_view(
    found: Conversation, branches: Sequence[ColumnBranch], chosen: Column, providers: Sequence[Provider]
) -> CompareView:
    """Return the columns of a conversation for its page."""
    labels = column_labels([branch.column for branch in branches], providers)
    last = len(branches) - 1
    return CompareView(
        conversation=found.pk,
        panes=tuple(
            ColumnPane(
                label=label,
                part=branch_part(found, branch),
                chosen=branch.column.pk == chosen.pk,
                first=place == 0,
                last=place == last,
            )
            for place, (branch, label) in enumerate(zip(branches, labels, strict=True))
        ),
        chosen=next(label for label in labels if label.id == chosen.pk),
        can_add=len(branches) < MAX_COLUMNS,
    )


def branch_part(found: Conversation, branch: ColumnBranch) -> ColumnPart:
    """Return what a column shows."""
    column, shown = branch.column.pk, branch.messages[-NEWEST:]
    earlier = ""
    if branch.cut or len(shown) < len(branch.messages):
        earlier = f"{reverse('messages-earlier', args=[found.pk, shown[0].pk])}?column={column}"
    return ColumnPart(column, message_views(shown, column=column), earlier)


# Running


@dataclass(frozen=True, slots=True)
class ColumnPost:
    """What a press of Send says about one column: the fields of the form. `letter` is "" where there is only one."""

    data: Mapping[str, Any]
    column: int | None = None
    letter: str = ""

    def named(self, sentence: str) -> str:
        """Return a sentence with the column that it is about."""
        if not self.letter:
            return sentence
        return _("Column %(letter)s: %(problem)s") % {"letter": self.letter, "problem": sentence}


def columns_posted(*, user: User, conversation_id: UUID, data: Mapping[str, Any]) -> list[ColumnPost]:
    """Return what each column that is asked to run sends.

    `column` is the one whose settings were posted; `columns` are the ids to run, "all", or nothing for that one alone. The
    others run with their kept settings. Raises `Conversation.DoesNotExist`, and `Http404` for a column that is not there.
    """
    if "column" not in data:
        return [ColumnPost(data)]
    found = selectors.conversation_for(user=user, pk=conversation_id)
    columns = selectors.column_list(conversation=found)
    edited = str(data["column"])
    asked = str(data.get("columns") or edited)
    wanted = columns if asked == "all" else [each for each in columns if str(each.pk) in asked.split(",")]
    if not wanted:
        raise services.ColumnMissing
    return [
        ColumnPost(
            data if str(each.pk) == edited else {**data, **_kept_fields(each)},
            each.pk,
            letter_of(each.position),
        )
        for each in wanted
    ]


def _kept_fields(column: Column) -> dict[str, str]:
    """Return a column's kept settings as the form posts them."""
    kept = column.settings
    fields = {name: str(kept.get(name, "")) for name in ("provider", "model", "system")}
    return {**fields, "parameters": json.dumps(kept.get("parameters", {}))}


def part_views(run: Run) -> tuple[ColumnPart, ...]:
    """Return what a run adds to each of its columns."""
    columns = selectors.run_columns(run=run)
    everything = [message for _column, added in columns for message in added]
    forks = selectors.alternatives(conversation_id=run.conversation_id, messages=everything)
    choices: dict[UUID, list[Message]] = {}
    for _column, added in columns:
        answers = [message for message in added if message.exchange_id]
        if len(answers) > 1 and answers[0].exchange_id:
            choices[answers[0].exchange_id] = answers
    return tuple(
        ColumnPart(column, tuple(row_views(added, forks=forks, choices=choices, column=column)))
        for column, added in columns
    )


def _say_with_undo(request: PersonRequest, found: Conversation, change: UUID, said: str) -> None:
    """Let the next page say what was done, with a button that takes it back."""
    messages.success(request, said, extra_tags=reverse("change-undo", args=[found.pk, change]))


def _href(found: Conversation, column: int) -> str:
    return f"{reverse('conversation', args=[found.pk])}?column={column}"
