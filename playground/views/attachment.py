"""Attachments: uploaded, fetched from an address, and given to those who may see a conversation that uses them."""

import re
from typing import Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import selectors, services
from conversations.attachment_files import file_open, thumbnail_open
from conversations.media import MAX_BYTES, MediaCorrupt, MediaRefused, MediaTooLarge, MediaUnknown, too_large
from conversations.models import Attachment, Conversation
from playground.attachment_fetch import NotFetched, attachments_fetch
from playground.message_input import URL_MAX
from playground.runtime import runtime
from playground.views.desk import editable_conversation
from playground.views.signed_in import PersonRequest, problem, signed_in, signed_in_async

STATUS: Final = {MediaTooLarge: 413, MediaUnknown: 415, MediaCorrupt: 400}
INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may show by itself at an attachment's address; sounds are played by our pages, the rest is saved."""
_RANGE: Final = re.compile(r"bytes=(\d{0,12})-(\d{0,12})\Z")


@require_POST
@signed_in
def attachment_upload(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Keep the uploaded `file` for a conversation; answers with what the page shows of it."""
    found = editable_conversation(request.user, pk)
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return problem(400, _("No file arrived. Try again."))
    if (file.size or 0) > MAX_BYTES:
        return problem(413, too_large())
    try:
        kept = services.attachment_create(
            conversation=found, data=file.read(), name=file.name or "", person=request.user
        )
    except MediaRefused as refusal:
        return problem(STATUS[type(refusal)], refusal.message)
    return JsonResponse(attachment_json(kept))


@require_POST
@signed_in_async
async def attachment_from_address(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Fetch the image at the posted `url` and keep it for a conversation, so that it can be sent as base64."""
    url = request.POST.get("url", "").strip()
    if not url.lower().startswith(("http://", "https://")) or len(url) > URL_MAX:
        return problem(422, _("An image’s address begins with http:// or https://."))
    try:
        # Asked first, so that nobody makes this server fetch something for a conversation that is not theirs.
        await runtime().in_database(editable_conversation, request.user, pk)
        (kept,) = await attachments_fetch(
            runtime(),
            person=request.user,
            conversation_id=pk,
            urls=[url],
            language=get_language() or "en",
        )
    except Conversation.DoesNotExist as error:
        raise Http404 from error
    except NotFetched as refusal:
        return problem(422, refusal.message)
    return JsonResponse(attachment_json(kept))


def attachment_json(attachment: Attachment) -> dict[str, object]:
    """Return what a page needs to show an attachment as a chip and to name it in a message."""
    return {
        "digest": attachment.digest,
        "mime": attachment.mime,
        "size": attachment.size,
        "width": attachment.width,
        "height": attachment.height,
        "href": reverse("attachment", args=[attachment.digest]),
    }


@require_GET
@signed_in
def attachment(request: PersonRequest, digest: str) -> HttpResponse:
    """Give the original bytes to whoever may see a conversation that uses them; one range of them where asked."""
    found = _seen(request, digest)
    unchanged = _unchanged(request, found)
    if unchanged is not None:
        return unchanged
    try:
        with file_open(found) as file:
            start, end = _range(request.headers.get("Range", ""), found.size)
            if start > end:
                return HttpResponse(status=416, headers={"Content-Range": f"bytes */{found.size}"})
            file.seek(start)
            response = HttpResponse(file.read(end - start + 1), content_type=found.mime)
    except FileNotFoundError as error:
        raise Http404 from error
    if request.headers.get("Range") and (start, end) != (0, found.size - 1):
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end}/{found.size}"
    response["Accept-Ranges"] = "bytes"
    return _guarded(request, response, found)


@require_GET
@signed_in
def thumbnail(request: PersonRequest, digest: str) -> HttpResponse:
    """Give an image's thumbnail to whoever may see the image."""
    found = _seen(request, digest)
    unchanged = _unchanged(request, found)
    if unchanged is not None:
        return unchanged
    try:
        with thumbnail_open(found) as file:
            response = HttpResponse(file.read(), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404 from error
    return _guarded(request, response, found)


def _seen(request: PersonRequest, digest: str) -> Attachment:
    try:
        return selectors.attachment_for(user=request.user, digest=digest)
    except Attachment.DoesNotExist as error:
        raise Http404 from error


def _unchanged(request: HttpRequest, found: Attachment) -> HttpResponse | None:
    """Return 304 where the browser has these bytes already: a content never changes, but who may see it does."""
    if request.headers.get("If-None-Match") != f'"{found.digest}"':
        return None
    return _guarded(request, HttpResponse(status=304), found)


def _guarded(request: HttpRequest, response: HttpResponse, found: Attachment) -> HttpResponse:
    """Add what keeps bytes that somebody uploaded from being anything but data."""
    response["ETag"] = f'"{found.digest}"'
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    name = f"{found.digest[:12]}.{found.mime.rpartition('/')[2]}"
    response["Content-Disposition"] = content_disposition_header(found.mime not in INLINE, name) or "inline"
    # Nothing to compress; the middleware looks here.
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    return response


def _range(header: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte that a Range header asks for; all of them where it asks for none we know."""
    match = _RANGE.match(header.strip())
    if not match or match.group(1, 2) == ("", ""):
        return 0, size - 1
    first, last = match.group(1, 2)
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)
