"""Presets: saved, applied to a column, shared, looked back at; and the settings of an exchange taken over."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation, Exchange, Preset, PresetVersion
from conversations.preset_text import ValueRefused, Variable, rendered
from playground.body_json import InvalidBody
from playground.column_views import column_labels, letter_of
from playground.parameter_rows import parameter_groups
from playground.preset_form import KINDS, NameForm, PresetForm, ValueField, value_sentence, values_read
from playground.preset_views import names_of, preset_rows, version_rows
from playground.settings_sent import settings_sent
from playground.views.desk import (
    api_id,
    chosen,
    column_asked,
    conversation_of,
    editable_conversation,
    models_of,
    provider_of,
)
from playground.views.signed_in import Forbidden, PersonRequest, problem, signed_in
from team import selectors as team
from upstream import catalog

VERSIONS_SHOWN: Final = 50


@require_GET
@signed_in
def presets(request: PersonRequest) -> HttpResponse:
    """Return the presets that this person may use."""
    return _list_render(request)


@require_http_methods(["GET", "POST"])
@signed_in
def preset_create(request: PersonRequest) -> HttpResponse:
    """Return the form of a new preset; a POST keeps it and answers with the list."""
    if request.method != "POST":
        return render(request, "playground/presets/_save.html", {"kinds": KINDS})
    name = NameForm(request.POST)
    form = PresetForm(request.POST, providers=team.providers_for(user=request.user))
    if not name.is_valid() or not form.is_valid():
        return problem(422, *_messages(name), *_messages(form))
    try:
        services.preset_create(owner=request.user, name=name.cleaned_data["name"], values=form.values())
    except services.TooManyPresets:
        return problem(422, _("You have as many presets as one may have. Delete some first."))
    return _list_render(request)


@require_http_methods(["GET", "POST"])
@signed_in
def preset_save(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the form of a new version; a POST keeps it and answers with the preset."""
    preset = own_preset(request, pk)
    if request.method != "POST":
        newest = selectors.preset_newest(preset=preset)
        variables = tuple(map(Variable.from_json, newest.variables))
        context = {"preset": preset, "newest": newest, "variables": variables, "kinds": KINDS}
        return render(request, "playground/presets/_save.html", context)
    form = PresetForm(request.POST, providers=team.providers_for(user=request.user))
    if not form.is_valid():
        return problem(422, *_messages(form))
    services.preset_save(preset=preset, values=form.values())
    return _preset_render(request, preset)


