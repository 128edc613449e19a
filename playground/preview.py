"""The request preview: the body that would be sent now, built by the builder that sends, laid out for reading."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playground.json_lines import INDENT, Line, Node, Place, Token, layout, tree
from playground.parameter_extra import EXTRA, extra_notes
from playground.parameter_notes import Note, notes_of
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText
from upstream.wire.request import Draft, Endpoint, InvalidDraft, request_build

FOLDED_MAX: Final = 400  # lines of messages that can be unfolded; beyond, the newest are shown
SOURCE_MAX: Final = 50_000  # characters of one parameter that are still laid out
LINES_MAX: Final = 3_000  # shown; nobody reads further, and the page stays quick
_STAND_IN: Final = "null"  # for a source text that is not laid out
NOWHERE: Final = "https://provider.invalid"  # stands in while no provider is chosen; never shown


@dataclass(frozen=True, slots=True)
class ParameterNotes:
    """What is said at the row of one parameter; EXTRA is the name of the extra object."""

    name: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What `playground/_preview.html` shows. `problem` is a sentence when there is no request to show."""

    method: str
    url: str
    lines: tuple[Line, ...]
    notes: tuple[ParameterNotes, ...]
    size: int  # bytes of the body
    problem: str = ""


def preview_build(
    *,
    api: Api,
    base_url: str,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
) -> PreviewView:
    """Build the preview of a request with these API-shaped messages and parameters (name → JSON source text).

    Nothing here raises for what a person typed: a parameter that is not JSON becomes a marked line. `base_url` is ""
    while no provider is chosen.
    """
    notes = _notes(api, parameters, model)
    unshown = {name: shown for name, source in parameters.items() if (shown := _unshown(name, source))}
    sendable = {name: _STAND_IN if name in unshown else source for name, source in parameters.items()}
    sendable.pop(EXTRA, None)
    endpoint = Endpoint(base_url=base_url or NOWHERE, auth="none")
    try:
        request = request_build(Draft(endpoint, api.path, model, tuple(messages), sendable))
    except InvalidDraft as error:
        return PreviewView(api.method, "", (), notes, 0, problem=error.message)
    summary = "" if "messages" in parameters else message_summary(messages)
    lines = _body_lines(tree(request.body.decode()), _levels(api, parameters), unshown, summary)
    longer = sum(len(parameters[name].encode()) - len(_STAND_IN) for name in unshown if name != EXTRA)
    return PreviewView(
        method=request.method,
        url=request.url if base_url else "",
        lines=tuple(lines[:LINES_MAX]),
        notes=notes,
        size=len(request.body) + longer,
        problem="" if base_url else _("Choose a provider to see where this goes."),
    )


def _unshown(name: str, source: str) -> Token | None:
    """Return what stands for a source text that is not laid out: one that is no JSON, or too long to read anyway."""
    if name == EXTRA or not _is_json(source):
        return Token("bad", " ".join(source[:200].split())[:60])
    if len(source) > SOURCE_MAX:
        return Token(
            "c", ngettext("%(count)d character", "%(count)d characters", len(source)) % {"count": len(source)}
        )
    return None


def _notes(api: Api, parameters: Mapping[str, str], model: str) -> tuple[ParameterNotes, ...]:
    result = []
    for name, source in parameters.items():
        parameter = api.parameter(name)
        if name == EXTRA:
            notes = extra_notes(api, source)
        elif parameter:
            notes = notes_of(parameter, source, model)
        else:
            continue
        if notes:
            result.append(ParameterNotes(name, notes))
    return tuple(result)


def _levels(api: Api, parameters: Mapping[str, str]) -> dict[str, str]:
    """Return how the lines of a body are marked, by dotted path."""
    levels: dict[str, str] = {}
    for name, source in parameters.items():
        parameter = api.parameter(name)
        judgement = parameter.judge(source) if parameter else None
        if judgement:
            levels |= {warning.path: "warn" for warning in judgement.warnings}
    return levels


def _body_lines(
    body: Node, levels: Mapping[str, str], unshown: Mapping[str, Token], summary: str
) -> list[Line]:
    lines = [Line((Token("", "{"),))]
    for number, (quoted, node) in enumerate(body.members, start=1):
        name = str(json.loads(quoted))
        comma = "" if number == len(body.members) else ","
        place = Place(INDENT, name, comma, lambda path: levels.get(path, ""))
        if name in unshown:
            lines.append(_unshown_line(f"{INDENT}{quoted}: ", unshown[name], comma))
        elif name == "messages" and summary:
            lines += _folded(layout(node, place, quoted), summary, comma)
        else:
            lines += layout(node, place, quoted)
    if EXTRA in unshown:
        lines.append(_unshown_line(INDENT, unshown[EXTRA], ""))
    return [*lines, Line((Token("", "}"),))]


def _folded(lines: list[Line], summary: str, comma: str) -> list[Line]:
    """Fold the lines of a list to one line of words; a list short enough for one line stays as it is."""
    if len(lines) == 1:
        return lines
    first, *inside, last = lines
    shown = replace(first, tokens=(*first.tokens, Token("fold", summary), Token("close", f"]{comma}")))
    return [shown, *(replace(line, folded=True) for line in [*inside[-FOLDED_MAX:], last])]


def _unshown_line(start: str, shown: Token, comma: str) -> Line:
    return Line((Token("", start), shown, Token("", comma)), "bad" if shown.kind == "bad" else "")


def message_summary(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return how many messages there are, and how many images of which size, in words."""
    urls = [url for message in messages for url in _image_urls(message)]
    said = ngettext("%(count)d message", "%(count)d messages", len(messages)) % {"count": len(messages)}
    if not urls:
        return said
    size = sum(len(url) * 3 // 4 for url in urls if url.startswith("data:")) / 1000
    pictures = ngettext("%(count)d image", "%(count)d images", len(urls)) % {"count": len(urls)}
    if not size:
        return f"{said}, {pictures}"
    return _("%(messages)s, %(images)s of %(size)s kB") % {
        "messages": said,
        "images": pictures,
        "size": number_format(size, 0),
    }


def _image_urls(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    parts = content if isinstance(content, list | tuple) else ()
    images = (part.get("image_url") for part in parts if isinstance(part, Mapping))
    return [str(image.get("url", "")) for image in images if isinstance(image, Mapping)]


def _is_json(source: str) -> bool:
    try:
        json_text.parse(source)
    except InvalidJsonText:
        return False
    return True
