"""Import: what somebody pastes or uploads, shown before anything is made of it."""

from dataclasses import dataclass, replace
from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations.services.importing import conversations_import
from playground.import_words import SOURCES, error_sentence, left_out_sentences
from playground.views.signed_in import PersonRequest, signed_in
from playground.watching import lists_changed
from upstream.formats.errors import FormatError
from upstream.formats.reading import read_any, text_of
from upstream.formats.records import ConversationRecord, Imported

SHOWN: Final = 100
"""Conversations that the preview lists."""
SAID: Final = 3
"""Messages that the preview shows of a conversation."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One conversation as the preview lists it; `said` are (role, beginning of the text)."""

    number: int
    title: str
    model: str
    messages: int
    exchanges: int
    attachments: int
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ImportView:
    """What a text holds, in words; `text` is what was pasted, kept in the box whatever happens.

    `made` leads to what was imported.
    """

    text: str = ""
    error: str = ""
    source: str = ""
    rows: tuple[ImportRow, ...] = ()
    count: int = 0
    messages: int = 0
    stripped: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    made: str = ""

    @property
    def more(self) -> int:
        """How many conversations are not listed."""
        return self.count - len(self.rows)


@require_GET
@signed_in
def import_page(request: PersonRequest) -> HttpResponse:
    """Show the page with the box to paste into."""
    return render(request, "playground/import.html", {"view": ImportView(), "section": "import"})


@require_POST
@signed_in
def import_preview(request: PersonRequest) -> HttpResponse:
    """Say what would be made of a text or a file; nothing is kept."""
    view = ImportView(text=request.POST.get("text", ""))
    try:
        imported = _read(request)
    except FormatError as error:
        return _answer(request, replace(view, error=error_sentence(error)), status=422)
    return _answer(request, _view(imported, view), status=200)


@require_POST
@signed_in
def import_make(request: PersonRequest) -> HttpResponse:
    """Make the conversations and lead to the first one."""
    try:
        imported = _read(request)
    except FormatError as error:
        view = ImportView(text=request.POST.get("text", ""), error=error_sentence(error))
        return _answer(request, view, status=422)
    left = {number for number in request.POST.getlist("leave") if number.isdecimal()}
    records = [each for at, each in enumerate(imported.conversations) if str(at) not in left]
    if not records:
        view = _view(imported, ImportView(text=request.POST.get("text", "")))
        return _answer(request, replace(view, error=_("Choose at least one conversation.")), status=422)
    made = conversations_import(person=request.user, records=records)
    lists_changed(made[0])
    if request.htmx:
        return _answer(request, ImportView(made=reverse("conversation", args=[made[0].pk])), status=201)
    return redirect("conversation", made[0].pk)


def _read(request: PersonRequest) -> Imported:
    file = request.FILES.get("file")
    pasted = request.POST.get("text", "")
    if file is not None and not pasted.strip():
        return read_any(text_of(file.read()))
    return read_any(pasted)


def _view(imported: Imported, view: ImportView) -> ImportView:
    found = imported.conversations
    return replace(
        view,
        source=str(SOURCES[imported.source]),
        rows=tuple(_row(at, each) for at, each in enumerate(found[:SHOWN])),
        count=len(found),
        messages=sum(len(each.messages) for each in found),
        stripped=imported.stripped,
        left_out=left_out_sentences(imported.left_out),
    )


def _row(at: int, record: ConversationRecord) -> ImportRow:
    prompts = (str(column.settings.get("system") or "") for column in record.columns)
    system = [("system", text[:160]) for text in prompts if text][:1]
    return ImportRow(
        number=at,
        title=record.title or _("Without a title"),
        model=next((str(column.settings.get("model") or "") for column in record.columns), ""),
        messages=len(record.messages),
        exchanges=len(record.exchanges),
        attachments=len(record.attachments),
        said=(*system, *((each.role, each.text[:160]) for each in record.messages[:SAID])),
    )


def _answer(request: PersonRequest, view: ImportView, *, status: int) -> HttpResponse:
    template = "playground/_import_preview.html" if request.htmx else "playground/import.html"
    return render(request, template, {"view": view, "section": "import"}, status=status)
