"""The settings of a column while they are being written: kept, carried to another provider, shown as the request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation
from playground.attached import attached_in, messages_shown, unshown
from playground.forms import DraftForm, SettingsForm
from playground.message_input import is_empty
from playground.message_notes import message_notes
from playground.parameter_rows import parameter_groups
from playground.preview import preview_build
from playground.provider_change import provider_change
from playground.views.columns import labels_render
from playground.views.desk import (
    chosen,
    column_asked,
    conversation_of,
    editable_conversation,
    is_foreign,
    models_of,
    provider_of,
    uuid_or_none,
)
from playground.views.signed_in import PersonRequest, problem, signed_in
from team import selectors as team
from team.models import Provider, User
from upstream import catalog
from upstream.catalog import Api


@require_POST
@signed_in
def column_settings(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Keep what is set while it is set: provider, model, system prompt, parameters."""
    found = editable_conversation(request.user, pk)
    form = SettingsForm(request.POST, providers=team.providers_for(user=request.user))
    if not form.is_valid():
        return problem(422, *(message for messages in form.errors.values() for message in messages))
    column = column_asked(found, request.POST)
    services.column_settings_update(column=column, settings=_kept_settings(form, column, request.user))
    if "column" in request.POST:
        return labels_render(request, found, list(team.providers_for(user=request.user)))
    return HttpResponse(status=204)


def _kept_settings(form: SettingsForm, column: Column, user: User) -> dict[str, Any]:
    """Return the settings to keep: somebody who may not use the column's provider leaves it until they choose another."""
    settings = form.settings()
    if not settings["provider"] and is_foreign(column, list(team.providers_for(user=user))):
        settings["provider"] = column.settings["provider"]
    return settings


@require_POST
@signed_in
def parameters(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the parameter rows for another provider, its models, and in words what changed.

    `shown` is the provider whose rows the page shows, `model` the model it names. Values that the new API does not
    document are left out.
    """
    column = column_asked(conversation_of(request.user, pk), request.POST)
    providers = list(team.providers_for(user=request.user))
    form = SettingsForm(request.POST, providers=providers)
    if not form.is_valid():
        return problem(422, *(message for messages in form.errors.values() for message in messages))
    before = chosen(providers, request.POST.get("shown", "")) or provider_of(column, providers)
    provider = form.cleaned_data["provider"]
    change = provider_change(
        old=catalog.api(before.api) if before else form.api,
        new=form.api,
        parameters=form.cleaned_data["parameters"],
        model=form.cleaned_data["model"],
        models=models_of(provider),
        last_model=request.POST.get("last_model", ""),
    )
    context = {
        "change": change,
        "parameter_groups": parameter_groups(api=form.api, parameters=change.parameters, model=change.model),
        "models": models_of(provider),
    }
    return render(request, "playground/_parameters_swap.html", context)


@require_POST
@signed_in
def request_preview(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the body that Send would send now, from the builder that sends."""
    draft = draft_of(request, pk)
    preview = preview_build(
        api=draft.api,
        base_url=draft.provider.base_url if draft.provider else "",
        model=draft.model,
        messages=draft.messages,
        parameters=draft.parameters,
        unshown_bytes=draft.unshown_bytes,
    )
    context = {"preview": preview, "message_notes": message_notes(draft.api, draft.model, draft.messages)}
    return render(request, "playground/_preview.html", context)


@dataclass(frozen=True, slots=True)
class WrittenDraft:
    """A run as far as it is written on the page; `messages` are shaped for the API, the one being written last.

    Of attachments they hold the beginning; the body that would be sent has `unshown_bytes` more.
    """

    api: Api
    provider: Provider | None
    model: str
    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, str]
    unshown_bytes: int = 0


def draft_of(request: PersonRequest, pk: UUID) -> WrittenDraft:
    """Return what a page posts about a conversation that this person may see; what is wrong in it is left out."""
    found = conversation_of(request.user, pk)
    column = column_asked(found, request.POST)
    form = DraftForm(request.POST, providers=team.providers_for(user=request.user))
    form.is_valid()  # what is wrong is said beside the rows; the rest is shown
    history = selectors.history(conversation_id=found.pk, leaf_id=_shown_end(request, found, column))
    if form.written is not None and not is_empty(form.written):
        history.append(form.written.message(conversation=found, parent_id=None, author=None))
    messages = selectors.messages_for_api(system=form.cleaned_data.get("system") or "", history=history)
    attached = attached_in(conversation=found, messages=messages)
    return WrittenDraft(
        api=form.api,
        provider=form.cleaned_data.get("provider"),
        model=form.cleaned_data.get("model") or "",
        messages=messages_shown(messages, attached),
        parameters=form.cleaned_data.get("parameters") or {},
        unshown_bytes=unshown(messages, attached),
    )


def _shown_end(request: PersonRequest, found: Conversation, column: Column) -> UUID | None:
    """Return where the branch ends that the page shows and a run would go on from: the column's own where it names none."""
    if "below" not in request.POST:
        return column.leaf_id
    named = uuid_or_none(request.POST["below"])
    known = named is None or selectors.message_is_in(conversation=found, pk=named)
    return named if known else column.leaf_id
