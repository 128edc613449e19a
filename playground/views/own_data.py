"""A person's own data: all of it as a file, back from a file, deleted; and the account itself."""

from collections.abc import AsyncIterator, Iterator

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors, services
from conversations.services import ArchiveRefused
from playground.nudges import Nudge
from playground.runtime import nudge_send, runtime
from playground.views.export import secrets_of
from playground.views.signed_in import PersonRequest, signed_in, signed_in_async
from team.errors import LastAdministrator
from team.models import User
from team.services import account_delete, account_delete_check


@require_GET
@signed_in
def own_data(request: PersonRequest) -> HttpResponse:
    """Show what there is of the person, and what they may do with it."""
    return _page(request)


@require_GET
@signed_in_async
async def archive(request: PersonRequest) -> StreamingHttpResponse:
    """Return everything the person owns as a ZIP file, made while it is sent."""
    pieces = await runtime().in_database(_pieces, request.user)
    name = f"chat-playground-{timezone.now():%Y-%m-%d}.zip"
    response = StreamingHttpResponse(_sent(pieces), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Encoding"] = "identity"  # packed already
    response["Cache-Control"] = "no-store"
    return response


def _pieces(user: User) -> Iterator[bytes]:
    return services.archive_write(user=user, mask=secrets_of(user).text)


async def _sent(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what a thread of the database makes: a person who reads slowly holds nobody up."""
    while (piece := await runtime().in_database(next, pieces, None)) is not None:
        if piece:
            yield piece


@require_POST
@signed_in
def archive_import(request: PersonRequest) -> HttpResponse:
    """Make the conversations of an archive the person's; says how many, and which could not be read."""
    file = request.FILES.get("archive")
    if file is None:
        return _page(request, problem=_("Choose an archive first."))
    try:
        done = services.archive_read(user=request.user, file=file)
    except ArchiveRefused:
        return _page(request, problem=_("This is no archive of Chat Playground, or it is damaged."))
    nudge_send(request.user.pk, Nudge("conversations"))
    said = ngettext("%(count)s conversation imported.", "%(count)s conversations imported.", done.made)
    messages.success(request, said % {"count": done.made})
    if done.there:
        said = ngettext("%(count)s was here already.", "%(count)s were here already.", done.there)
        messages.info(request, said % {"count": done.there})
    if done.refused:
        said = ngettext("%(count)s could not be read.", "%(count)s could not be read.", len(done.refused))
        messages.error(request, said % {"count": len(done.refused)})
    return redirect("own-data")


@require_POST
@signed_in
def data_delete(request: PersonRequest) -> HttpResponse:
    """Delete everything the person made; the account, its providers and keys stay. Asks who is there before."""
    if problem := _doubt(request):
        return _page(request, data_error=problem)
    services.person_data_delete(user=request.user)
    nudge_send(request.user.pk, Nudge("conversations"))
    messages.success(request, _("Everything you made here is deleted."))
    return redirect("own-data")


@require_POST
@signed_in
def account_leave(request: PersonRequest) -> HttpResponse:
    """Delete the account with everything in it. Asks who is there before; the last administrator has to stay."""
    user = request.user
    if problem := _doubt(request):
        return _page(request, account_error=problem)
    try:
        account_delete_check(user=user)
        services.person_data_delete(user=user)
        account_delete(user=user)
    except LastAdministrator as refused:
        return _page(request, account_error=refused.message)
    logout(request)
    return redirect("account_login")


def _doubt(request: PersonRequest) -> str:
    """Return why something is not deleted for good: the password is not theirs; "" where it is.

    Who signs in elsewhere has no password here and types their username instead.
    """
    user = request.user
    if user.has_usable_password():
        right = user.check_password(request.POST.get("password", ""))
        return "" if right else _("This is not your password.")
    right = request.POST.get("name", "").strip() == user.username
    return "" if right else _("This is not your username.")


def _page(request: PersonRequest, **problems: str) -> HttpResponse:
    context = {
        "section": "data",
        "count": selectors.conversations_owned(user=request.user),
        **problems,
    }
    return render(request, "playground/own_data.html", context, status=422 if problems else 200)