@require_GET
@signed_in
def preset(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return a preset with its versions and what each changed."""
    return _preset_render(request, preset_of(request, pk))


@require_POST
@signed_in
def preset_change(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Rename a preset (`name`) and share it with the team or not (`shared`); answers with the preset."""
    preset = own_preset(request, pk)
    form = NameForm(request.POST)
    if not form.is_valid():
        return problem(422, *_messages(form))
    services.preset_rename(preset=preset, name=form.cleaned_data["name"])
    services.preset_share(preset=preset, shared="shared" in request.POST)
    return _preset_render(request, preset)


@require_POST
@signed_in
def preset_pin(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Keep a preset on top of one's list (`pinned`), or not; answers with the list."""
    services.preset_pin(preset=preset_of(request, pk), user=request.user, pinned="pinned" in request.POST)
    return _list_render(request)


@require_POST
@signed_in
def preset_revert(request: PersonRequest, pk: UUID, number: int) -> HttpResponse:
    """Make an earlier version the newest; answers with the preset."""
    preset = own_preset(request, pk)
    try:
        services.preset_revert(preset=preset, number=min(number, 2**31 - 1))
    except PresetVersion.DoesNotExist as error:
        raise Http404 from error
    return _preset_render(request, preset)


@require_POST
@signed_in
def preset_delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Forget a preset; answers with the others."""
    services.preset_delete(preset=own_preset(request, pk))
    return _list_render(request)


# Into a column


@require_http_methods(["GET", "POST"])
@signed_in
def preset_apply(request: PersonRequest, pk: UUID, preset: UUID) -> HttpResponse:
    """Return the form that asks for the values of a preset, 204 where it has no variables; a POST applies it.

    The answer to a POST has the fields of the column for the page, and the message for the composer.
    """
    is_post = request.method == "POST"
    found = editable_conversation(request.user, pk) if is_post else conversation_of(request.user, pk)
    version = selectors.preset_newest(preset=preset_of(request, preset))
    variables = tuple(map(Variable.from_json, version.variables))
    if not is_post:
        if not variables:
            return HttpResponse(status=204)
        fields = [ValueField(variable, variable.default) for variable in variables]
        return render(
            request, "playground/presets/_values.html", {"preset": version.preset, "fields": fields}
        )
    try:
        values = values_read(variables, request.POST)
    except ValueRefused as error:
        return problem(422, value_sentence(error))
    system = rendered(version.settings.get("system", ""), values)
    return _settings_put(
        request,
        found,
        settings={**version.settings, "system": system},
        message=rendered(version.message, values),
    )


@require_POST
@signed_in
def settings_take(request: PersonRequest, pk: UUID, exchange: UUID) -> HttpResponse:
    """Give a column the settings that an exchange was sent with; answers as `preset_apply`."""
    found = editable_conversation(request.user, pk)
    try:
        sent = selectors.exchange_for(user=request.user, pk=exchange)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    try:
        settings = settings_sent(sent)
    except InvalidBody as error:
        return problem(422, str(error))
    return _settings_put(request, found, settings=settings)


def _settings_put(
    request: PersonRequest, found: Conversation, *, settings: Mapping[str, Any], message: str = ""
) -> HttpResponse:
    """Keep settings in the column that the page edits; a provider that is not this person's is left as it was."""
    column = column_asked(found, request.POST)
    providers = list(team.providers_for(user=request.user))
    wanted = settings.get("provider", "")
    provider = chosen(providers, wanted)
    kept = {**settings, "provider": wanted if provider else column.settings.get("provider", "")}
    services.column_settings_update(column=column, settings=kept)
    column.refresh_from_db()
    context = _column_context(column, request) | {
        "message": message,
        "provider_left": bool(wanted) and provider is None,
        "labels": column_labels(selectors.column_list(conversation=found), providers),
        "compares": "column" in request.POST,
    }
    context["one_system"] = not any(label.system_differs for label in context["labels"])
    return render(request, "playground/presets/_applied.html", context)


def _column_context(column: Column, request: PersonRequest) -> dict[str, Any]:
    provider = provider_of(column, list(team.providers_for(user=request.user)))
    groups = parameter_groups(
        api=catalog.api(api_id(provider)),
        parameters=column.settings.get("parameters", {}),
        model=column.settings.get("model", ""),
    )
    return {
        "parameter_groups": groups,
        "models": models_of(provider),
        "column": column,
        "letter": letter_of(column.position),
        "provider": provider,
        "settings": column.settings,
    }


# What is found


def preset_of(request: PersonRequest, pk: UUID) -> Preset:
    """Return a preset that this person may use; else 404."""
    try:
        return selectors.preset_for(user=request.user, pk=pk)
    except Preset.DoesNotExist as error:
        raise Http404 from error


def own_preset(request: PersonRequest, pk: UUID) -> Preset:
    """Return a preset of this person; 404 where they may not use it, else `Forbidden`."""
    found = preset_of(request, pk)
    if found.owner_id != request.user.pk:
        owner = found.owner.get_full_name()
        raise Forbidden(_("Only %(owner)s, whose preset this is, may do that.") % {"owner": owner})
    return found


def _list_render(request: PersonRequest) -> HttpResponse:
    found = selectors.presets_for(user=request.user)
    rows = preset_rows(found, selectors.presets_newest(presets=found), user=request.user)
    return render(request, "playground/presets/_list.html", {"presets": rows})


def _preset_render(request: PersonRequest, preset: Preset) -> HttpResponse:
    names = names_of(list(team.providers_for(user=request.user)))
    context = {
        "preset": preset,
        "own": preset.owner_id == request.user.pk,
        "versions": version_rows(selectors.preset_versions(preset=preset)[:VERSIONS_SHOWN], names),
    }
    return render(request, "playground/presets/_preset.html", context)


def _messages(form: forms.Form) -> list[object]:
    return [message for messages in form.errors.values() for message in messages]
