"""The request preview: the body that would be sent now, built by the builder that sends, laid out for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from playground.json_rows import INDENT, Piece, Row, json_rows
from playground.parameter_extra import EXTRA, extra_notes
from playground.parameter_notes import Note, notes_of
from upstream.catalog import Api, json_text
from upstream.catalog.json_text import InvalidJsonText
from upstream.wire.request import Draft, Endpoint, InvalidDraft, request_build

SOURCE_MAX: Final = 50_000  # characters of one parameter that are still laid out
MESSAGES_MAX: Final = 400  # lines of messages that can be unfolded: the newest
BODY_MAX: Final = 100_000  # bytes that every preview carries along to be copied
NOWHERE: Final = "https://provider.invalid"  # stands in while no provider is chosen; never shown
_EXTRA_ROW: Final = "\x00"  # a path no member has; "" are the brackets
_STAND_IN: Final = "null"  # for a source text that is not laid out


@dataclass(frozen=True, slots=True)
class ParameterNotes:
    """What is said at the row of one parameter; EXTRA is the name of the extra object."""

    name: str
    notes: tuple[Note, ...]

    @property
    def level(self) -> str:
        return "bad" if any(note.level == "bad" for note in self.notes) else "warn"


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What `playground/_preview.html` shows. `problem` is a sentence when there is no request, or nowhere to send it.

    `rows` are the lines of the body without those in `messages`, which belong after the line number `fold_after` and
    are shown on demand; `summary` stands for them, "" when nothing is folded. `marks` says how the lines of a member
    stand out: "warn" or "bad". `size` is in bytes of the body
    as sent.
    """

    method: str
    url: str = ""
    rows: tuple[Row, ...] = ()
    messages: tuple[Row, ...] = ()
    summary: str = ""
    fold_after: int = 0
    marks: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[ParameterNotes, ...] = ()
    size: int = 0
    body: str = ""  # to be copied; "" when it is too long to carry along or cannot be sent
    problem: str = ""

    @property
    def fold_comma(self) -> str:
        """What follows the folded messages."""
        return "," if len(self.after) > 1 else ""

    @property
    def before(self) -> tuple[Row, ...]:
        """The lines above the messages; all of them when nothing is folded."""
        return self.rows[: self.fold_after] if self.summary else self.rows

    @property
    def after(self) -> tuple[Row, ...]:
        """The lines below the messages."""
        return self.rows[self.fold_after :] if self.summary else ()


def preview_build(
    *,
    api: Api,
    base_url: str,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
    unshown_bytes: int = 0,
) -> PreviewView:
    """Build the preview of a request with these API-shaped messages and parameters (name → JSON source text).

    Nothing here raises for what a person typed: a parameter that is not JSON becomes a marked line. `base_url` is ""
    while no provider is chosen. `unshown_bytes` are those of attachments of which the messages hold the beginning.
    """
    notes = notes_by_parameter(api, parameters, model)
    unshown = {name: shown for name, source in parameters.items() if (shown := _unshown(name, source))}
    sendable = {name: _STAND_IN if name in unshown else source for name, source in parameters.items()}
    sendable.pop(EXTRA, None)
    draft = Draft(
        Endpoint(base_url=base_url or NOWHERE, auth="none"), api.path, model, tuple(messages), sendable
    )
    try:
        request = request_build(draft)
    except InvalidDraft as error:
        return PreviewView(api.method, notes=notes, problem=error.message)
    # Each message is a line or more: what cannot be unfolded is not laid out, it may be thousands of messages.
    newest = request_build(replace(draft, messages=draft.messages[-MESSAGES_MAX:]))
    rows = [_with_unshown(row, unshown) for row in json_rows(newest.body.decode()) or ()]
    if EXTRA in unshown:
        rows.insert(-1, Row((Piece("mark", INDENT), unshown[EXTRA]), _EXTRA_ROW))
    inside = [number for number, row in enumerate(rows) if row.path == "messages"]
    folds = len(inside) > 1 and "messages" not in parameters
    longer = sum(len(parameters[name].encode()) - len(_STAND_IN) for name in unshown if name != EXTRA)
    return PreviewView(
        method=request.method,
        url=request.url if base_url else "",
        rows=tuple(row for row in rows if row.path != "messages") if folds else tuple(rows),
        messages=_newest([rows[number] for number in inside[1:]], len(draft.messages)) if folds else (),
        summary=message_summary(messages, unshown_bytes) if folds else "",
        fold_after=inside[0] if folds else 0,
        marks={each.name or _EXTRA_ROW: each.level for each in notes},
        notes=notes,
        size=len(request.body) + longer + unshown_bytes,
        body="" if unshown or unshown_bytes or len(request.body) > BODY_MAX else request.body.decode(),
        problem="" if base_url else _("Choose a provider to see where this goes."),
    )


def _newest(rows: Sequence[Row], messages: int) -> tuple[Row, ...]:
    """Return the last lines of so many messages, with a mark above them where lines are left out."""
    if len(rows) <= MESSAGES_MAX and messages <= MESSAGES_MAX:
        return tuple(rows)
    return (Row((Piece("mark", INDENT * 2), Piece("cut", "…")), "messages"), *rows[-MESSAGES_MAX:])


def _unshown(name: str, source: str) -> Piece | None:
    """Return what stands for a source text that is not laid out: one that is no JSON, or too long to read anyway."""
    if name == EXTRA or not _is_json(source):
        return Piece("bad", " ".join(source[:200].split())[:60])
    if len(source) > SOURCE_MAX:
        return Piece(
            "cut",
            ngettext("%(count)d character", "%(count)d characters", len(source)) % {"count": len(source)},
        )
    return None


def _with_unshown(row: Row, unshown: Mapping[str, Piece]) -> Row:
    if row.path not in unshown:
        return row
    return replace(
        row, pieces=tuple(unshown[row.path] if each.kind == "word" else each for each in row.pieces)
    )


def notes_by_parameter(api: Api, parameters: Mapping[str, str], model: str) -> tuple[ParameterNotes, ...]:
    """Return what the catalog says about parameters that are to be sent, EXTRA among them."""
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


def message_summary(messages: Sequence[Mapping[str, Any]], unshown_bytes: int = 0) -> str:
    """Return how many messages there are, and how many images of which size, in words.

    `unshown_bytes` of base64 are in the images beyond what the messages hold.
    """
    urls = [url for message in messages for url in _image_urls(message)]
    said = ngettext("%(count)d message", "%(count)d messages", len(messages)) % {"count": len(messages)}
    if not urls:
        return said
    size = (unshown_bytes + sum(len(url) for url in urls if url.startswith("data:"))) * 3 // 4 / 1000
    pictures = ngettext("%(count)d image", "%(count)d images", len(urls)) % {"count": len(urls)}
    if not size:
        return f"{said}, {pictures}"
    return _("%(messages)s, %(images)s of %(size)s kB") % {
        "messages": said,
        "images": pictures,
        "size": number_format(round(size)),
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
