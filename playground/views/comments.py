"""What people say about messages: all of it for an open conversation, one thread, a new remark, one less."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import selectors, services
from conversations.models import Comment, Message
from playground.views.desk import conversation_of
from playground.views.signed_in import PersonRequest, signed_in


@require_GET
@signed_in
def conversation_comments(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return the threads of a conversation, each to be put beside its message."""
    found = conversation_of(request.user, pk)
    threads = selectors.comments_in(conversation=found)
    context = {"threads": threads.items(), "owner": found.owner_id}
    return render(request, "playground/_comment_threads.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def message_comments(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Return one message's thread, with a remark more where one is posted. A remark without words changes nothing."""
    try:
        message = selectors.message_for(user=request.user, pk=pk)
        if request.method == "POST" and request.POST.get("text", "").strip():
            services.comment_add(user=request.user, message_id=pk, text=request.POST["text"])
    except Message.DoesNotExist as error:
        raise Http404 from error
    return _thread(request, message)


@require_POST
@signed_in
def comment_delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Delete a remark of one's own, or any in one's own conversation; answers with what is left of the thread."""
    try:
        message = services.comment_delete(user=request.user, pk=pk)
    except Comment.DoesNotExist as error:
        raise Http404 from error
    return _thread(request, message)


def _thread(request: PersonRequest, message: Message) -> HttpResponse:
    comments = selectors.comments_on(messages=[message]).get(message.pk, [])
    context = {"message_id": message.pk, "comments": comments, "owner": message.conversation.owner_id}
    return render(request, "playground/_comment_thread.html", context)
