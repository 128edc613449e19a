"""The body of a request as JSON to be edited: what the form would send as text, and what such a text means for the form.

The text is the one the builder makes, laid out on lines; no literal is ever written anew. What is read back is source
text too: a member that was not edited keeps the text it had, whatever the layout did to its spaces.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from playground.forms import MODEL_MAX, PARAMETERS_MAX
from playground.json_rows import INDENT, json_laid_out
from playground.parameter_extra import EXTRA, is_name
from playground.parameter_notes import Note, error_sentence
from playground.preview import NOWHERE, ParameterNotes, message_summary, notes_by_parameter
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText
from upstream.wire.request import Draft, Endpoint, InvalidDraft, request_build
from upstream.wire.spelled import spelled_dumps

MESSAGES_MAX: Final = 200_000
"""Characters of messages that the editor holds; where there are more, an empty list stands for them."""
_SPACES: Final = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|[ \t\r\n]++')


class InvalidBody(ValueError):
    """There is no body to edit, or the text is none; the message says why. `line` and `column` count from 1, 0: unknown."""

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body laid out to be edited; `summary` are its messages in words, "" where they may be edited too."""

    text: str
    summary: str
    notes: tuple[ParameterNotes, ...]


@dataclass(frozen=True, slots=True)
class BodyReading:
    """What a text sets: the model's field, the parameters (name → source text), and what to say about them."""

    model: str
    parameters: Mapping[str, str]
    notes: tuple[ParameterNotes, ...]


def body_text(
    *, api: Api, model: str, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, str]
) -> BodyText:
    """Return the body that would be sent, laid out. Raises InvalidBody where something in the form cannot be sent."""
    _refuse_unsendable(parameters)
    source = _messages_source(messages)
    draft = Draft(Endpoint(NOWHERE, auth="none"), api.path, model, (), {"messages": source, **parameters})
    try:
        body = request_build(draft).body.decode()
    except InvalidDraft as error:
        raise InvalidBody(error.message) from error
    overridden = "messages" in parameters
    return BodyText(
        text=json_laid_out(body),
        summary="" if overridden else message_summary(messages),
        notes=_notes(api, parameters, model),
    )


def body_read(
    *,
    api: Api,
    text: str,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
) -> BodyReading:
    """Return what a body means for a form that holds this model and these parameters.

    A model that its field cannot hold letter for letter becomes an extra parameter, which takes its place. Messages
    belong to the conversation: they are read only where an extra parameter takes their place already. Raises
    InvalidBody.
    """
    _refuse_unsendable(parameters)
    found, doubles = _members(text)
    notes = [
        _note(name, _("%(name)s is there twice: the last one counts.") % {"name": name}) for name in doubles
    ]
    read: dict[str, str] = {}
    for name, source in found.items():
        if name == "messages" and name not in parameters:
            if _compact(source) != _compact(_messages_source(messages)):
                notes.append(
                    _note(name, _("The conversation holds the messages: what is changed here is not sent."))
                )
        elif name == "model" and _fits_model(source):
            model = json.loads(source)
        else:
            before = parameters.get(name)
            kept = before is not None and _compact(before) == _compact(source)
            read[name] = before if before is not None and kept else source.replace("\n" + INDENT, "\n")
    missing = [name for name in ("model", "messages") if name not in found and name not in parameters]
    if missing:
        notes.append(_note("", _("Sent all the same: %(names)s.") % {"names": ", ".join(missing)}))
    return BodyReading(model, read, (*notes, *_notes(api, read, model)))


def _members(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the members of the body, and the names given twice."""
    try:
        pairs = json_text.members(text)
    except InvalidJsonText as error:
        raise _unreadable(text, error) from error
    except TypeError as error:
        raise InvalidBody(_("A body is one JSON object."), line=1) from error
    found: dict[str, str] = {}
    doubles = []
    for name, source in pairs:
        if not is_name(name):
            raise InvalidBody(_("A parameter needs a name that can be sent."))
        if name in found:
            doubles.append(name)
        found[name] = source
    if len(found) > PARAMETERS_MAX:
        raise InvalidBody(_("These are more than %(most)d parameters.") % {"most": PARAMETERS_MAX})
    return found, doubles


def _unreadable(text: str, error: InvalidJsonText) -> InvalidBody:
    if error.position is None:
        return InvalidBody(error_sentence(error.code))
    before = text[: error.position]
    line = before.count("\n") + 1
    return InvalidBody(error_sentence(error.code), line=line, column=len(before) - before.rfind("\n"))


def _refuse_unsendable(parameters: Mapping[str, str]) -> None:
    for name, source in parameters.items():
        try:
            if name != EXTRA:
                json_text.parse(source)
                continue
        except InvalidJsonText:
            pass
        label = name or _("Extra")
        raise InvalidBody(
            _("%(name)s is no JSON that can be sent. Correct it in the form first.") % {"name": label}
        )


def _messages_source(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the messages as the builder writes them, or an empty list where that is more than the editor should hold."""
    source = spelled_dumps(list(messages))
    return source if len(source) <= MESSAGES_MAX else "[]"


def _fits_model(source: str) -> bool:
    """Whether the field for the model holds this so that the same text is sent again."""
    value = json.loads(source) if source.startswith('"') else None
    return (
        isinstance(value, str)
        and json_text.quoted(value) == source
        and value == value.strip()
        and len(value) <= MODEL_MAX
        and value.isprintable()
    )


def _notes(api: Api, parameters: Mapping[str, str], model: str) -> tuple[ParameterNotes, ...]:
    return (*notes_by_parameter(api, parameters, model), *_unknown(api, parameters))


def _unknown(api: Api, parameters: Mapping[str, str]) -> Iterator[ParameterNotes]:
    for name in parameters:
        if name in ("model", "messages"):
            yield _note(name, _("Sent as it stands here, whatever the page says."))
        elif not api.parameter(name):
            text = _("%(api)s does not document this. It is sent as Extra.") % {
                "api": api.names.in_language(get_language())
            }
            yield ParameterNotes(name, (Note("info", text),))


def _note(name: str, text: str) -> ParameterNotes:
    return ParameterNotes(name, (Note("warn", text),))


def _compact(source: str) -> str:
    """Return JSON text without the spaces between its tokens: two texts that differ in layout only become one."""
    return _SPACES.sub(lambda match: match[1] or "", source)
