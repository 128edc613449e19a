"""What a link shows to its reader: no account, no socket, nothing from elsewhere, and readable without script."""

from typing import Final

from django.contrib.auth.hashers import check_password
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations.attachment_files import file_open
from conversations.models import Attachment, ShareExchange
from conversations.selectors import shares as reads
from conversations.services import share as writes
from playground.attempts import attempt_begin, attempt_forgive, caller_of
from playground.share_export import export_json, export_markdown
from playground.share_tabs import tab_context
from playground.share_view import TABS, share_view
from playground.views.share_access import (
    Reading,
    gate,
    is_opened,
    needs_opening,
    opened,
    opened_remember,
    shared,
)

PASSWORD_TRIES: Final = 5
"""Wrong passwords from one address for one link, in five minutes."""
PASSWORD_TRIES_ALL: Final = 50
"""Wrong passwords from everywhere for one link, in five minutes."""
SEEN: Final = "seen"
"""Session-long cookie of a browser whose view of an open link was counted."""


@require_http_methods(["GET", "HEAD", "POST"])
@shared
def share(request: HttpRequest, reading: Reading) -> HttpResponseBase:
    """Show a snapshot, or first the page that asks to open it; POST opens it and counts one view."""
    if request.method == "POST":
        return _open(request, reading)
    if not is_opened(request, reading.share):
        return gate(request, reading)
    view = share_view(reads.share_document(reading.share), reading.at)
    context = {"share": reading.share, "at": reading.at, "view": view}
    return render(request, "share/reader.html", context)


def _open(request: HttpRequest, reading: Reading) -> HttpResponseBase:
    found = reading.share
    answer = HttpResponseRedirect(reading.at.base)
    if not needs_opening(found) or is_opened(request, reading.share):
        return answer
    if found.password:
        limits = (
            (f"share:{found.pk}:{caller_of(request)}", PASSWORD_TRIES),
            (f"share:{found.pk}", PASSWORD_TRIES_ALL),
        )
        if not attempt_begin(*limits):
            return render(request, "429.html", status=429)
        if not check_password(request.POST.get("password", ""), found.password):
            problem = _("This is not the password of this link.")
            return gate(request, reading, problem=problem, status=403)
        attempt_forgive(*limits)
    if not writes.share_view_count(share=found):
        return render(request, "share/gone.html", {"state": "used_up"}, status=410)
    opened_remember(answer, reading)
    return answer


@csrf_exempt  # it only counts; the page says nothing more than that it was shown
@require_POST
@shared
def share_seen(request: HttpRequest, reading: Reading) -> HttpResponseBase:
    """Count a view of a link that nobody has to open: the page's script says that it is shown, a preview has none."""
    answer = HttpResponse(status=204)
    if needs_opening(reading.share) or SEEN in request.COOKIES:
        return answer
    writes.share_view_count(share=reading.share)
    answer.set_cookie(
        SEEN, "1", path=request.path, httponly=True, samesite="Strict", secure=request.is_secure()
    )
    return answer


@require_safe
@shared
@opened
def share_exchange(request: HttpRequest, reading: Reading, number: int, tab: str) -> HttpResponseBase:
    """Show one tab of one exchange of a snapshot: a page, or the part for a page that asks for it by script."""
    if tab not in TABS:
        raise Http404
    try:
        exchange = reads.share_exchange(share=reading.share, number=number)
    except ShareExchange.DoesNotExist as error:
        raise Http404 from error
    shown = tab_context(exchange, number=number, tab=tab, after=_after(request), path=request.path)
    context = {"share": reading.share, "at": reading.at, **shown}
    part = request.headers.get("X-Part") == "tab"
    return render(request, "share/_tab.html" if part else "share/exchange.html", context)


def _after(request: HttpRequest) -> int:
    text = request.GET.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


@require_safe
@shared
@opened
def share_attachment(request: HttpRequest, reading: Reading, digest: str) -> HttpResponseBase:
    """Hand out an image or file that a snapshot shows."""
    del request
    try:
        kept = reads.share_attachment(share=reading.share, digest=digest)
        with file_open(kept) as file:
            data = file.read()
    except (Attachment.DoesNotExist, FileNotFoundError) as error:
        raise Http404 from error
    shown = kept.mime in INLINE
    answer = HttpResponse(data, content_type=kept.mime if shown else "application/octet-stream")
    answer["Content-Disposition"] = "inline" if shown else "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


INLINE: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""What a browser may show; anything else is saved."""


@require_safe
@shared
@opened
def share_export(request: HttpRequest, reading: Reading, kind: str) -> HttpResponseBase:
    """Hand out a snapshot as a file: Markdown, or JSON with everything that the link shows."""
    del request
    document = reads.share_document(reading.share)
    if kind == "markdown":
        answer = HttpResponse(export_markdown(document), content_type="text/markdown; charset=utf-8")
    elif kind == "json":
        text = export_json(document, reads.share_exchanges(share=reading.share))
        answer = HttpResponse(text, content_type="application/json")
    else:
        raise Http404
    name = "conversation.md" if kind == "markdown" else "conversation.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
