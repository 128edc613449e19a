"""The request as JSON to be edited: its text, what an edited text means, and what an editor may offer."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from playground.body_json import InvalidBody, body_read, body_text
from playground.parameter_rows import control_for
from playground.preview import ParameterNotes
from playground.views.column import draft_of
from playground.views.signed_in import PersonRequest, signed_in
from upstream import catalog
from upstream.catalog import Api, Field


@require_POST
@signed_in
def body(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the body that Send would send now as JSON text to be edited, or why there is none."""
    draft = draft_of(request, pk)
    try:
        shown = body_text(
            api=draft.api, model=draft.model, messages=draft.messages, parameters=draft.parameters
        )
    except InvalidBody as error:
        return JsonResponse({"error": _error_json(error)})
    return JsonResponse(
        {
            "error": None,
            "api": draft.api.id,
            "text": shown.text,
            "summary": shown.summary,
            "notes": list(_notes_json(shown.notes)),
        }
    )


@require_POST
@signed_in
def body_reading(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return what the posted `body` means for the form that is posted with it, or why it cannot be read."""
    draft = draft_of(request, pk)
    try:
        read = body_read(
            api=draft.api,
            text=request.POST.get("body", "").replace("\r\n", "\n"),
            model=draft.model,
            messages=draft.messages,
            parameters=draft.parameters,
        )
    except InvalidBody as error:
        return JsonResponse({"error": _error_json(error)})
    rows = {name: draft.api.parameter(name) for name in read.parameters}
    return JsonResponse(
        {
            "error": None,
            "model": read.model,
            "parameters": list(read.parameters.items()),
            "controls": {
                name: control_for(parameter, read.parameters[name])
                for name, parameter in rows.items()
                if parameter and read.parameters[name] != "null"
            },
            "notes": list(_notes_json(read.notes)),
        }
    )


@require_GET
@signed_in
def body_words(request: PersonRequest, api: str) -> HttpResponse:  # noqa: ARG001 - a view
    """Return what an editor may offer in a body of this API: members with their types, choices and help."""
    if api not in catalog.API_IDS:
        raise Http404
    return JsonResponse({"members": list(_members_json(catalog.api(api)))})


def _members_json(api: Api) -> Iterator[dict[str, Any]]:
    language = get_language()
    fields: list[Field] = [each for each in api.fields() if not each.path.startswith("messages")]
    for each in fields:
        yield {
            "path": each.path,
            "types": each.types,
            "choices": each.enum,
            "start": each.default,
            "help": each.help.in_language(language),
        }


def _error_json(error: InvalidBody) -> dict[str, Any]:
    return {"text": str(error), "line": error.line, "column": error.column}


def _notes_json(notes: tuple[ParameterNotes, ...]) -> Iterator[dict[str, str]]:
    for each in notes:
        for note in each.notes:
            yield {"name": each.name, "level": note.level, "text": note.text, "fix": note.fix}
