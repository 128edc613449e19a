"""Tools made from what is pasted, and code made from a schema. Nothing that is pasted is run or fetched."""

import json
from typing import Any, Final

from django.http import HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from playground.views.signed_in import PersonRequest, signed_in
from upstream.catalog import json_text
from upstream.catalog.json_text import InvalidJsonText
from upstream.formats.schema_code import TooLarge, pydantic_of, typescript_of
from upstream.formats.tool_faults import NotTools
from upstream.formats.tool_json import tools_from_json
from upstream.formats.tool_openapi import operations_of, tools_from_openapi
from upstream.formats.tool_python import tools_from_python

_SENTENCES: Final[dict[str, str | Promise]] = {
    "empty": gettext_lazy("Paste something first."),
    "too_long": gettext_lazy("This is too long to be read."),
    "too_deep": gettext_lazy("This is nested too deeply, or leads to too much."),
    "not_json": gettext_lazy("This is not valid JSON."),
    "not_yaml": gettext_lazy("This is not valid YAML."),
    "not_python": gettext_lazy("This is not valid Python."),
    "no_tools": gettext_lazy("There is no tool in this JSON: a function needs a name."),
    "no_function": gettext_lazy("There is no function in this Python text."),
    "no_operation": gettext_lazy("There is no operation in this OpenAPI document."),
    "too_many": gettext_lazy("These are more than 128 tools."),
}


@require_POST
@signed_in
def tool_import(request: PersonRequest) -> HttpResponse:
    """Return the tools in the posted `text`, which is of `kind` json, python or openapi.

    Answers `{"tools": [source text, …], "operations": [{"id", "name", "summary"}, …], "problem": sentence}`. Of an OpenAPI
    document the operations are listed until some are `chosen` (a JSON list of their ids).
    """
    text = request.POST.get("text", "").replace("\r\n", "\n")
    kind = request.POST.get("kind", "json")
    answer: dict[str, Any] = {"tools": [], "operations": [], "problem": ""}
    try:
        if kind == "openapi":
            answer |= _openapi(text, _names(request.POST.get("chosen", "")))
        else:
            read = tools_from_python if kind == "python" else tools_from_json
            answer["tools"] = _sources(read(text))
    except NotTools as error:
        answer["problem"] = _sentence(error)
    return JsonResponse(answer)


def _openapi(text: str, chosen: list[str]) -> dict[str, Any]:
    if chosen:
        return {"tools": _sources(tools_from_openapi(text, frozenset(chosen)))}
    return {
        "operations": [
            {"id": each.id, "name": each.name, "summary": each.summary[:200]} for each in operations_of(text)
        ]
    }


def _sources(tools: list[dict[str, Any]]) -> list[str]:
    """Return each tool as JSON source text; half characters, which cannot be sent, are spelled out."""
    sources = []
    for tool in tools:
        source = json.dumps(tool, ensure_ascii=False, indent=2)
        try:
            source.encode()
        except UnicodeEncodeError:
            source = json.dumps(tool, indent=2)
        sources.append(source)
    return sources


def _names(text: str) -> list[str]:
    try:
        names = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _sentence(error: NotTools) -> str:
    sentence = str(_SENTENCES[error.code])
    if error.detail == "aliases":
        return _("This YAML has aliases, which are not followed. Write them out.")
    if error.line:
        sentence = _("Line %(line)d: %(problem)s") % {"line": error.line, "problem": sentence}
    return f"{sentence} ({error.detail})" if error.detail else sentence


@require_POST
@signed_in
def schema_code(request: PersonRequest) -> HttpResponse:
    """Return a JSON Schema (`schema`, source text) as code: `{"code": text, "problem": sentence}`.

    `language` is "python" or "typescript", `name` what the outermost type is to be called.
    """
    source = request.POST.get("schema", "")
    try:
        json_text.parse(source)
        schema = json.loads(source)
    except (InvalidJsonText, ValueError):
        return JsonResponse({"code": "", "problem": str(_SENTENCES["not_json"])})
    write = typescript_of if request.POST.get("language") == "typescript" else pydantic_of
    try:
        code = write(schema, request.POST.get("name", "")[:100])
    except TooLarge:
        return JsonResponse({"code": "", "problem": str(_SENTENCES["too_deep"])})
    return JsonResponse({"code": code, "problem": ""})
