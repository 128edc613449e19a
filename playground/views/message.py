"""Messages written by hand: added without asking a model, and edited as JSON."""

from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors, services
from conversations.models import Column, Conversation, Exchange, Message
from conversations.selectors.request_bytes import AttachmentMissing
from conversations.services import Below, MessageMissing
from playground.forms import DraftForm
from playground.honoured_words import honoured_sentences
from playground.message_input import FIELDS, InvalidMessage, is_empty, raw_read, raw_text
from playground.part_views import media_of
from playground.views.desk import conversation_of, editable_conversation, uuid_or_none
from playground.views.messages import message_views
from playground.views.signed_in import PersonRequest, problem, signed_in
from playground.watching import conversation_changed


@require_POST
@signed_in
def message_add(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Put a message at the end of the shown branch, or beside the message `beside`; answers with it. Nothing is sent."""
    found = editable_conversation(request.user, pk)
    form = DraftForm(request.POST, providers=())
    form.is_valid()  # only what belongs to the message matters here
    written = form.written
    if written is None:
        errors = form.errors.get_json_data()
        return problem(422, *(each["message"] for name in FIELDS for each in errors.get(name, ())))
    if is_empty(written):
        return problem(422, _("Write a message first."))
    named = request.POST.get("column", "")
    column = int(named) if named.isascii() and named.isdecimal() and len(named) < 19 else None
    try:
        message = services.message_add(
            person=request.user,
            conversation_id=pk,
            written=written,
            column_id=column,
            beside=uuid_or_none(request.POST.get("beside")),
            below=Below(uuid_or_none(request.POST["below"])) if "below" in request.POST else None,
        )
    except (Conversation.DoesNotExist, Column.DoesNotExist) as error:
        raise Http404 from error
    except MessageMissing:
        return problem(409, _("This message is not there any more: somebody deleted it meanwhile."))
    except AttachmentMissing:
        return problem(422, attachment_gone())
    conversation_changed(found, tip=message.pk, by=request.user)
    context = {"messages": message_views([message], column=column), "column": column}
    return render(request, "playground/_message_added.html", context)


def attachment_gone() -> str:
    """Return the sentence for a message whose attachment this conversation does not have."""
    return _("An attachment of this message is not there any more. Remove it and attach it again.")


@require_GET
@signed_in
def message_raw(request: PersonRequest, pk: UUID, message: UUID) -> HttpResponse:
    """Return a message as the API gets it, as JSON to be edited; attachments are named, not spelled out."""
    try:
        kept = selectors.message_for(user=request.user, pk=message)
    except Message.DoesNotExist as error:
        raise Http404 from error
    if kept.conversation_id != pk:
        raise Http404
    shaped = selectors.message_for_api(kept) or {"role": kept.role, "content": ""}
    return JsonResponse({"text": raw_text(shaped)})


@require_POST
@signed_in
def message_reading(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Say whether the posted `raw` is a message, or at which place it cannot be read."""
    conversation_of(request.user, pk)
    try:
        raw_read(request.POST.get("raw", "").replace("\r\n", "\n"))
    except InvalidMessage as error:
        return JsonResponse({"error": {"text": str(error), "line": error.line, "column": error.column}})
    return JsonResponse({"error": None})


@require_GET
@signed_in
def exchange_rest(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return what no update of an ended exchange carries: sounds, images, and what the answer did not honour."""
    try:
        exchange = selectors.exchange_for(user=request.user, pk=pk)
    except Exchange.DoesNotExist as error:
        raise Http404 from error
    answers = selectors.choices_of(exchange=exchange)
    context = {
        "answers": [(answer.choice or 0, media_of(answer.content)) for answer in answers],
        "notes": honoured_sentences(exchange.findings),
    }
    return render(request, "playground/_exchange_rest.html", context)
